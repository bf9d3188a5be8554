import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PLANS_FILE, readPlansFile, type PlanDraft } from '../../src/db/catalogue/plans-file.ts';
import type { PlansView } from '../../src/domain/api.ts';
import type { Plan, PlanLimits } from '../../src/domain/plans.ts';
import { publishPlans } from '../../src/server/services/plans/publish-plans.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, signUp, type Customer } from '../support/customer.ts';
import { runOperatorCommand } from '../support/operator-command.ts';

let app: TestApp;
const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-plans-'));
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await app?.stop();
});

const FIRST = readPlansFile(PLANS_FILE);
const withImages = (images: Partial<Record<Plan, number>>): PlanDraft[] =>
  FIRST.map((draft) => ({
    ...draft,
    limits: { ...draft.limits, images: images[draft.plan] ?? draft.limits.images },
  }));

function publish(drafts: PlanDraft[], everyone = false) {
  const { database, clock } = app.server.context;
  return publishPlans({ db: database.db, clock }, drafts, { everyone });
}

async function imagesOf(customer: Customer): Promise<number | null> {
  const { usage } = await customer.overview();
  return usage.resources.find((one) => one.resourceType === 'images')!.limit;
}

async function soldImages(customer: Customer, plan: Plan): Promise<number | null> {
  const { body } = await customer.api.get<PlansView>('/api/plans');
  return body.plans.find((one) => one.plan === plan)!.limits.images;
}

/** The documented procedure: a new price takes the lookup key. */
async function replacePrice(customer: Customer, lookupKey: string, amount: number) {
  const old = await customer.priceOf('pro', 'month');
  const { product } = await customer.atStripe<{ product: string }>(`prices/${old}`);
  await customer.atStripe('prices', {
    currency: 'cny',
    unit_amount: String(amount),
    'recurring[interval]': 'month',
    product,
    lookup_key: lookupKey,
    transfer_lookup_key: 'true',
    'metadata[squaretable_plan]': 'pro',
  });
  app.server.context.services.catalogue.expire();
}

test('12.1 a version is for who buys by a new price, on free for everybody, and who bought keeps theirs', async () => {
  const [free, old] = [await signUp(app), await signUp(app)];
  await old.subscribe('pro', 'month');
  expect([await imagesOf(free), await imagesOf(old)]).toEqual([10, 500]);

  const published = await publish(withImages({ free: 20, pro: 900 }));
  expect(published).toMatchObject([
    { plan: 'free', version: 2, changes: ['images: 10 → 20'], keeping: 0 },
    { plan: 'pro', version: 2, changes: ['images: 500 → 900'], teams: 0 },
  ]);
  await expect.poll(() => imagesOf(free)).toBe(20);
  expect(await imagesOf(old)).toBe(500);
  // The same file again: nothing differs.
  expect(await publish(withImages({ free: 20, pro: 900 }))).toEqual([]);

  // The price is the old one, and so is what it sells.
  expect(await soldImages(old, 'pro')).toBe(500);
  await replacePrice(old, 'squaretable_pro_monthly', 3_900);
  expect(await soldImages(old, 'pro')).toBe(900);
  const bought = await signUp(app);
  await bought.subscribe('pro', 'month');
  expect(await imagesOf(bought)).toBe(900);
  expect(await imagesOf(old)).toBe(500);

  // Renewals, looks and reconciling change nothing of it.
  await advanceDays(app, 32);
  await old.sync();
  await app.server.context.services.reconcile.sweep();
  expect(await imagesOf(old)).toBe(500);
  expect(await imagesOf(bought)).toBe(900);

  // Whoever changes to the new price within a period has paid a part of it, and has that part.
  const preview = await old.api.post<{ growing: { whole: PlanLimits } | null }>(
    '/api/subscription/preview',
    { priceId: await old.priceOf('pro', 'month') },
  );
  expect(preview.body.growing?.whole.images).toBe(900);
  expect(await old.change('pro', 'month')).toMatchObject({ status: 200 });
  const part = await imagesOf(old);
  expect(part).toBeGreaterThan(500);
  expect(part).toBeLessThanOrEqual(900);
  await advanceDays(app, 32);
  await old.sync();
  expect(await imagesOf(old)).toBe(900);
});

test('12.1 for everybody: at once and whole, with nothing to pay, and taken up when it was cut short', async () => {
  const { pool } = app.database;
  const [one, other] = [await signUp(app), await signUp(app)];
  await one.subscribe('team', 'month');
  await other.subscribe('team', 'month');
  const payments = (await one.payments()).length;
  // As a kill between publishing and carrying leaves it.
  await pool.query(
    `insert into plan_versions (plan, version, name, features, limits, published_at)
     select plan, 2, name, features, limits || '{"images": 7000}', now()
     from plan_versions where plan = 'team' and version = 1`,
  );
  await pool.query(`update plan_prices set version = 2 where plan = 'team'`);
  expect(await imagesOf(one)).toBe(5_000);
  await publish(withImages({ free: 20, pro: 900, team: 7_000 }), true);
  await expect
    .poll(async () => [await imagesOf(one), await imagesOf(other)])
    .toEqual([7_000, 7_000]);
  await one.sync();
  expect(await one.subscription()).toMatchObject({ growing: null });
  expect(await one.payments()).toHaveLength(payments);
  await expect(
    pool.query(`update plan_versions set limits = '{}' where plan = 'team'`),
  ).rejects.toThrow('never changes');
});

test('12.1 the command says before what it would do, and refuses what it does not understand', async () => {
  const env = { DATABASE_URL: app.database.url, LOCAL_STRIPE_PORT: '1', DATA_DIR: folder };
  const run = (...words: string[]) => runOperatorCommand('plans:publish', words, env);
  const file = path.join(folder, 'plans.yaml');
  const text = (images: string) =>
    `plans:\n${FIRST.map(
      ({ plan, name, features, limits }) =>
        `  ${plan}:\n    name: ${name}\n    features: [${features.join(', ')}]\n    limits: ${JSON.stringify(
          { ...limits, images },
        )
          .replaceAll('"', '')
          .replaceAll(':', ': ')}\n`,
    ).join('')}`;
  writeFileSync(file, text('4_321'));
  const foreseen = await run(file, '--dry-run');
  expect(foreseen).toMatchObject({ code: 0, complained: '' });
  expect(foreseen.said).toMatch(
    /free would get version \d:\n {2}images: \S+ → 4,321\n(?: {2}\w+ beyond the quota: \S+ µcr → not sold\n)+ {2}\d+ teams would get it/,
  );
  expect(foreseen.said).toMatch(/keep the version that they bought/);
  const { rows } = await app.database.pool.query(
    `select from plan_versions where limits ->> 'images' = '4321'`,
  );
  expect(rows).toEqual([]);
  const done = await run(file, '--json');
  expect(done.code).toBe(0);
  expect(JSON.parse(done.said)).toMatchObject({ ok: true, published: [{ plan: 'free' }, {}, {}] });
  expect((await run(file)).said).toBe('The plans are published as the file has them.\n');
  writeFileSync(file, text('many'));
  const refused = await run(file);
  expect(refused).toMatchObject({ code: 2, said: '' });
  expect(refused.complained).toMatch(/plans\.yaml: plans\.free\.limits\.images: takes whole units/);
  expect(await run()).toMatchObject({ code: 2 });
  expect(await run(`${file}.none`)).toMatchObject({ code: 1 });
});
