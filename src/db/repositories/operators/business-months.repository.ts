import { sql } from 'drizzle-orm';
import type { QueryConfig } from 'pg';
import type { BusinessSum } from '../../../domain/accounts/operator-business.ts';
import type { Db, DbOrTx, Tx } from '../../client.ts';

/** What one of the sums of a month came to; `month` as `YYYY-MM`. */
export interface MonthSum extends Record<string, unknown> {
  month: string;
  currency: string;
  name: BusinessSum;
  minor: number;
  count: number;
}

/** A sum that is kept and is not what the rows behind it come to. */
export interface MonthSumDifference extends MonthSum {
  /** What they come to. */
  ought: { minor: number; count: number };
}

/** All of them, of all months: exactly what the rows behind them come to. */
export async function listMonthSums(db: DbOrTx): Promise<MonthSum[]> {
  type Row = MonthSum & { minor: string; count: string };
  const { rows } = await db.execute<Row>(sql`
    select month, currency, name, sum(minor)::text as minor, sum(count)::text as count
    from (
      select month, currency, name, minor, count from business_months
      union all
      select month, currency, name, minor, count from business_changes
    ) as noted
    group by month, currency, name order by month`);
  return rows.map((row) => ({ ...row, minor: Number(row.minor), count: Number(row.count) }));
}

/** Puts changes into the sums that they belong to, in one statement: who reads meanwhile misses none. */
export async function foldBusinessChanges(db: DbOrTx): Promise<void> {
  await db.execute(sql`
    with taken as (
      delete from business_changes returning month, currency, name, minor, count
    )
    insert into business_months (month, currency, name, minor, count)
    select month, currency, name, sum(minor), sum(count) from taken
    group by month, currency, name
    on conflict (month, currency, name) do update
    set minor = business_months.minor + excluded.minor,
      count = business_months.count + excluded.count`);
}

/** A pass over all payments may take minutes; it runs at night, on one connection. */
const COUNTED_WITHIN_MS = 1_800_000;

/** What is kept beside what is counted anew from every row, by one snapshot: who writes meanwhile is in both or none. */
const COMPARED = `
  select month, currency, name,
    coalesce(kept.minor, 0) as minor, coalesce(kept.count, 0) as count,
    coalesce(counted.minor, 0) as ought_minor, coalesce(counted.count, 0) as ought_count
  from (
    select month, currency, name, sum(minor) as minor, sum(count) as count
    from (
      select month, currency, name, minor, count from business_months
      union all
      select month, currency, name, minor, count from business_changes
    ) as noted
    group by month, currency, name
  ) as kept
  full join business_counted() as counted using (month, currency, name)
  where (coalesce(kept.minor, 0), coalesce(kept.count, 0))
    <> (coalesce(counted.minor, 0), coalesce(counted.count, 0))`;

/** Where the sums that are kept are not what the rows come to. */
export async function listMonthSumDifferences(db: Db): Promise<MonthSumDifference[]> {
  type Texts = Record<
    'month' | 'currency' | 'minor' | 'count' | 'ought_minor' | 'ought_count',
    string
  >;
  const { rows } = await db.$client.query<Texts & { name: BusinessSum }>({
    query_timeout: COUNTED_WITHIN_MS,
    text: `select * from (${COMPARED}) as compared order by month, currency, name`,
  } as QueryConfig);
  return rows.map(({ month, currency, name, ...of }) => ({
    ...{ month, currency, name, minor: Number(of.minor), count: Number(of.count) },
    ought: { minor: Number(of.ought_minor), count: Number(of.ought_count) },
  }));
}

/** Adds to the sums what they lack of the rows, and answers how many that were. Nobody who writes waits. */
export async function mendMonthSums(tx: Tx): Promise<number> {
  // Two that mend at once would add the same twice.
  await tx.execute(sql`lock table business_months in share row exclusive mode`);
  const { rowCount } = await tx.execute(sql`
    insert into business_changes (month, currency, name, minor, count)
    select month, currency, name, ought_minor - minor, ought_count - count
    from (${sql.raw(COMPARED)}) as compared`);
  return rowCount ?? 0;
}
