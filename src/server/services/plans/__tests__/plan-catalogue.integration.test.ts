import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestDatabase,
  shareDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { PLANS_FILE, readPlansFile } from '../../../../db/catalogue/plans-file.ts';
import { HandClock } from '../../usage/__tests__/service.ts';
import { PlanCatalogue } from '../plan-catalogue.ts';
import { publishPlans } from '../publish-plans.ts';

let database: TestDatabase;
let others: TestDatabase;
const clock = new HandClock('2026-05-01T00:00:00Z');
const publish = (name: string) => {
  const drafts = readPlansFile(PLANS_FILE).map((draft) =>
    draft.plan === 'pro' ? { ...draft, name } : draft,
  );
  return publishPlans({ db: others.db, clock }, drafts, { everyone: false });
};
beforeAll(async () => {
  database = await createTestDatabase();
  others = shareDatabase(database.url);
  await publish('Pro');
});
afterAll(async () => {
  await others?.drop();
  await database?.drop();
});

/** What was asked of the database, in connections that were taken for it. */
async function asked(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const add = () => void (count += 1);
  database.pool.on('acquire', add);
  await work();
  database.pool.off('acquire', add);
  return count;
}

test('a version that does not exist is looked up once, and the newest stands for it', async () => {
  const plans = new PlanCatalogue(database.db);
  const reading = await asked(() => plans.listNewest());
  expect(reading).toBeGreaterThan(0);
  expect(await asked(() => plans.get('pro', 1))).toBe(0);
  let found;
  expect(await asked(async () => (found = await plans.get('pro', 99)))).toBe(reading);
  expect(found).toEqual(await plans.get('pro', null));
});

test.each([
  ['that was begun before it was published', false],
  ['that was outdated by it', true],
])('a reading %s does not hide a version', async (_what, isTold) => {
  const plans = new PlanCatalogue(database.db);
  const { version } = await plans.get('pro', null);
  plans.expire();
  const blocker = await others.pool.connect();
  await blocker.query('begin; lock table credit_packs in access exclusive mode');
  // It has read the plans, and waits for the packs.
  const underWay = isTold ? plans.get('pro', version + 1) : plans.listNewest();
  await expect
    .poll(async () => (await others.pool.query('select from pg_locks where not granted')).rowCount)
    .toBe(1);
  await publish(`Pro ${version + 1}`);
  if (isTold) plans.expire();
  const found = isTold ? underWay : plans.get('pro', version + 1);
  await blocker.query('rollback');
  blocker.release();
  await underWay;
  expect(await found).toMatchObject({ plan: 'pro', version: version + 1 });
});
