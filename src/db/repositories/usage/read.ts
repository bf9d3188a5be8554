import type pg from 'pg';
import type { Period } from '../../../domain/period.ts';
import type { Limit, ResourceType } from '../../../domain/quota.ts';
import { parseNumbers, plainArray } from './arrays.ts';
import { AS_TEXT, type Asks } from './hot-path.ts';

export interface Counter {
  resourceType: ResourceType;
  used: number;
  held: number;
  limit: Limit;
  updatedAt: Date;
}

/** Which counter to look at. */
export interface CounterKey {
  tenantId: string;
  period: Period;
  resourceType: ResourceType;
}

/** A tenant's counters of a month, those that exist. */
export async function readCounters(
  pool: pg.Pool,
  tenantId: string,
  period: Period,
): Promise<Counter[]> {
  type Row = Record<'used' | 'held', string> & {
    resourceType: ResourceType;
    limit: string | null;
    updatedAt: Date;
  };
  const result = await pool.query<Row>({
    name: 'usage_counters',
    text: `
      select resource_type as "resourceType", used, held, "limit", updated_at as "updatedAt"
      from usage_totals
      where tenant_id = $1 and period = $2`,
    values: [tenantId, period],
  });
  return result.rows.map((row) => ({
    ...row,
    used: Number(row.used),
    held: Number(row.held),
    limit: row.limit === null ? null : Number(row.limit),
  }));
}

/** Many counters in one round trip; `undefined` for one that does not exist yet. */
export async function lookUpCounters(
  client: Asks,
  keys: readonly CounterKey[],
): Promise<(Pick<Counter, 'used' | 'held' | 'limit'> | undefined)[]> {
  const result = await client.query<Record<'used' | 'held' | 'limits', string>>({
    name: 'usage_look_up',
    text: 'select * from usage_look_up($1, $2, $3)',
    types: AS_TEXT,
    values: [
      plainArray(keys.map((key) => key.tenantId)),
      plainArray(keys.map((key) => key.period)),
      plainArray(keys.map((key) => key.resourceType)),
    ],
  });
  const row = result.rows[0]!;
  const used = parseNumbers(row.used);
  const held = parseNumbers(row.held);
  const limits = parseNumbers(row.limits);
  return used.map((value, i) =>
    value === null ? undefined : { used: value, held: held[i]!, limit: limits[i]! },
  );
}

export interface UsageOfDay {
  /** `YYYY-MM-DD`. */
  date: string;
  resourceType: ResourceType;
  amount: number;
}

/**
 * What started on each day of the months from `first` to `last`; days without usage may be left
 * out. A day stands in one of the two tables: the counters keep the newest alone.
 */
export async function readDays(
  pool: pg.Pool,
  tenantId: string,
  first: Period,
  last: Period,
): Promise<UsageOfDay[]> {
  type Row = { period: Period; day: number; resourceType: ResourceType; amount: string };
  const result = await pool.query<Row>({
    name: 'usage_days',
    text: `
      select period, day, resource_type as "resourceType", amount
      from usage_days
      where tenant_id = $1 and period between $2 and $3
      union all
      select period, day, resource_type, day_used
      from usage_totals
      where tenant_id = $1 and period between $2 and $3`,
    values: [tenantId, first, last],
  });
  return result.rows.map(({ period, day, resourceType, amount }) => ({
    date: `${period}-${String(day).padStart(2, '0')}`,
    resourceType,
    amount: Number(amount),
  }));
}
