import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { tenantInBucket } from '../../../../../../tests/support/metered-tenant.ts';
import {
  makeBucketThere,
  startSecondServer,
  type SecondServer,
} from '../../../../../../tests/support/second-server.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { placeLock } from '../../../../../db/repositories/usage/buckets/placement.ts';
import type { UsageService } from '../../../usage.service.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';

/** The bucket that lies on the other server. */
const THERE = 40;
const clock = new HandClock('2026-05-10T12:00:00Z');

let database: TestDatabase;
let second: SecondServer;
let holder: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  second = await startSecondServer(database.url);
  await makeBucketThere(database.url, THERE, second.node);
  holder = new pg.Client(database.url);
  await holder.connect();
});
afterAll(async () => {
  await holder?.end();
  await database?.drop();
  await second?.remove();
});

const lockWaited = () =>
  vi.waitFor(async () => {
    const { rowCount } = await database.pool.query(
      `select from pg_stat_activity where datname = current_database()
       and wait_event = 'advisory' and query ~ 'pg_advisory_xact_lock_shared'`,
    );
    expect(rowCount).toBeGreaterThan(0);
  }, 60_000);

const images = { resourceType: 'images', amount: 1 } as const;
const CALLS: [string, (usage: UsageService, tenantId: string) => Promise<unknown>, object][] = [
  [
    'recorded',
    (usage, tenantId) => usage.trackUsage({ ...images, tenantId }),
    { status: 'recorded', used: 1 },
  ],
  [
    'ingested',
    async (usage, tenantId) =>
      (await usage.ingestBatch([{ ...images, tenantId, idempotencyKey: 'a' }]))[0],
    { status: 'recorded' },
  ],
  [
    'reserved',
    (usage, tenantId) => usage.reserve({ ...images, tenantId, ttlSeconds: 60 }),
    { reservationId: expect.any(String) as string },
  ],
];

/** Whose bucket was not told of it, and somebody who had its place lets go of it with nothing done. */
const PLACES: [string, (tenantId: string) => Promise<unknown>][] = [
  ['on another server', () => Promise.resolve()],
  [
    'here, where it was moved to meanwhile',
    (tenantId) =>
      database.pool.query('update tenants set usage_bucket = 0 where id = $1', [tenantId]),
  ],
];

for (const [where, place] of PLACES) {
  test.each(CALLS)(
    `11.3 who is not known yet ${where} is known when it is %s, though others had its place`,
    async (_what, call, answer) => {
      const usage = usageService(database, clock);
      const tenantId = await tenantInBucket(database.pool, THERE);
      await place(tenantId);
      await holder.query('begin');
      await holder.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
        placeLock(tenantId),
      ]);
      const answered = call(usage, tenantId).catch((error: unknown) => error);
      await Promise.race([lockWaited(), answered]);
      await holder.query('rollback');
      expect(await answered).toMatchObject(answer);
      await usage.stop();
    },
  );
}
