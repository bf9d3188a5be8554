import { eq, sql, type SQL } from 'drizzle-orm';
import type { PurchaseTrigger } from '../../../domain/billing/purchase.ts';
import type { Spent } from '../../../domain/billing/spending/judge.ts';
import type { DbOrTx, Tx } from '../../client.ts';
import { spendingRules, type SpendingRuleRow } from '../../schema/index.ts';

export async function findSpendingRule(
  db: DbOrTx,
  tenantId: string,
): Promise<SpendingRuleRow | undefined> {
  const [row] = await db.select().from(spendingRules).where(eq(spendingRules.tenantId, tenantId));
  return row;
}

export async function writeSpendingRule(tx: Tx, { tenantId, ...rule }: SpendingRuleRow) {
  await tx
    .insert(spendingRules)
    .values({ tenantId, ...rule })
    .onConflictDoUpdate({ target: spendingRules.tenantId, set: rule });
}

/** The zone, where the database knows it; else UTC. */
export async function knownZone(db: DbOrTx, timeZone: string): Promise<string> {
  const { rows } = await db.execute<{ name: string }>(
    sql`select name from pg_timezone_names where name = ${timeZone}`,
  );
  return rows[0]?.name ?? 'UTC';
}

/**
 * The first instant of a local midnight. Where clocks are set back at one there are two of them, and
 * PostgreSQL answers the later one, an hour into the day.
 */
const beginning = (midnight: SQL, timeZone: string) => sql`least(
  ${midnight} at time zone ${timeZone},
  (${midnight} - interval '1 microsecond') at time zone ${timeZone} + interval '1 microsecond')`;

/**
 * What a tenant's purchases take of the day and the month in which `now` is in a zone (an instant of another
 * month asks for that), but for the one
 * that is left out. A purchase counts where it was begun, where it was paid, and wherever it can still be
 * paid; one that failed or was not paid counts nowhere. What was given back later was spent all the same.
 */
export async function readSpent(
  db: DbOrTx,
  values: {
    tenantId: string;
    currency: string;
    timeZone: string;
    now: Date;
    except?: string;
    /** Of auto top-ups alone, or of all. */
    trigger?: PurchaseTrigger;
  },
): Promise<Spent> {
  const { tenantId, currency, timeZone, now, except = null, trigger = null } = values;
  type Row = Record<'day_minor' | 'month_minor' | 'month' | 'day_end' | 'month_end', string>;
  const day = sql`date_trunc('day', at)`;
  const month = sql`date_trunc('month', at)`;
  const { rows } = await db.execute<Row>(sql`
    with local as (select ${now.toISOString()}::timestamptz at time zone ${timeZone} as at),
    bounds as (
      select ${beginning(day, timeZone)} as day,
        ${beginning(sql`(${day} + interval '1 day')`, timeZone)} as day_end,
        ${beginning(month, timeZone)} as month,
        ${beginning(sql`(${month} + interval '1 month')`, timeZone)} as month_end,
        to_char(at, 'YYYY-MM') as name
      from local
    ),
    counted as (
      select coalesce(charged_minor, amount_minor) as amount_minor, created_at, paid_at from credit_purchases
      where tenant_id = ${tenantId} and currency = ${currency}
        and state not in ('failed', 'expired') and id is distinct from ${except}::uuid
        and (${trigger}::text is null or trigger = ${trigger})
    )
    select day_end, month_end, name as month,
      coalesce(sum(amount_minor)
        filter (where paid_at is null or paid_at >= day or created_at >= day), 0) as day_minor,
      coalesce(sum(amount_minor)
        filter (where paid_at is null or paid_at >= month or created_at >= month), 0) as month_minor
    from bounds left join counted on created_at < month_end
    group by day_end, month_end, name`);
  const row = rows[0]!;
  return {
    month: row.month,
    dayMinor: Number(row.day_minor),
    monthMinor: Number(row.month_minor),
    dayEndsAt: new Date(row.day_end),
    monthEndsAt: new Date(row.month_end),
  };
}
