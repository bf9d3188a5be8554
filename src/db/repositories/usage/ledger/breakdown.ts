import type pg from 'pg';
import type { Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import type { BreakdownBy } from '../../../../domain/billing/usage/breakdown.ts';
import type { Bucket } from '../bucket.ts';

/** A page waits no longer for it; who has more rows than that downloads them. */
const ANSWER_WITHIN_MS = 3_000;
/** A million rows and their draws go through memory, not through files. */
const MEMORY = '64MB';

/** What of a month is one part's. */
export interface PartSum {
  key: string | null;
  /** Null: `amount` is the part's µcr; else units. */
  resourceType: ResourceType | null;
  amount: number;
}

export interface PartSums {
  parts: PartSum[];
  /** The counters: units by resource, and the µcr that the month's draws took. */
  whole: PartSum[];
}

/** What the ledger calls it. */
const KEYS: Record<BreakdownBy, string> = {
  member: `metadata ->> 'userId'`,
  model: `metadata ->> 'model'`,
  character: `metadata ->> 'characterId'`,
  day: `to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD')`,
};

/** Draws that pay for use. What is uncovered pays nothing. */
const PAYING = `('grant', 'overage')`;

/**
 * A month of a tenant's ledger in parts, and what its counters say, of one instant. What draws took is the
 * part's whose row names them; what was given back to no row in particular is nobody's. `undefined`
 * when it cannot be added up in time. Nearly every row names one draw: it is joined by its number alone, for
 * a range is looked for row by row.
 */
export async function sumByPart(
  { schema: u, client }: Bucket<pg.Pool>,
  tenantId: string,
  period: Period,
  by: BreakdownBy,
): Promise<PartSums | undefined> {
  const text = `
    with entries as materialized (
      select ${KEYS[by]} as key, resource_type, amount, draw_seq, draw_count
      from ${u}.usage where tenant_id = $1 and period = $2
    ), first as (
      select e.key, sum(d.micro) as micro
      from entries e
      join ${u}.credit_draws d on d.tenant_id = $1 and d.seq = e.draw_seq and d.kind in ${PAYING}
      group by e.key
    ), others as (
      select e.key, sum(d.micro) as micro
      from entries e
      join ${u}.credit_draws d on d.tenant_id = $1 and d.kind in ${PAYING}
        and d.seq between e.draw_seq + 1 and e.draw_seq + e.draw_count - 1
      where e.draw_count > 1
      group by e.key
    ), drawn as (
      select key, micro from first union all select key, micro from others
    ), whole as (
      select coalesce(sum(micro), 0) as micro from ${u}.credit_draws
      where tenant_id = $1 and period = $2 and kind in ${PAYING}
    )
    select false as whole, key, resource_type as resource, sum(amount) as amount
    from entries group by key, resource_type
    union all
    select false, key, null, micro from drawn
    union all
    select false, null, null, w.micro - coalesce((select sum(micro) from drawn), 0) from whole w
    union all
    select true, null, null, micro from whole
    union all
    select true, null, resource_type, used from ${u}.usage_totals
    where tenant_id = $1 and period = $2`;
  type Row = {
    whole: boolean;
    key: string | null;
    resource: ResourceType | null;
    amount: string;
  };
  const rows = await readWithin<Row>(client, { text, values: [tenantId, period] });
  if (rows === undefined) return undefined;
  const sums = rows.map(({ whole, key, resource, amount }) => ({
    ...{ whole, key, resourceType: resource, amount: Number(amount) },
  }));
  return {
    parts: sums.filter(({ whole }) => !whole),
    whole: sums.filter(({ whole }) => whole),
  };
}

async function readWithin<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  query: { text: string; values: unknown[] },
): Promise<Row[] | undefined> {
  const client = await pool.connect();
  try {
    await client.query('begin read only');
    await client.query(
      `set local statement_timeout = ${ANSWER_WITHIN_MS}; set local work_mem = '${MEMORY}'`,
    );
    return (await client.query<Row>(query)).rows;
  } catch (error) {
    if ((error as { code?: string }).code === QUERY_CANCELED) return undefined;
    throw error;
  } finally {
    await client.query('rollback').then(
      () => client.release(),
      (error: Error) => client.release(error),
    );
  }
}

const QUERY_CANCELED = '57014';
