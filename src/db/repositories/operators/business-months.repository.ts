import { sql } from 'drizzle-orm';
import type { BusinessSum } from '../../../domain/accounts/operator-business.ts';
import type { DbOrTx } from '../../client.ts';

/** What one of the sums of a month came to; `month` as `YYYY-MM`. */
export interface MonthSum extends Record<string, unknown> {
  month: string;
  currency: string;
  name: BusinessSum;
  minor: number;
  count: number;
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
