import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepPending } from '../../src/db/repositories/billing/plan-announcement.repository.ts';
import { listPlanVersions } from '../../src/db/repositories/billing/plan-version.repository.ts';
import type { PlansView } from '../../src/domain/api.ts';
import { tellLast } from '../../src/server/services/plans/announce.ts';
import {
  carryPublished,
  foreseePlans,
  publishPlans,
  type Publication,
} from '../../src/server/services/plans/publish-plans.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, advanceTo, type Customer } from '../support/customer.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import {
  dayAfter,
  FIRST_PLANS,
  imagesOf,
  planTasks,
  publishingDeps,
  subscriberOf,
  toldOfPlan,
  withPlan,
} from '../support/plan-changes.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

const FIRST = FIRST_PLANS;
const deps = () => publishingDeps(app);
const everyone = { everyone: true };
const tasks = () => planTasks(app);
const subscriber = (plan: 'pro' | 'team') => subscriberOf(app, plan);
const told = (customer: Customer) => toldOfPlan(app, customer);
/** What everybody is told who looks at the plans. */
const offered = async (plan: 'pro' | 'team') => {
  const { plans } = (await (await fetch(`${app.url}/api/plans`)).json()) as PlansView;
  return plans.find((one) => one.plan === plan)!.announcedChange;
};
/** What the page of a team says of it. */
const shown = async (customer: Customer) => (await customer.subscription()).announcedChange;
const laterBy = (days: number) => dayAfter(app, days);

test('12.1 what gives less is told to those it touches 30 days before, and reaches them then', async () => {
  const [old, other] = [await subscriber('pro'), await subscriber('team')];
  const less = withPlan('pro', 100, { overage: { cny: '12.5', usd: '9' } });
  const foreseen = await foreseePlans(deps(), less, everyone);
  expect(foreseen).toMatchObject([{ plan: 'pro', touched: [{ id: old.tenantId }] }]);
  expect(await told(old)).toEqual([]);

  const effectiveAt = laterBy(31);
  const published = await publishPlans(deps(), less, everyone);
  expect(published).toMatchObject([{ plan: 'pro', teams: 1, effectiveAt, pending: null }]);
  const news = {
    ...{ kind: 'plan_changes', plan: 'pro', replaces: false },
    effectiveAt: effectiveAt.toISOString(),
    // Not what it costs in a currency that is not theirs.
    terms: [
      { what: 'limit', resourceType: 'images', from: 500, to: 100 },
      { what: 'overage', currency: 'cny', from: '12', to: '12.5' },
    ],
  };
  expect(await told(old)).toEqual([news]);
  const change = { effectiveAt: news.effectiveAt, terms: news.terms };
  expect([await told(other), await shown(other), await shown(old)]).toEqual([[], null, change]);
  // Before somebody buys it, whatever they will be billed in.
  const abroad = { what: 'overage', currency: 'usd', from: '1.8', to: '9' };
  expect(await offered('pro')).toEqual({ ...change, terms: [...news.terms, abroad] });
  expect(await offered('team')).toBeNull();
  await tasks();
  expect([await imagesOf(old), await imagesOf(other)]).toEqual([500, 5_000]);
  // The same file again is no other publication.
  expect(await publishPlans(deps(), less, everyone)).toEqual([]);

  // Who comes meanwhile gets what is sold until then, and is told within the hour, once.
  await advanceDays(app, 10);
  const newcomer = await subscriber('pro');
  // Before the mail.
  expect(await shown(newcomer)).toEqual(change);
  await tasks();
  await tasks();
  expect(await told(newcomer)).toEqual([news]);
  await advanceTo(app, new Date(effectiveAt.getTime() - 7_200_000).toISOString());
  await tasks();
  expect([await imagesOf(old), await imagesOf(newcomer)]).toEqual([500, 500]);

  await advanceTo(app, effectiveAt.toISOString());
  await tasks();
  await expect
    .poll(async () => [await imagesOf(old), await imagesOf(newcomer), await imagesOf(other)])
    .toEqual([100, 100, 5_000]);
  expect([await shown(old), await shown(newcomer)]).toEqual([null, null]);
  expect(await offered('pro')).toBeNull();
  const late = await subscriber('pro');
  expect(await shown(late)).toBeNull();
  await advanceDays(app, 32);
  await tasks();
  expect([await imagesOf(old), await imagesOf(late)]).toEqual([100, 100]);
  expect([await told(old), await told(late)]).toEqual([[news], []]);
});

test('12.1 what is announced is replaced or called off by what is published for everyone before', async () => {
  const [one, two] = [await subscriber('team'), await subscriber('team')];
  const kinds = async (customer: Customer) => (await told(customer)).map(({ kind }) => kind);
  const [first] = await publishPlans(deps(), withPlan('team', 3_000), everyone);
  await advanceDays(app, 1);
  // Not for everyone: what was announced still comes.
  const [kept] = await foreseePlans(deps(), withPlan('team', 2_500), { everyone: false });
  expect(kept).toMatchObject({ touched: [], pending: { version: first!.version } });

  const [second] = await publishPlans(deps(), withPlan('team', 4_000), everyone);
  expect(second).toMatchObject({ pending: { version: first!.version }, effectiveAt: laterBy(31) });
  expect(await told(one)).toMatchObject([
    { kind: 'plan_changes', terms: [{ to: 3_000 }], replaces: false },
    { kind: 'plan_changes', terms: [{ to: 4_000 }], replaces: true },
  ]);
  expect(await shown(one)).toMatchObject({ terms: [{ from: 5_000, to: 4_000 }] });
  await advanceTo(app, first!.effectiveAt!.toISOString());
  await tasks();
  expect(await imagesOf(one)).toBe(5_000);

  // As it was, for everyone: nothing is left to announce, and who was told is told.
  const [off] = await publishPlans(deps(), withPlan('team', 5_000), everyone);
  expect(off).toMatchObject({ effectiveAt: null, touched: [] });
  for (const customer of [one, two]) {
    expect(await kinds(customer)).toEqual(['plan_changes', 'plan_changes', 'plan_changes_off']);
    expect(await shown(customer)).toBeNull();
  }
  await advanceTo(app, second!.effectiveAt!.toISOString());
  await tasks();
  expect([await imagesOf(one), await imagesOf(two)]).toEqual([5_000, 5_000]);
  expect(await kinds(await subscriber('team'))).toEqual([]);
  const { rows } = await app.database.pool.query(
    `select from plan_announcements where plan = 'team' and called_off_at is null`,
  );
  expect(rows).toEqual([]);
});

test('12.1 a version that was published after it, and is sold by a new price, is not taken back', async () => {
  const customer = await subscriber('team');
  const { pool } = app.database;
  const [first] = await publishPlans(deps(), withPlan('team', 3_000), everyone);
  await publishPlans(deps(), withPlan('team', 6_000), { everyone: false });
  // As a price that is new at Stripe.
  const id = 'price_new';
  await pool.query(
    `insert into plan_prices (stripe_price_id, plan, version, bound_at)
     select $1, 'team', max(version), now() from plan_versions where plan = 'team'`,
    [id],
  );
  await advanceTo(app, first!.effectiveAt!.toISOString());
  await tasks();
  await expect.poll(() => imagesOf(customer)).toBe(3_000);
  const { rows } = await pool.query(
    `select v.limits ->> 'images' as images from plan_prices p
     join plan_versions v using (plan, version) where stripe_price_id = $1`,
    [id],
  );
  expect(rows).toEqual([{ images: '6000' }]);
});

test('12.1 the command says before whom it would touch, by id and name, and when', async () => {
  const customer = await subscriber('pro');
  const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-plans-'));
  const env = { DATABASE_URL: app.database.url, LOCAL_STRIPE_PORT: '1', DATA_DIR: folder };
  const file = path.join(folder, 'plans.yaml');
  const plans = FIRST.map(({ plan, name, features, limits }) => [
    ...[`  ${plan}:`, `    name: ${name}`, `    features: [${features.join(', ')}]`, '    limits:'],
    ...Object.entries({ ...limits, images: 7 }).map(([one, limit]) => `      ${one}: ${limit}`),
  ]);
  writeFileSync(file, ['plans:', ...plans.flat()].join('\n'));
  const run = (...words: string[]) => runOperatorCommand('plans:publish', words, env);
  const { said, code, complained } = await run(file, '--everyone', '--dry-run');
  expect({ code, complained }).toEqual({ code: 0, complained: '' });
  expect(said).toMatch(/\d+ teams would get it on \d{4}-\d\d-\d\d\./);
  expect(said).toMatch(
    /It gives less to \d+ teams, or asks more of them; they would be written to/,
  );
  expect(said).toContain(customer.tenantId);
  expect(await told(customer)).toEqual([]);
  // Beside a local Stripe that was turned forward by its time, as what is published by it.
  const local = { STRIPE_API_BASE: app.stripeUrl, STRIPE_SECRET_KEY: 'sk_test_squaretable' };
  const beside = await runOperatorCommand('plans:publish', [file, '--everyone', '--dry-run'], {
    ...env,
    ...local,
  });
  expect(beside.said).toContain(`teams would get it on ${laterBy(31).toISOString().slice(0, 10)}.`);
  const { said: json } = await run(file, '--everyone', '--dry-run', '--json');
  const { published } = JSON.parse(json) as { published: Publication[] };
  const pro = published.find(({ plan }) => plan === 'pro')!;
  expect(pro.touched.find(({ id }) => id === customer.tenantId)).toMatchObject({
    terms: expect.arrayContaining([{ what: 'limit', resourceType: 'images', from: 100, to: 7 }]),
  });
  rmSync(folder, { recursive: true, force: true });
});

test('12.1 who comes within the last hour is told as it takes effect, and so after nobody was there', async () => {
  const less = withPlan('pro', 90);
  const [{ effectiveAt }] = (await publishPlans(deps(), less, everyone)) as [Publication];
  await advanceTo(app, new Date(effectiveAt!.getTime() - 600_000).toISOString());
  const newcomer = await subscriber('pro');
  await advanceTo(app, effectiveAt!.toISOString());
  await advanceDays(app, 1);
  await carryPublished(deps());
  await expect.poll(() => imagesOf(newcomer)).toBe(90);
  await tasks();
  expect(await told(newcomer)).toMatchObject([
    { kind: 'plan_changes', effectiveAt: effectiveAt!.toISOString(), terms: [{ to: 90 }] },
  ]);
});

test('12.1 who is told while it is called off is told that too, and nobody is told after it', async () => {
  const { db, clock } = deps();
  await subscriber('team');
  const [{ plan, version, effectiveAt }] = (await publishPlans(
    deps(),
    withPlan('team', 1_000),
    everyone,
  )) as [Publication];
  const announced = { plan, version, effectiveAt: effectiveAt! };
  const newcomer = await subscriber('team');
  // The file of before, but by mistake not for everyone: it still comes.
  await publishPlans(deps(), withPlan('team', 6_000), { everyone: false });
  let off: Promise<Publication[]> | undefined;
  await db.transaction(async (tx) => {
    expect(await keepPending(tx, announced)).toBe(true);
    off = publishPlans(deps(), withPlan('team', 6_000), everyone);
    await expect
      .poll(async () => {
        const { rows } = await app.database.pool.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rows.length;
      })
      .toBe(1);
    await tellLast(tx, announced, await listPlanVersions(db), clock.now());
  });
  expect(await off).toMatchObject([
    {
      plan,
      isNew: false,
      changes: ['from version 5: images: 3,000 → 6,000'],
      effectiveAt: null,
      pending: announced,
    },
  ]);
  const late = await subscriber('team');
  expect(await db.transaction((tx) => keepPending(tx, announced))).toBe(false);
  await tasks();
  expect((await told(newcomer)).map(({ kind }) => kind).toSorted()).toEqual([
    'plan_changes',
    'plan_changes_off',
  ]);
  expect(await told(late)).toEqual([]);
  expect(await publishPlans(deps(), withPlan('team', 6_000), everyone)).toEqual([]);
});

test('12.1 a step up keeps what was paid whole where the plan below gets less, and gets what is more', async () => {
  const [{ effectiveAt }] = (await publishPlans(deps(), withPlan('pro', 50), everyone)) as [
    Publication,
  ];
  await advanceDays(app, 20);
  const customer = await subscriber('pro');
  await advanceDays(app, 3);
  expect(await customer.change('team', 'month')).toMatchObject({ status: 200 });
  await customer.sync();
  const base = async () => {
    const { rows } = await app.database.pool.query<{ images: number; same: boolean }>(
      `select (v.limits ->> 'images')::int as images, s.raised_from_version = v.version as same
       from tenants t join subscriptions s on s.id = t.subscription_id
       join plan_versions v on v.plan = t.base_plan and v.version = t.base_plan_version
       where t.id = $1`,
      [customer.tenantId],
    );
    return rows;
  };
  const before = await base();
  expect(before).toEqual([{ images: 90, same: true }]);
  await advanceTo(app, effectiveAt!.toISOString());
  await tasks();
  await customer.sync();
  expect(await base()).toEqual(before);
  await publishPlans(deps(), withPlan('pro', 200), everyone);
  expect(await base()).toEqual([{ images: 200, same: true }]);
});
