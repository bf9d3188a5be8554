import { and, desc, eq, inArray, or, sql, sum, type SQL } from 'drizzle-orm';
import type { DbOrTx } from '../../../client.ts';
import {
  payments,
  type NewPayment,
  type Payment,
  type Subscription,
} from '../../../schema/index.ts';

/**
 * Newest first. Stripe's instants are whole seconds, so of two invoices of one second the later number
 * is the newer one: numbers of a customer count up, and one that grew a digit is the longer.
 */
const NEWNESS = [
  payments.createdAt,
  sql<number>`coalesce(length(${payments.number}), 0)`,
  sql<string>`coalesce(${payments.number}, '') collate "C"`,
  payments.id,
] as const;
const NEWEST_FIRST = NEWNESS.map((part) => desc(part));

/** An invoice as Stripe has it. */
export type InvoiceValues = Omit<
  NewPayment,
  'id' | 'amountRefundedMinor' | 'disputeStatus' | 'disputedMinor'
>;

/**
 * Writes invoices as they stand at Stripe, in one statement: one row an invoice, however often it is
 * told. None may be there twice.
 */
export async function upsertPayments(
  db: DbOrTx,
  invoices: readonly InvoiceValues[],
): Promise<void> {
  if (invoices.length === 0) return;
  await db
    .insert(payments)
    .values([...invoices])
    .onConflictDoUpdate({
      target: payments.stripeInvoiceId,
      set: {
        subscriptionId: sql`excluded.subscription_id`,
        stripeSubscriptionId: sql`excluded.stripe_subscription_id`,
        stripeCustomerId: sql`excluded.stripe_customer_id`,
        // An invoice whose intent was not expanded must not lose what is known of its payment.
        stripePaymentIntentId: sql`coalesce(excluded.stripe_payment_intent_id, ${payments.stripePaymentIntentId})`,
        stripeChargeId: sql`coalesce(excluded.stripe_charge_id, ${payments.stripeChargeId})`,
        number: sql`excluded.number`,
        status: sql`excluded.status`,
        amountDueMinor: sql`excluded.amount_due_minor`,
        amountPaidMinor: sql`excluded.amount_paid_minor`,
        amountRemainingMinor: sql`excluded.amount_remaining_minor`,
        totalMinor: sql`excluded.total_minor`,
        fromBalanceMinor: sql`excluded.from_balance_minor`,
        taxMinor: sql`excluded.tax_minor`,
        currency: sql`excluded.currency`,
        reason: sql`excluded.reason`,
        periodStart: sql`excluded.period_start`,
        periodEnd: sql`excluded.period_end`,
        paidAt: sql`excluded.paid_at`,
        attemptCount: sql`excluded.attempt_count`,
        nextAttemptAt: sql`excluded.next_attempt_at`,
        failureCode: sql`excluded.failure_code`,
        failureMessage: sql`excluded.failure_message`,
        hostedInvoiceUrl: sql`excluded.hosted_invoice_url`,
        invoicePdf: sql`excluded.invoice_pdf`,
        syncedAt: sql`excluded.synced_at`,
      } satisfies Record<Present, SQL>,
    });
}

/** What changes of an invoice after it was made; a new column of it is missed by the compiler above. */
type Present = Exclude<keyof InvoiceValues, 'stripeInvoiceId' | 'tenantId' | 'createdAt'>;

export async function findPaymentByInvoice(
  db: DbOrTx,
  stripeInvoiceId: string,
): Promise<Payment | undefined> {
  const isIt = eq(payments.stripeInvoiceId, stripeInvoiceId);
  const [row] = await db.select().from(payments).where(isIt);
  return row;
}

/** The tenant's invoice of this number, or of this id at Stripe. */
export async function findPaymentNamed(
  db: DbOrTx,
  tenantId: string,
  name: string,
): Promise<Payment | undefined> {
  const named = or(eq(payments.stripeInvoiceId, name), eq(payments.number, name));
  const [row] = await db
    .select()
    .from(payments)
    .where(and(eq(payments.tenantId, tenantId), named))
    .orderBy(...NEWEST_FIRST)
    .limit(1);
  return row;
}

/** The newest invoice of the tenant that still waits for money. */
export async function findOpenPayment(
  db: DbOrTx,
  tenantId: string,
  stripeSubscriptionId: string,
): Promise<Payment | undefined> {
  const [row] = await db
    .select()
    .from(payments)
    .where(
      and(
        eq(payments.tenantId, tenantId),
        eq(payments.stripeSubscriptionId, stripeSubscriptionId),
        eq(payments.status, 'open'),
      ),
    )
    .orderBy(...NEWEST_FIRST)
    .limit(1);
  return row;
}

/** What the tenant has open, or of it what is for one subscription: a sum a currency. */
export function sumOpenPayments(
  db: DbOrTx,
  tenantId: string,
  stripeSubscriptionId?: string,
): Promise<{ amountMinor: number; currency: string }[]> {
  const { amountRemainingMinor, currency } = payments;
  return db
    .select({ amountMinor: sum(amountRemainingMinor).mapWith(Number), currency })
    .from(payments)
    .where(
      and(
        eq(payments.tenantId, tenantId),
        eq(payments.status, 'open'),
        stripeSubscriptionId === undefined
          ? undefined
          : eq(payments.stripeSubscriptionId, stripeSubscriptionId),
      ),
    )
    .groupBy(currency)
    .orderBy(currency);
}

/** In what a subscription is billed: as its next invoice, else as its newest. */
export async function findCurrencyOf(
  db: DbOrTx,
  { nextInvoiceCurrency, stripeSubscriptionId }: Subscription,
): Promise<string | null> {
  if (nextInvoiceCurrency) return nextInvoiceCurrency;
  const [row] = await db
    .select({ currency: payments.currency })
    .from(payments)
    .where(eq(payments.stripeSubscriptionId, stripeSubscriptionId))
    .orderBy(...NEWEST_FIRST)
    .limit(1);
  return row?.currency ?? null;
}

/**
 * A page of the tenant's invoices, newest first; drafts are not shown. `before` is the last one seen,
 * by id: nothing comes after one that is not the tenant's.
 */
export function listPayments(
  db: DbOrTx,
  tenantId: string,
  options: { limit: number; before: string | undefined },
): Promise<Payment[]> {
  const { limit, before } = options;
  return db
    .select()
    .from(payments)
    .where(
      and(
        eq(payments.tenantId, tenantId),
        inArray(payments.status, ['open', 'paid', 'uncollectible', 'void']),
        before === undefined
          ? undefined
          : sql`(${sql.join([...NEWNESS], sql`, `)}) < (${db
              .select({
                createdAt: NEWNESS[0],
                length: sql`${NEWNESS[1]}`.as('length'),
                number: sql`${NEWNESS[2]}`.as('number'),
                id: NEWNESS[3],
              })
              .from(payments)
              .where(and(eq(payments.id, before), eq(payments.tenantId, tenantId)))})`,
      ),
    )
    .orderBy(...NEWEST_FIRST)
    .limit(limit);
}

/** The payment that a charge, or the intent behind it, belongs to. */
export async function findPaymentOfCharge(
  db: DbOrTx,
  charge: { chargeId: string; paymentIntentId: string | null },
): Promise<Payment | undefined> {
  const byIntent = charge.paymentIntentId
    ? eq(payments.stripePaymentIntentId, charge.paymentIntentId)
    : undefined;
  const [row] = await db
    .select()
    .from(payments)
    .where(or(eq(payments.stripeChargeId, charge.chargeId), byIntent))
    .limit(1);
  return row;
}
