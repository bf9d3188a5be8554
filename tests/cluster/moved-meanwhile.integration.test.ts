import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { MOVED_TABLES } from '../../src/db/repositories/usage/buckets/move.ts';
import { placeLock } from '../../src/db/repositories/usage/buckets/placement.ts';
import { nodeUrl } from '../../src/db/buckets/nodes.ts';
import { systemClock } from '../../src/server/clock.ts';
import { createLog } from '../../src/server/log.ts';
import { syncEntitlement } from '../../src/server/services/usage/routing/bucket-sync.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';
import { CITUS_URL } from '../support/citus.ts';
import { tenantInBucket } from '../support/metered-tenant.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  if (CITUS_URL !== undefined) database = await createTestDatabase();
});
afterAll(() => database?.drop());

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const waiting = (client: pg.Client, what: string) =>
  vi.waitFor(async () => {
    const { rowCount } = await client.query(
      `select from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query ~ $1`,
      [what],
    );
    expect(rowCount).toBeGreaterThan(0);
  }, 60_000);

test.skipIf(CITUS_URL === undefined)(
  '11.3 who is moved off a worker while asked for there is found, though the worker tells it before the coordinator',
  async () => {
    const usage = new UsageService({
      database,
      clock: systemClock,
      log: createLog('silent', false),
    });
    await usage.ensurePartitions();
    const tenantId = await tenantInBucket(database.pool, 1, 'team');
    expect(await syncEntitlement(database, tenantId)).toBe(true);
    const { node } = (await database.buckets.list())[1]!;
    const [coordinator, worker, watcher] = await Promise.all([
      connect(database.url),
      connect(nodeUrl(database.url, node!)),
      connect(database.url),
    ]);
    const there = await connect(nodeUrl(database.url, node!));
    // This process believes the tenant elsewhere: it learns where it is, and asks there, before it is moved.
    usage.router.directory.heard(`${tenantId} 0`);
    await worker.query('begin');
    await worker.query('lock table u01.usage_totals in access exclusive mode');
    const call = { tenantId, resourceType: 'messages' as const, amount: 1, idempotencyKey: 'a' };
    const recorded = usage.trackUsage(call).catch((error: unknown) => error);
    await waiting(there, 'usage_admit_calls');

    // A move as Citus commits it where one worker takes part: there first.
    await coordinator.query('begin');
    await coordinator.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      placeLock(tenantId),
    ]);
    await coordinator.query(
      'insert into u00.usage_tenants select * from u01.usage_tenants where tenant_id = $1',
      [tenantId],
    );
    await coordinator.query('update tenants set usage_bucket = 0 where id = $1', [tenantId]);
    for (const table of MOVED_TABLES) {
      await worker.query(`delete from u01.${table} where tenant_id = $1`, [tenantId]);
    }
    await worker.query('commit');
    await waiting(watcher, 'pg_advisory_xact_lock_shared');
    await coordinator.query('commit');
    expect(await recorded).toMatchObject({ status: 'recorded', used: 1 });
    await usage.stop();
  },
);
