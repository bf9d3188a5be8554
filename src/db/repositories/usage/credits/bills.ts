import { sql } from 'drizzle-orm';
import type { CreditPlace } from './place.ts';

/** What became of a statement, as a credit account has it. */
export type BillEnd = 'paid' | 'returned' | 'lost' | 'failed' | 'void';

/** What a statement bills of overage, with what is carried in. */
export interface Billed {
  tenantId: string;
  /** Once a tenant. */
  ref: string;
  currency: string;
  /** What it asks for. */
  minor: number;
  /** µcr by month and price. */
  lines: readonly { period: string; price: string; micro: number }[];
}

/** Records in a credit account what a statement bills; a repeat does nothing. */
export async function recordBilled(
  { bucket, schema }: CreditPlace,
  { tenantId, ref, currency, minor, lines }: Billed,
): Promise<void> {
  const micro = lines.reduce((sum, line) => sum + line.micro, 0);
  await bucket.execute(
    sql`select ${sql.identifier(schema)}.credit_overage_billed(${tenantId}, ${ref}, ${micro}::bigint,
      ${currency}, ${minor}::bigint, ${JSON.stringify(lines)}::jsonb)`,
  );
}

/**
 * Records in a credit account what became of it; see `credit_overage_paid`, `credit_overage_returned`,
 * `credit_overage_lost`, `credit_overage_failed` and `credit_overage_void`. A repeat, and what does not go
 * from its present state, does nothing.
 */
export async function recordBillEnd(
  { bucket, schema }: CreditPlace,
  { tenantId, ref, end }: { tenantId: string; ref: string; end: BillEnd },
): Promise<void> {
  const name = sql.identifier(`credit_overage_${end}`);
  await bucket.execute(sql`select ${sql.identifier(schema)}.${name}(${tenantId}, ${ref})`);
}

/** Ends the consent, because a statement could not be collected. */
export async function endOverageConsent(
  { bucket, schema }: CreditPlace,
  { tenantId, now }: { tenantId: string; now: Date },
): Promise<void> {
  await bucket.execute(
    sql`select ${sql.identifier(schema)}.credit_overage_lapse(${tenantId}, 'uncollectible', ${now.toISOString()}::timestamptz)`,
  );
}
