import type { Pool } from 'pg';
import { expect } from 'vitest';
import { inEveryBucket } from '../support/buckets.ts';
import { overshootOf, type Funds } from './funds.ts';
import type { Sent, ServiceLoad } from './service-load.ts';

/** How many calls were sent, acknowledged, are in the ledger, and were refused. */
export interface LedgerCounts {
  sent: number;
  acknowledged: number;
  ledger: number;
  refused: number;
}

/**
 * Reads the ledger against what was sent and answered: what was acknowledged is there, once, with its amount
 * and of its tenant; nothing is there that was not sent, or that was refused. Answers how many of each.
 */
export async function assertRecorded(
  pool: Pool,
  load: Pick<ServiceLoad, 'events' | 'settlements'>,
): Promise<LedgerCounts> {
  const counts: LedgerCounts = { sent: 0, acknowledged: 0, ledger: 0, refused: 0 };
  const lost: string[] = [];
  for (const [column, sent] of [
    ['idempotency_key', load.events],
    ['reservation_id', load.settlements],
  ] as const) {
    const rows = await listLedger(pool, column);
    const wrong = rows.filter((row) => row.times !== 1 || !isOf(row, sent.get(row.key)));
    expect(wrong, 'doubled, altered, refused or never sent').toEqual([]);
    const there = new Set(rows.map(({ key }) => key));
    for (const [key, { amount, outcome }] of sent) {
      if (outcome === 'refused') counts.refused += 1;
      if (outcome !== 'recorded') continue;
      counts.acknowledged += 1;
      // A hold that used nothing leaves no row.
      if (amount > 0 && !there.has(key)) lost.push(key);
      if (amount === 0) counts.ledger += 1;
    }
    counts.sent += sent.size;
    counts.ledger += rows.length;
  }
  expect(lost).toEqual([]);
  expect(counts.acknowledged).toBeGreaterThan(0);
  return counts;
}

interface Row {
  key: string;
  tenantId: string;
  amount: number;
  times: number;
}

/** Consumption by key, or settlements by reservation. */
async function listLedger(
  pool: Pool,
  column: 'idempotency_key' | 'reservation_id',
): Promise<Row[]> {
  return inEveryBucket<Row>(
    pool,
    `select ${column} as key, min(tenant_id::text) as "tenantId", sum(amount)::float8 as amount,
       count(*)::int as times
     from u00.usage where ${column} is not null group by ${column}`,
  );
}

const isOf = (row: Row, sent: Sent | undefined): boolean =>
  sent !== undefined &&
  sent.outcome !== 'refused' &&
  sent.tenantId === row.tenantId &&
  sent.amount === row.amount;

/**
 * Each grant that was asked for was made once, of as much, and what is left of it and what was drawn, given
 * back, revoked and lapsed come to that exactly. No overage costs more than its cap, and nothing is held.
 */
export async function assertPaid(pool: Pool, funds: Funds): Promise<void> {
  const grants = await inEveryBucket<{
    ref: string;
    tenantId: string;
    micro: number;
    rest: number;
  }>(
    pool,
    `select g.origin_ref as ref, g.tenant_id as "tenantId", g.amount_micro::float8 as micro,
       (g.left_micro + case when a.head_grant = g.id then a.head_left else 0 end
         + coalesce(sum(d.micro) filter (where d.kind <> 'granted'), 0))::float8 as rest
     from u00.credit_grants g
     join u00.credit_accounts a on a.tenant_id = g.tenant_id
     left join u00.credit_draws d on d.tenant_id = g.tenant_id and d.grant_id = g.id
     group by g.tenant_id, g.id, a.tenant_id`,
  );
  expect(grants.filter(({ micro, rest }) => micro !== rest)).toEqual([]);
  const made = grants.map(({ ref, tenantId, micro }) => [ref, { tenantId, micro }] as const);
  expect(made).toHaveLength(funds.grants.size);
  expect(new Map(made)).toEqual(funds.grants);
  expect(await overshootOf(pool, funds.caps)).toEqual(new Map());
  for (const held of [
    'credit_grants where held_micro <> 0',
    'overage_periods where held_micro <> 0',
    'usage_totals where held <> 0',
    'usage_totals where used - beyond > "limit"',
  ]) {
    expect(await inEveryBucket(pool, `select * from u00.${held}`), held).toEqual([]);
  }
}

/** By what the units of the ledger beyond the quota were paid. */
export async function listPayers(pool: Pool): Promise<Set<string>> {
  const kinds = await inEveryBucket<{ kind: string }>(
    pool,
    'select distinct kind::text from u00.credit_draws where units > 0',
  );
  return new Set(kinds.map(({ kind }) => kind));
}
