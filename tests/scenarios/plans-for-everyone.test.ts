import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { PlanDraft } from '../../src/db/catalogue/plans-file.ts';
import type { PaidPlan } from '../../src/domain/plans.ts';
import { foreseePlans, listUnderWay } from '../../src/server/services/plans/publish-plans.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceTo, type Customer } from '../support/customer.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import {
  dayAfter,
  FIRST_PLANS,
  imagesOf,
  planTasks,
  publish,
  publishingDeps,
  subscriberOf,
  toldOfPlan,
  withPlan,
} from '../support/plan-changes.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

const everyone = { everyone: true };
const newPricesOnly = { everyone: false };
const foresee = (drafts: readonly PlanDraft[]) =>
  foreseePlans(publishingDeps(app), drafts, everyone);
const versions = async (plan: PaidPlan) => {
  const sql = `select count(*)::int as n from plan_versions where plan = $1`;
  return (await app.database.pool.query<{ n: number }>(sql, [plan])).rows[0]!.n;
};
const kinds = async (customer: Customer) =>
  (await toldOfPlan(customer.app, customer)).map((one) => one.kind);

test.each([
  ['for new prices alone', newPricesOnly, { isForAll: false, teams: 0, keeping: 0 }],
  ['for everyone', everyone, { isForAll: true, teams: 0, keeping: 0 }],
])('12.1 a plan that nobody has can be published %s too', async (_case, options, expected) => {
  const drafts = withPlan('team', 9_000);
  expect(await foreseePlans(publishingDeps(app), drafts, options)).toMatchObject([expected]);
});

test('12.1 what new prices alone sold is for everyone at once where it is more, by the same file', async () => {
  const old = await subscriberOf(app, 'pro');
  const more = withPlan('pro', 900);
  await publish(app, more, newPricesOnly);
  expect(await imagesOf(old)).toBe(500);
  expect(await publish(app, more, newPricesOnly)).toEqual([]);

  const expected = {
    plan: 'pro',
    version: 2,
    isNew: false,
    effectiveAt: null,
    touched: [],
    teams: 1,
  };
  expect(await foresee(more)).toMatchObject([{ ...expected, changes: ['images: 500 → 900'] }]);
  expect(await imagesOf(old)).toBe(500);
  expect(await publish(app, more)).toMatchObject([expected]);
  await expect.poll(() => imagesOf(old)).toBe(900);
  expect([await versions('pro'), await kinds(old)]).toEqual([2, []]);
  // Now they all have it.
  expect([await foresee(more), await publish(app, more)]).toEqual([[], []]);
});

test('12.1 where it is less it is announced by the same file, once, and can be called off and announced again', async () => {
  const [old, later] = [await subscriberOf(app, 'pro'), await subscriberOf(app, 'pro')];
  const less = withPlan('pro', 100);
  await publish(app, less, newPricesOnly);
  expect(await foresee(less)).toMatchObject([
    { isNew: false, teams: 3, touched: [{}, {}, {}], changes: ['images: 900 → 100'] },
  ]);
  expect(await kinds(old)).toEqual([]);

  const effectiveAt = dayAfter(app, 31);
  expect(await publish(app, less)).toMatchObject([{ version: 3, isNew: false, effectiveAt }]);
  expect(await toldOfPlan(app, old)).toMatchObject([
    { kind: 'plan_changes', terms: [{ what: 'limit', from: 900, to: 100 }] },
  ]);
  // Once more: it is under way, and nobody is written to again.
  expect([await foresee(less), await publish(app, less)]).toEqual([[], []]);
  const underWay = [{ plan: 'pro', version: 3, effectiveAt }];
  expect(await listUnderWay(publishingDeps(app).db, less)).toEqual(underWay);
  expect(await listUnderWay(publishingDeps(app).db, withPlan('pro', 101))).toEqual([]);
  expect(await kinds(old)).toEqual(['plan_changes']);

  // What was before calls it off, and then it is announced again as the first time.
  expect(await publish(app, withPlan('pro', 900))).toMatchObject([{ isNew: true, touched: [] }]);
  expect(await kinds(old)).toEqual(['plan_changes', 'plan_changes_off']);
  await advanceTo(app, effectiveAt.toISOString());
  await planTasks(app);
  expect(await imagesOf(old)).toBe(900);
  await publish(app, less, newPricesOnly);
  const again = dayAfter(app, 31);
  expect(await publish(app, less)).toMatchObject([
    { version: 5, isNew: false, effectiveAt: again },
  ]);
  expect(await kinds(later)).toEqual(['plan_changes', 'plan_changes_off', 'plan_changes']);
  await advanceTo(app, again.toISOString());
  await planTasks(app);
  await expect.poll(async () => [await imagesOf(old), await imagesOf(later)]).toEqual([100, 100]);
  expect([await foresee(less), await listUnderWay(publishingDeps(app).db, less)]).toEqual([[], []]);
});

test('12.1 it takes the place of what is announced, and reaches each from the version they have', async () => {
  const old = await subscriberOf(app, 'team');
  const [first] = await publish(app, withPlan('team', 1_000));
  const next = withPlan('team', 2_000, { overage: { cny: '10' } });
  await publish(app, next, newPricesOnly);
  // As a price that is new at Stripe, which sells what nobody else has.
  await app.database.pool.query(
    `insert into plan_prices (stripe_price_id, plan, version, bound_at) values ('price_new', 'team', 2, now())`,
  );
  expect(await foresee(next)).toMatchObject([
    {
      isNew: false,
      pending: { version: first!.version },
      touched: [{ id: old.tenantId, terms: [{ what: 'limit', from: 5_000, to: 2_000 }] }],
      changes: expect.arrayContaining([
        'from version 1: images: 5,000 → 2,000',
        'from version 2: images: 1,000 → 2,000',
      ]),
    },
  ]);
  const [second] = await publish(app, next);
  expect(await toldOfPlan(app, old)).toMatchObject([
    { kind: 'plan_changes', terms: [{ to: 1_000 }], replaces: false },
    { kind: 'plan_changes', terms: [{ to: 2_000 }], replaces: true },
  ]);
  await advanceTo(app, second!.effectiveAt!.toISOString());
  await planTasks(app);
  await expect.poll(() => imagesOf(old)).toBe(2_000);
  expect(await versions('team')).toBe(3);
});

test('12.1 the command says of an unchanged file whom it would touch, and what is under way', async () => {
  // The command goes by the machine's clock, and so must the app: one whose clock was turned carries out at
  // its next minute what the command announces.
  const inTime = await startTestApp();
  onTestFinished(() => inTime.stop());
  const customer = await subscriberOf(inTime, 'pro');
  await subscriberOf(inTime, 'team');
  const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-plans-'));
  const env = { DATABASE_URL: inTime.database.url, LOCAL_STRIPE_PORT: '1', DATA_DIR: folder };
  const file = path.join(folder, 'plans.yaml');
  const plans = FIRST_PLANS.map(({ plan, name, features, limits }) => [
    ...[`  ${plan}:`, `    name: ${name}`, `    features: [${features.join(', ')}]`, '    limits:'],
    ...Object.entries({ ...limits, images: 7 }).map(([one, limit]) => `      ${one}: ${limit}`),
  ]);
  writeFileSync(file, ['plans:', ...plans.flat()].join('\n'));
  const run = async (...words: string[]) => {
    const { said, code, complained } = await runOperatorCommand(
      'plans:publish',
      [file, ...words],
      env,
    );
    expect({ code, complained }).toEqual({ code: 0, complained: '' });
    return said;
  };
  await run();
  const foreseen = await run('--everyone', '--dry-run');
  expect(foreseen).toContain('pro has version 2 already, and all would get it:\n');
  expect(foreseen).toContain('  images: 500 → 7\n');
  expect(foreseen).toMatch(/they would be written to now:\n(?: {4}\S+ .*\n)* {4}/);
  expect(foreseen).toContain(customer.tenantId);
  expect(foreseen).not.toContain('free');
  expect(await kinds(customer)).toEqual([]);

  expect(await run('--everyone')).toContain('pro has version 2 already, and all get it:\n');
  expect(await kinds(customer)).toEqual(['plan_changes']);
  for (const words of [['--everyone', '--dry-run'], ['--everyone']]) {
    expect(await run(...words)).toMatch(
      /^pro has version 2, which those who have the plan get on \d{4}-\d\d-\d\d; it is announced\.\nteam has version 2, which /,
    );
  }
  expect(await kinds(customer)).toEqual(['plan_changes']);
  rmSync(folder, { recursive: true, force: true });
});
