import { expect } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { imbalances } from '../support/metered-tenant.ts';
import { readJournals } from './processes.ts';

/**
 * Every acknowledged key is in the ledger once, with its amount; nothing there was never sent; and the
 * counters balance.
 */
export async function assertLedger(
  { pool }: Pick<Database, 'pool'>,
  journals: string[],
  prefix: string,
): Promise<void> {
  const { sent, acked } = readJournals(journals);
  const rows = await inEveryBucket<{ key: string; amount: string; times: string }>(
    pool,
    `select idempotency_key as key, sum(amount) as amount, count(*) as times
     from u00.usage where idempotency_key like $1 group by idempotency_key`,
    [`${prefix}%`],
  );
  expect(await imbalances(pool)).toEqual([]);
  const ledger = new Map(rows.map((row) => [row.key, Number(row.amount)]));
  expect(rows.filter((row) => row.times !== '1')).toEqual([]);
  expect([...acked].filter(([key, amount]) => ledger.get(key) !== amount)).toEqual([]);
  expect([...ledger.keys()].filter((key) => !sent.has(key))).toEqual([]);
  expect(acked.size).toBeGreaterThan(0);
}
