import { sql } from 'drizzle-orm';
import type { CreditPlace } from './place.ts';

/** What became of a statement, as a credit account has it. */
export type BillEnd = 'paid' | 'returned' | 'lost' | 'failed' | 'void';

/** Records in a credit account that a statement bills so many µcr of its overage; once a ref. */
export async function recordBilled(
  { bucket, schema }: CreditPlace,
  { tenantId, ref, micro }: { tenantId: string; ref: string; micro: number },
): Promise<void> {
  await bucket.execute(
    sql`select ${sql.identifier(schema)}.credit_overage_billed(${tenantId}, ${ref}, ${micro}::bigint)`,
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
