import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { PLANS_FILE, readPlansFile } from '../../src/db/catalogue/plans-file.ts';
import type { Period } from '../../src/domain/period.ts';
import { createLog } from '../../src/server/log.ts';
import { publishPlans } from '../../src/server/services/plans/publish-plans.ts';
import { HandClock, usageService } from '../../src/server/services/usage/__tests__/service.ts';
import { LedgerVerificationService } from '../../src/server/services/usage/ledger/ledger-verification.service.ts';
import { inEveryBucket, makeBuckets } from '../support/buckets.ts';
import { imbalances, meteredTenant } from '../support/metered-tenant.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** 26 hours after the end of May. */
const CLOSING = '2026-06-02T02:00:00Z';
/** Messages that each used in May, of 100; half of the quota rolls over where that much is left. */
const USED = [0, 10, 30, 50, 60, 75, 99, 100];

let database: TestDatabase;
const clock = new HandClock('2026-05-01T00:00:00Z');
beforeAll(async () => {
  database = await createTestDatabase();
  await makeBuckets(database.url, Number(process.env.BUCKETS ?? 1));
  const drafts = readPlansFile(PLANS_FILE).map((draft) =>
    draft.plan === 'free' ? { ...draft, rollover: { messages: 50 } } : draft,
  );
  await publishPlans({ db: database.db, clock }, drafts, { everyone: true });
});
afterAll(() => database?.drop());

function startRoller() {
  const program = path.join(import.meta.dirname, 'roller.ts');
  const child = spawn(process.execPath, [program, database.url, CLOSING], { stdio: 'inherit' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ended: once(child, 'exit') };
}

/** Keeps a tenant from being rolled over until it is let go. */
async function hold(tenantId: string): Promise<{ letGo(): Promise<void> }> {
  const client = await database.pool.connect();
  await client.query('begin');
  const held = await inEveryBucket(
    client,
    'select tenant_id from u00.usage_tenants where tenant_id = $1 for update',
    [tenantId],
  );
  expect(held).toHaveLength(1);
  const letGo = async () => {
    await client.query('rollback');
    client.release();
  };
  return { letGo };
}

/** Lets a process roll over until it stands at a tenant that is held, and kills it there. */
async function killWhereItStands(): Promise<void> {
  const { child, ended } = startRoller();
  await vi.waitFor(
    async () => {
      const { rows } = await database.pool.query(
        `select from pg_stat_activity where datname = current_database()
           and wait_event_type = 'Lock' and query like '%usage_roll_over%'`,
      );
      expect(rows.length).toBeGreaterThan(0);
    },
    { timeout: 60_000, interval: 20 },
  );
  child.kill('SIGKILL');
  await ended;
}

test('12 killed at tenant after tenant, and taken up: each month rolls over once, and none is lost', async () => {
  const usage = usageService(database, clock);
  const tenants: { id: string; used: number }[] = [];
  for (const used of USED) {
    clock.set('2026-05-01T00:00:00Z');
    const id = await meteredTenant(database.pool, 'free');
    await database.pool.query(
      `update tenants set entitlement_version = entitlement_version + 1, updated_at = $2 where id = $1`,
      [id, clock.now()],
    );
    clock.set('2026-05-10T12:00:00Z');
    if (used > 0) await usage.trackUsage({ tenantId: id, resourceType: 'messages', amount: used });
    tenants.push({ id, used });
  }
  clock.set(CLOSING);

  // A month in which nothing was used is opened first, and would be waited for there.
  const inOrder = tenants
    .filter(({ used }) => used > 0)
    .map(({ id }) => id)
    .toSorted();
  const held = [];
  for (const at of [1, 4, 6]) held.push(await hold(inOrder[at]!));
  for (const { letGo } of held) {
    await killWhereItStands();
    await letGo();
  }
  // Taken up by two at once, as where a process was thought dead.
  const exits = await Promise.all([startRoller().ended, startRoller().ended]);
  expect(exits.map(([code]) => code as number)).toEqual([0, 0]);

  for (const { id, used } of tenants) {
    const rolled = Math.min(50, 100 - used);
    const limitOf = async (period: string) =>
      (await usage.getUsageStats(id, period as Period)).resources.find(
        ({ resourceType }) => resourceType === 'messages',
      )!.limit;
    expect([await limitOf('2026-05'), await limitOf('2026-06')]).toEqual([
      100 - rolled,
      100 + rolled,
    ]);
    const units = (await usage.allowances.list(id)).map((one) => one.units).toSorted();
    expect(units).toEqual(rolled === 0 ? [] : [-rolled, rolled].toSorted());
  }
  expect(await imbalances(database.pool)).toEqual([]);
  const log = createLog('silent', false);
  const { limits } = await new LedgerVerificationService({ database, clock, log }).verify();
  expect(limits).toEqual([]);
  await usage.stop();
});
