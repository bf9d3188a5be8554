import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { periodOf } from '../../../../domain/period.ts';
import { admitAll, type AdmissionMode } from '../admit-all.ts';
import { bucketOf } from '../bucket.ts';
import { openPeriod } from '../periods.ts';
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
  const tenantId = await meteredTenant(database.pool, 'team');
  await openPeriod(bucketOf(database.pool), period, [tenantId]);
  // A batch that is not whole would end the transaction: the day has begun.
  await database.pool.query('update u00.usage_totals set day = 10 where tenant_id = $1', [
    tenantId,
  ]);
  const client = await database.pool.connect();
  try {
    await client.query('begin');
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
