import { z } from 'zod';
import { expanded, idOf, idOrNull, instantOrNull, seconds, toDate } from './schemas.ts';

/** The one reader of Stripe's invoices: what we use of them, checked. */

const INVOICE_STATUSES = ['draft', 'open', 'paid', 'uncollectible', 'void'] as const;

const sum = (parts: readonly { amount: number }[]) =>
  parts.reduce((all, { amount }) => all + amount, 0);

const summed = z
  .array(z.object({ amount: z.number().int() }))
  .nullish()
  .transform((parts) => sum(parts ?? []));

/** Taxes: all of them, and what of them comes on top of the prices. */
const taxes = z
  .array(z.object({ amount: z.number().int(), tax_behavior: z.string() }))
  .nullish()
  .transform((given) => {
    const added = (given ?? []).filter((one) => one.tax_behavior === 'exclusive');
    return { all: sum(given ?? []), added: sum(added) };
  });

const fromBalance = (before: number, after: number | null | undefined) =>
  Math.max(0, (after ?? before) - before);

const line = z.object({
  amount: z.number().int(),
  discount_amounts: summed,
  taxes,
  description: z.string().nullish(),
  period: z.object({ start: seconds, end: seconds }),
  parent: z
    .object({
      subscription_item_details: z.object({ proration: z.boolean() }).nullish(),
      invoice_item_details: z
        .object({ proration: z.boolean(), subscription: z.string().nullish() })
        .nullish(),
    })
    .nullish(),
});

const paymentIntent = z.object({
  id: z.string(),
  status: z.string(),
  latest_charge: idOrNull,
  last_payment_error: z
    .object({
      code: z.string().nullish(),
      decline_code: z.string().nullish(),
      message: z.string().nullish(),
    })
    .nullish(),
});

const payment = z.object({
  is_default: z.boolean(),
  payment: z.object({
    type: z.string(),
    payment_intent: expanded(paymentIntent),
    charge: idOrNull,
  }),
});

/** What is said of a customer who is expanded; one who was deleted stays on the invoices. */
const payer = z.union([
  z.string().transform((id) => ({ id, deleted: false })),
  z.object({ id: z.string(), deleted: z.boolean().default(false) }),
]);

const invoiceBase = z.object({
  customer: payer,
  currency: z.string(),
  amount_due: z.number().int(),
  amount_paid: z.number().int(),
  amount_remaining: z.number().int(),
  total: z.number().int(),
  starting_balance: z.number().int(),
  billing_reason: z.string().nullish(),
  total_taxes: taxes,
  total_discount_amounts: z.array(z.object({ amount: z.number().int(), discount: idOf })).nullish(),
  lines: z.object({ data: z.array(line), has_more: z.boolean() }),
  period_start: seconds,
  period_end: seconds,
  next_payment_attempt: instantOrNull,
  parent: z.object({ subscription_details: z.object({ subscription: idOf }).nullish() }).nullish(),
});

const invoice = invoiceBase
  .extend({
    id: z.string(),
    status: z.enum(INVOICE_STATUSES),
    number: z.string().nullish(),
    created: seconds,
    attempt_count: z.number().int(),
    ending_balance: z.number().int().nullish(),
    default_payment_method: idOrNull,
    pre_payment_credit_notes_amount: z.number().int().default(0),
    post_payment_credit_notes_amount: z.number().int().default(0),
    hosted_invoice_url: z.string().nullish(),
    invoice_pdf: z.string().nullish(),
    status_transitions: z.object({ paid_at: instantOrNull, finalized_at: instantOrNull }),
    due_date: instantOrNull,
    automatic_tax: z.object({ enabled: z.boolean() }).nullish(),
    payments: z.object({ data: z.array(payment) }).nullish(),
  })
  .transform((i) => {
    const attempts = i.payments?.data ?? [];
    const current = attempts.find((one) => one.is_default) ?? attempts.at(-1);
    const intent = current?.payment.payment_intent ?? null;
    return {
      id: i.id,
      customerId: i.customer.id,
      /** Known where the invoice was asked for by its id. */
      isCustomerDeleted: i.customer.deleted,
      subscriptionId: i.parent?.subscription_details?.subscription ?? null,
      status: i.status,
      number: i.number ?? null,
      reason: i.billing_reason ?? null,
      currency: i.currency,
      amountDueMinor: i.amount_due,
      amountPaidMinor: i.amount_paid,
      amountRemainingMinor: i.amount_remaining,
      /** What Stripe took of what it held for the customer; a void one gives it back. */
      fromBalanceMinor: i.status === 'void' ? 0 : fromBalance(i.starting_balance, i.ending_balance),
      /** Credit notes took all of it, and no money was paid for it; Stripe calls it paid. */
      isCredited:
        i.total > 0 &&
        i.amount_paid === 0 &&
        i.pre_payment_credit_notes_amount + i.post_payment_credit_notes_amount >= i.total,
      /** Of credit notes altogether. */
      notedMinor: i.pre_payment_credit_notes_amount + i.post_payment_credit_notes_amount,
      /** What credit notes gave back after it was paid, in whatever way. */
      creditedMinor: i.post_payment_credit_notes_amount,
      /** Stripe works out the tax: each line has to say then whether it is in the amount. */
      isTaxAutomatic: i.automatic_tax?.enabled ?? false,
      taxMinor: i.total_taxes.all,
      /** What is billed, with taxes, before credit notes and the customer's balance. */
      totalMinor: i.total,
      /** The same without taxes that come on top. */
      beforeTaxMinor: i.total - i.total_taxes.added,
      ...servicePeriod(i),
      paidAt: i.status_transitions.paid_at,
      /** Since when the money is wanted: invoices that are sent give time to pay. */
      owedSince: i.due_date ?? i.status_transitions.finalized_at ?? toDate(i.created),
      attemptCount: i.attempt_count,
      /** What it is charged to in place of what the customer has saved. */
      paymentMethodId: i.default_payment_method,
      nextAttemptAt: i.next_payment_attempt,
      hostedInvoiceUrl: i.hosted_invoice_url ?? null,
      invoicePdf: i.invoice_pdf ?? null,
      createdAt: toDate(i.created),
      paymentIntentId: intent?.id ?? null,
      chargeId: intent?.latest_charge ?? current?.payment.charge ?? null,
      requiresAction: intent?.status === 'requires_action',
      /** It was paid, and whether the money comes is not known yet. */
      isProcessing: intent?.status === 'processing',
      failure: failureOf(i.status, i.billing_reason, intent),
    };
  });

export type InvoiceSnapshot = z.output<typeof invoice>;

export const INVOICE_EXPAND = ['payments.data.payment.payment_intent'];

export function readInvoice(answer: unknown): InvoiceSnapshot {
  return invoice.parse(answer);
}

/**
 * What the invoice is for: the period of its subscription line (the invoice's own period is that
 * of the usage before it), else of everything on it.
 */
function servicePeriod(i: z.output<typeof invoiceBase>): { periodStart: Date; periodEnd: Date } {
  const service = i.lines.data.filter((one) => !isProration(one));
  const periods = (service.length > 0 ? service : i.lines.data).map((one) => one.period);
  const start = Math.min(...periods.map((p) => p.start));
  const end = Math.max(...periods.map((p) => p.end));
  return Number.isFinite(start) && Number.isFinite(end)
    ? { periodStart: toDate(start), periodEnd: toDate(end) }
    : { periodStart: toDate(i.period_start), periodEnd: toDate(i.period_end) };
}

function isProration(one: z.output<typeof line>): boolean {
  const details = one.parent?.subscription_item_details ?? one.parent?.invoice_item_details;
  return details?.proration ?? false;
}

/**
 * Why it is not paid. Nobody is there when a renewal is charged: one for which the bank asks has failed until
 * somebody confirms it, and Stripe keeps no error with it then.
 */
function failureOf(
  status: string,
  reason: string | null | undefined,
  intent: z.output<typeof paymentIntent> | null,
): { code: string; message: string } | null {
  if (status === 'paid' || status === 'void') return null;
  const error = intent?.last_payment_error;
  if (!error && reason === 'subscription_cycle' && intent?.status === 'requires_action') {
    return { code: 'authentication_required', message: 'The bank wants the payment confirmed.' };
  }
  if (!error) return null;
  const code = error.decline_code ?? error.code ?? 'payment_failed';
  return { code, message: error.message ?? 'The payment failed.' };
}

const preview = invoiceBase.transform((i) => ({
  currency: i.currency,
  amountDueMinor: i.amount_due,
  /** Before the customer's balance; negative where more is credited than charged. */
  totalMinor: i.total,
  /** The customer's balance before it; credit is negative, as Stripe writes it. */
  balanceMinor: i.starting_balance,
  /** Of taxes that are in the prices the sums say nothing. */
  addedTaxMinor: i.total_taxes.added,
  discountMinor: sum(i.total_discount_amounts ?? []),
  /** Which took something off. */
  discountIds: (i.total_discount_amounts ?? []).flatMap(({ amount, discount }) =>
    amount > 0 ? discount : [],
  ),
  /** What of the total are charges that waited for whichever invoice comes next. */
  waitedMinor: i.lines.data
    .filter((one) => one.parent?.invoice_item_details && !isProration(one))
    .reduce((all, one) => all + one.amount - one.discount_amounts + one.taxes.added, 0),
  hasMoreLines: i.lines.has_more,
  nextPaymentAttempt: i.next_payment_attempt,
  periodEnd: toDate(i.period_end),
  lines: i.lines.data.map((one) => ({
    description: one.description ?? '',
    amountMinor: one.amount,
    proration: isProration(one),
    periodStart: toDate(one.period.start),
    periodEnd: toDate(one.period.end),
  })),
}));

export type InvoicePreview = z.output<typeof preview>;

/** An invoice that was only asked for, and will not be sent. */
export function readPreview(answer: unknown): InvoicePreview {
  return preview.parse(answer);
}
