import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantInBucket } from '../../../../../tests/support/metered-tenant.ts';
import { agreeToOverage } from '../../../../../tests/support/overage.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { periodOf } from '../../../../domain/period.ts';
import { admitAll, type AdmissionMode } from '../admission/admit-all.ts';
import { bucketOf } from '../bucket.ts';
import { readOverages } from '../credits/overage.ts';
import { ensurePartition, openPeriod } from '../periods.ts';
import { lookUpCounters } from '../read.ts';
import { settleBatch } from '../settle.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/**
 * Plans are kept. One made while a table was still empty would read the whole of it, and go on to
 * when it is large, until the statistics are next taken.
 */
test('no call reads a whole table, not even a new one', async () => {
  const now = new Date('2026-05-10T12:00:00Z');
  const period = periodOf(now);
  const tenantId = await tenantInBucket(database.pool, 0, 'team');
  await openPeriod(bucketOf(database.pool), period, [tenantId]);
  // A batch that is not whole would end the transaction: the day has begun.
  await database.pool.query('update u00.usage_totals set day = 10 where tenant_id = $1', [
    tenantId,
  ]);
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    for (const [keys, count] of [
      [false, 1],
      [false, 2],
      [true, 2],
    ] as const) {
      const calls = Array.from({ length: count }, (_, n) => ({
        ...{ tenantId, resourceType: 'messages' as const, amount: 1, enforce: true },
        ...{ key: keys ? `whole ${n}` : null, fingerprint: 1, metadata: null },
        ...{ reservationId: null, expiresAt: null },
      }));
      const batch = { period, occurredAt: now, now, calls };
      const accepted = calls.map(() => expect.objectContaining({ outcome: 'accepted' }) as unknown);
      expect(await admitAll(bucketOf(client), batch, 'whole')).toEqual(accepted);
    }
    for (const mode of ['whole', 'mixed', 'careful'] satisfies AdmissionMode[]) {
      for (const hold of [false, true]) {
        const reservationId = hold ? randomUUID() : null;
        const call = {
          ...{ tenantId, resourceType: 'messages' as const, amount: 1, enforce: true },
          ...{ key: `${mode} ${hold}`, fingerprint: 1, metadata: null, reservationId },
          expiresAt: hold ? now : null,
        };
        const batch = { period, occurredAt: now, now, calls: [call] };
        expect(await admitAll(bucketOf(client), batch, mode)).toMatchObject([
          { outcome: 'accepted' },
        ]);
        if (reservationId === null) continue;
        const settlement = { tenantId, reservationId, amount: 2, metadata: null };
        expect(await settleBatch(bucketOf(client), now, [settlement])).toMatchObject([
          { outcome: 'done' },
        ]);
      }
    }
    await lookUpCounters(bucketOf(client), [{ tenantId, period, resourceType: 'messages' }]);
    const { rows } = await client.query(
      `select relname, seq_scan from pg_stat_xact_user_tables
       where relname = any($1) and seq_scan > 0`,
      [['usage_totals', 'usage_days', 'usage_reservations', 'usage_idempotency']],
    );
    expect(rows).toEqual([]);
  } finally {
    await client.query('rollback');
    client.release();
  }
});

test('12 nor does one beyond the quota that is looked at by itself, nor what a refusal tells', async () => {
  const now = new Date('2026-05-10T12:00:00Z');
  const period = periodOf(now);
  const tenantId = await tenantInBucket(database.pool, 0, 'team');
  await openPeriod(bucketOf(database.pool), period, [tenantId]);
  await ensurePartition(bucketOf(database.pool), period);
  const write = (text: string, ...values: unknown[]) =>
    database.pool.query(text, [tenantId, ...values]);
  await write(
    `update u00.usage_totals set day = 10, "limit" = 0, rate_micro = 1
     where tenant_id = $1 and resource_type = 'images'`,
  );
  await write(
    `update u00.usage_tenants set overage = '{"currency": "cny", "minorPerCredit": "12"}'
     where tenant_id = $1`,
  );
  await write(
    `select u00.credit_grant($1, gen_random_uuid(), 'goodwill', 'plans', 1::smallint, 3, $2,
       $2::timestamptz + interval '1 day', 'a', 'b', $2)`,
    now,
  );
  await agreeToOverage(database, tenantId, { capMinor: 0, at: now });
  const client = await database.pool.connect();
  const admit = async (amount: number, mode: AdmissionMode) => {
    const call = {
      ...{ tenantId, resourceType: 'images' as const, amount, enforce: true, key: null },
      ...{ fingerprint: 0, metadata: null, reservationId: null, expiresAt: null },
    };
    const batch = { period, occurredAt: now, now, calls: [call] };
    const [result] = await admitAll(bucketOf(client), batch, mode);
    return (result as { outcome: string }).outcome;
  };
  // A batch is a transaction: what it wrote before would be taken for its own.
  const scanned = async () => {
    const { rows } = await client.query<{ table: string; scans: string }>(
      `select relname as table, seq_scan as scans from pg_stat_xact_user_tables
       where relname ~ '^(credit|overage|usage)_'`,
    );
    return new Map(rows.map(({ table, scans }) => [table, Number(scans)]));
  };
  const readWhole = async (ask: () => Promise<void>) => {
    await client.query('begin');
    // A session also tells what it did a moment ago and has not handed on yet.
    const before = await scanned();
    await ask();
    const after = await scanned();
    await client.query('rollback');
    return [...after].filter(([table, scans]) => scans > (before.get(table) ?? 0));
  };
  try {
    const asked = [
      [3, 'mixed', 'accepted'],
      [4, 'mixed', 'rejected'],
    ] as const;
    for (const [amount, mode, outcome] of asked) {
      const rows = await readWhole(async () => expect(await admit(amount, mode)).toBe(outcome));
      expect(rows, `${mode} ${amount}`).toEqual([]);
    }
    const told = await readWhole(async () => {
      const [overage] = await readOverages(bucketOf(client), [{ tenantId, period }]);
      expect(overage).toMatchObject({ account: { room: 0, isCapped: true } });
    });
    expect(told).toEqual([]);
  } finally {
    client.release();
  }
});
