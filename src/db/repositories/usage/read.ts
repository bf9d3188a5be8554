import type { Period } from '../../../domain/period.ts';
import type { Beyond, Limit, ResourceType } from '../../../domain/quota.ts';
import { parseNumbers, plainArray } from './arrays.ts';
import { prepared, type Bucket } from './bucket.ts';
import { AS_TEXT } from './hot-path.ts';

export interface Counter {
  resourceType: ResourceType;
  used: number;
  held: number;
  limit: Limit;
  beyond: Beyond;
  /** What of the limit allowances make; negative where they take away. */
  allowance: number;
  updatedAt: Date;
}

/** Which counter to look at. */
export interface CounterKey {
  tenantId: string;
  period: Period;
  resourceType: ResourceType;
}

const COUNTERS = prepared(
  'usage_counters',
  (u) => `
    select resource_type as "resourceType", used, held, "limit", updated_at as "updatedAt", beyond,
      held_beyond as "heldBeyond", rate_micro as "rateMicro", allowance
    from ${u}.usage_totals
    where tenant_id = $1 and period = $2`,
);

/** A tenant's counters of a month, those that exist. */
export async function readCounters(
  bucket: Bucket,
  tenantId: string,
  period: Period,
): Promise<Counter[]> {
  type Row = Record<'used' | 'held' | 'beyond' | 'heldBeyond' | 'allowance', string> & {
    resourceType: ResourceType;
    limit: string | null;
    rateMicro: string | null;
    updatedAt: Date;
  };
  const result = await bucket.client.query<Row>({
    ...COUNTERS(bucket),
    values: [tenantId, period],
  });
  return result.rows.map(({ beyond, heldBeyond, rateMicro, ...row }) => ({
    ...row,
    used: Number(row.used),
    held: Number(row.held),
    limit: row.limit === null ? null : Number(row.limit),
    allowance: Number(row.allowance),
    beyond: {
      used: Number(beyond),
      held: Number(heldBeyond),
      rateMicro: rateMicro === null ? null : Number(rateMicro),
    },
  }));
}

const LOOK_UP = prepared('usage_look_up', (u) => `select * from ${u}.usage_look_up($1, $2, $3)`);

/** Many counters in one round trip; `undefined` for one that does not exist yet. */
export async function lookUpCounters(
  bucket: Bucket,
  keys: readonly CounterKey[],
): Promise<(Pick<Counter, 'used' | 'held' | 'limit'> | undefined)[]> {
  const result = await bucket.client.query<Record<'used' | 'held' | 'limits', string>>({
    ...LOOK_UP(bucket),
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

const DAYS = prepared(
  'usage_days',
  (u) => `
    select period, day, resource_type as "resourceType", amount
    from ${u}.usage_days
    where tenant_id = $1 and period between $2 and $3
    union all
    select period, day, resource_type, day_used
    from ${u}.usage_totals
    where tenant_id = $1 and period between $2 and $3`,
);

/**
 * What started on each day of the months from `first` to `last`; days without usage may be left
 * out. A day stands in one of the two tables: the counters keep the newest alone.
 */
export async function readDays(
  bucket: Bucket,
  tenantId: string,
  first: Period,
  last: Period,
): Promise<UsageOfDay[]> {
  type Row = { period: Period; day: number; resourceType: ResourceType; amount: string };
  const result = await bucket.client.query<Row>({
    ...DAYS(bucket),
    values: [tenantId, first, last],
  });
  return result.rows.map(({ period, day, resourceType, amount }) => ({
    date: `${period}-${String(day).padStart(2, '0')}`,
    resourceType,
    amount: Number(amount),
  }));
}
