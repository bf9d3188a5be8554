import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { inEveryBucket, makeBuckets } from '../../../../../tests/support/buckets.ts';
import { meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { moveTenant } from '../../../../db/repositories/usage/buckets/move.ts';
import { createLog } from '../../../log.ts';
import { LedgerVerificationService } from '../ledger/ledger-verification.service.ts';
import { HandClock, usageService } from './service.ts';

let database: TestDatabase;
let usage: ReturnType<typeof usageService>;
const BEGINS = '2026-05-10T12:00:00Z';
const clock = new HandClock(BEGINS);
beforeAll(async () => {
  database = await createTestDatabase();
  await makeBuckets(database.url, 2);
  usage = usageService(database, clock);
  await usage.ensurePartitions();
});
afterAll(async () => {
  const log = createLog('silent', false);
  const { differences, credits } = await new LedgerVerificationService({
    ...{ database, clock, log },
  }).verify();
  expect([differences, credits]).toEqual([[], []]);
  await usage?.stop();
  await database?.drop();
});

const by = { actor: { kind: 'service', name: 'test' }, reason: 'a test' } as const;

/** A tenant on free with ten pictures, of which so many are used, and 40 credits; a picture is two. */
async function world(used: number) {
  clock.set(BEGINS);
  const tenantId = await meteredTenant(database.pool);
  const images = { tenantId, resourceType: 'images' as const };
  if (used > 0) await usage.trackUsage({ ...images, amount: used });
  await usage.credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: 'a', amountMicro: 40_000_000, ...by },
    expiresAt: new Date('2027-01-01T00:00:00Z'),
  });
  return {
    ...{ tenantId, images },
    hold: (amount: number) => usage.reserve({ ...images, amount, ttlSeconds: 60 }),
    used: async () => (await usage.getUsageStats(tenantId)).resources[2]!.used,
    balance: async () => (await usage.credits.read(tenantId)).balance / 1e6,
  };
}

const afterTheHold = () => clock.set('2026-05-10T12:05:00Z');

/** Runs `work` while `first`, in a transaction of its own, is done and not committed yet. */
async function behind(
  first: (client: pg.PoolClient) => Promise<unknown>,
  work: () => Promise<unknown>,
) {
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await first(client);
    const done = work();
    await untilSomebodyWaits();
    await client.query('commit');
    await done;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const untilSomebodyWaits = () =>
  vi.waitFor(async () => {
    const { rowCount } = await database.pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    expect(rowCount).toBe(1);
  }, 60_000);

describe('a hold whose time is over', () => {
  test.each([
    ['of the quota', 0, 3, 40],
    ['of quota and credits', 9, 12, 36],
    ['of credits', 10, 13, 34],
  ])('lives on when its work goes on at that moment: %s', async (_, before, used, balance) => {
    const at = await world(before);
    const { reservationId } = await at.hold(3);
    await usage.begin({ reservationId, amount: 1 });
    afterTheHold();
    await behind(
      (client) =>
        inEveryBucket(
          client,
          `select u00.usage_note_begun(array_agg(tenant_id), array_agg(id), array_agg(2::bigint),
             array_agg(timestamptz '2026-05-10T12:20:00Z'))
           from u00.usage_reservations where tenant_id = $1 having count(*) > 0`,
          [at.tenantId],
        ),
      () => usage.expireReservations(),
    );
    expect(await usage.settle({ reservationId, amount: 3 })).toMatchObject({ used });
    expect(await at.balance()).toBe(balance);
  });

  test('is ended in time also when another tenant is moved meanwhile', async () => {
    const [moved, stays] = [await world(0), await world(0)];
    await moved.hold(3);
    await stays.hold(3);
    const { rows } = await database.pool.query<{ bucket: number }>(
      'select usage_bucket as bucket from tenants where id = $1',
      [moved.tenantId],
    );
    afterTheHold();
    await behind(
      (client) => moveTenant(client, moved.tenantId, rows[0]!.bucket === 0 ? 1 : 0),
      () => usage.expireReservations(),
    );
    await usage.expireReservations();
    for (const one of [moved, stays]) {
      expect((await usage.getUsageStats(one.tenantId)).resources[2]).toMatchObject({ held: 0 });
    }
  });
});

describe('who ends holds while their progress is written, and gives way', () => {
  test.each([
    ['the sweep', () => usage.expireReservations()],
    ['whoever reads credits', (tenantId: string) => usage.credits.read(tenantId)],
    [
      'whoever reads what is left of a grant',
      (tenantId: string) =>
        usage.credits.readLeft(tenantId, { origin: 'goodwill', originRefs: ['a'] }),
    ],
  ])('comes again: %s', async (_, end) => {
    const at = await world(10);
    const holds = [await at.hold(1), await at.hold(1)].map(({ reservationId }) =>
      reservationId.slice(-32),
    );
    const [first, second] = holds.toSorted();
    afterTheHold();
    const client = await database.pool.connect();
    const touch = (id: string) =>
      inEveryBucket(client, 'update u00.usage_reservations set metadata = null where id = $1', [
        id,
      ]);
    try {
      // The other is to notice the deadlock first.
      await client.query(`begin; set local deadlock_timeout = '60s'`);
      await touch(second!);
      const done = end(at.tenantId);
      await untilSomebodyWaits();
      await touch(first!);
      await client.query('commit');
      await done;
    } finally {
      await client.query('rollback');
      client.release();
    }
    expect(await at.balance()).toBe(40);
  });
});

describe('work that its hold’s end had counted, and a correction took off', () => {
  type Images = Awaited<ReturnType<typeof world>>['images'];
  const taken = {
    'all of it, by an amount': (images: Images) => usage.correct({ ...images, amount: -5, ...by }),
    'some of it, by an amount': (images: Images) => usage.correct({ ...images, amount: -3, ...by }),
    'all of it, by a reset': (images: Images) => usage.resetUsage({ ...images, ...by }),
  };

  test.each([
    // What an amount took off is of no row in particular: no more is taken off than there is.
    ['all of it, by an amount', 3, 0, 0],
    ['all of it, by an amount', null, 0, 0],
    ['all of it, by an amount', 7, 0, 2],
    ['some of it, by an amount', 4, 0, 1],
    ['some of it, by an amount', 1, 0, 0],
    ['some of it, by an amount', null, 0, 0],
    // After a reset nothing is counted of it any more.
    ['all of it, by a reset', 3, 0, 3],
    ['all of it, by a reset', null, 0, 0],
    ['all of it, by a reset', 3, 2, 5],
    ['all of it, by a reset', null, 2, 2],
  ] as const)('%s, settled late with %s beside %i: %i', async (how, amount, beside, used) => {
    // Paid by the quota, and by it and credits.
    for (const before of [0, 8]) {
      const at = await world(before);
      const { reservationId } = await at.hold(5);
      await usage.begin({ reservationId, amount: 5 });
      afterTheHold();
      await usage.expireReservations();
      if (before > 0) await usage.correct({ ...at.images, amount: -before, ...by });
      await taken[how](at.images);
      if (beside > 0) await usage.trackUsage({ ...at.images, amount: beside });
      if (amount === null) await usage.release({ reservationId });
      else expect(await usage.settle({ reservationId, amount })).toMatchObject({ used });
      expect(await at.used()).toBe(used);
      expect(await at.balance()).toBe(40);
    }
  });
});
