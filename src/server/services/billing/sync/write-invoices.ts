import type { Tx } from '../../../../db/client.ts';
import {
  findStatuses,
  listOpenInvoices,
} from '../../../../db/repositories/billing/payments/invoice.repository.ts';
import {
  findPaymentByInvoice,
  upsertPayments,
  type InvoiceValues,
} from '../../../../db/repositories/billing/payments/payment.repository.ts';
import type { Subscription, Tenant } from '../../../../db/schema/index.ts';
import type { CustomerBilling } from '../../stripe/customers.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';
import type { StripeService } from '../../stripe.service.ts';
import { writeGivenBack } from './write-charges.ts';

/** Invoices by id, or the customer's newest hundred. */
export type InvoiceScope = readonly string[] | 'newest';

/** Older debts, and invoices not seen before, looked at in a sync; there are seldom two. */
const OPEN_MAX = 10;

/**
 * Writes payments as their invoices stand at Stripe now: those of `scope`, and always what is open, the
 * newest of a subscription and older ones, because they say what is owed, or what a change waits for, and
 * where to pay; and the newest of a subscription that we know otherwise or not at all, as when the event
 * of the first one was lost.
 */
export async function writeInvoices(
  deps: { stripe: StripeService },
  tx: Tx,
  found: {
    tenant: Tenant;
    billing: CustomerBilling;
    rows: readonly Subscription[];
    scope: InvoiceScope | undefined;
    now: Date;
  },
): Promise<InvoiceSnapshot[]> {
  const { tenant, billing, rows, scope, now } = found;
  const customerId = billing.customer.id;
  const invoices = scope === 'newest' ? await deps.stripe.listInvoices(customerId, 100) : [];
  const known = await listOpenInvoices(tx, { tenantId: tenant.id, customerId, limit: OPEN_MAX });
  const wanted = new Set([
    ...(scope === 'newest' ? [] : (scope ?? [])),
    ...(await newestToRead(tx, billing)),
    ...known,
  ]);
  for (const id of wanted) {
    if (invoices.some((one) => one.id === id)) continue;
    const invoice = await deps.stripe.findInvoice(id);
    // Never another customer's, whatever an event claimed.
    if (invoice?.customerId === customerId) invoices.push(invoice);
  }
  const values = new Map(
    invoices.map((invoice) => {
      const row = rows.find((one) => one.stripeSubscriptionId === invoice.subscriptionId);
      return [invoice.id, paymentValues(tenant.id, row?.id ?? null, invoice, now)] as const;
    }),
  );
  await upsertPayments(tx, [...values.values()]);
  for (const { id, creditedMinor } of invoices) {
    if (creditedMinor === 0) continue;
    const payment = (await findPaymentByInvoice(tx, id))!;
    await writeGivenBack(tx, payment, await deps.stripe.listCreditNotes(id), now);
  }
  return invoices;
}

/** Of each subscription the newest invoice, while it is open or stands otherwise here than at Stripe. */
async function newestToRead(tx: Tx, { subscriptions }: CustomerBilling): Promise<string[]> {
  const newest = subscriptions
    .flatMap(({ latestInvoice }) => latestInvoice ?? [])
    .filter(({ status }) => status !== 'draft');
  const known = await findStatuses(
    tx,
    newest.map(({ id }) => id),
  );
  const unlike = newest.filter(({ id, status }) => status !== known.get(id)).slice(0, OPEN_MAX);
  const open = newest.filter(({ status }) => status === 'open');
  return [...open, ...unlike].map(({ id }) => id);
}

function paymentValues(
  tenantId: string,
  subscriptionId: string | null,
  invoice: InvoiceSnapshot,
  now: Date,
): InvoiceValues {
  return {
    tenantId,
    subscriptionId,
    stripeInvoiceId: invoice.id,
    stripeSubscriptionId: invoice.subscriptionId,
    stripeCustomerId: invoice.customerId,
    stripePaymentIntentId: invoice.paymentIntentId,
    stripeChargeId: invoice.chargeId,
    number: invoice.number,
    status: invoice.status,
    amountDueMinor: invoice.amountDueMinor,
    amountPaidMinor: invoice.amountPaidMinor,
    amountRemainingMinor: invoice.amountRemainingMinor,
    totalMinor: invoice.totalMinor,
    fromBalanceMinor: invoice.fromBalanceMinor,
    taxMinor: invoice.taxMinor,
    currency: invoice.currency,
    reason: invoice.reason,
    periodStart: invoice.periodStart,
    periodEnd: invoice.periodEnd,
    paidAt: invoice.paidAt,
    attemptCount: invoice.attemptCount,
    nextAttemptAt: invoice.nextAttemptAt,
    failureCode: invoice.failure?.code ?? null,
    failureMessage: invoice.failure?.message ?? null,
    hostedInvoiceUrl: invoice.hostedInvoiceUrl,
    invoicePdf: invoice.invoicePdf,
    createdAt: invoice.createdAt,
    syncedAt: now,
  };
}
