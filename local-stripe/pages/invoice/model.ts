import type Stripe from 'stripe';
import { isTooSmall } from '../../billing/payment/amount-limits.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { laterExpiry } from '../card-form.ts';
import type { FieldErrors, FormValues } from '../card-form.ts';
import { cardName } from '../card-name.ts';
import { couponText } from '../coupon-text.ts';
import type { Page } from '../page.ts';
import { isReverseCharged, taxRows } from '../tax-rows.ts';
import { lineText } from './line-text.ts';
import type { InvoiceLineView, InvoicePaymentView, InvoiceView } from './view.ts';

/** A draft is not the customer's to see yet. */
export function isShown(invoice: Stripe.Invoice | undefined): invoice is Stripe.Invoice {
  return invoice !== undefined && invoice.status !== 'draft';
}

/** What was typed, what is wrong with it, and why the last attempt failed. */
export interface InvoiceAttempt {
  values: FormValues;
  errors: FieldErrors;
  failure: string | null;
}

export function invoiceView(
  ctx: Context,
  page: Page,
  invoice: Stripe.Invoice,
  attempt: InvoiceAttempt,
): InvoiceView {
  const { words, money } = page;
  const { currency } = invoice;
  const status = invoice.status ?? 'open';
  const isPayable = status === 'open' || status === 'uncollectible';
  // Of a void invoice nothing is due any more.
  const due = isPayable ? invoice.amount_remaining : 0;
  return {
    page,
    path: `/i/${invoice.id}`,
    pdfUrl: `/i/${invoice.id}/pdf`,
    merchant: invoice.account_name ?? ctx.businessName,
    number: invoice.number ?? invoice.id,
    status,
    statusLabel: words.invoice.statuses[status] ?? status,
    facts: factsOf(page, invoice),
    billTo: billTo(invoice),
    note: noteOf(page, invoice, due),
    footer: invoice.footer,
    lines: invoice.lines.data.map((line) => lineView(page, line)),
    totals: totalsOf(ctx, page, invoice),
    headline:
      status === 'paid'
        ? { figure: money(invoice.total, currency), text: words.invoice.paidTitle }
        : { figure: money(due, currency), text: words.invoice.dueAmount },
    payment: due > 0 && !isTooSmall(due, currency) ? paymentOf(ctx, page, invoice, attempt) : null,
  };
}

function noteOf({ words }: Page, invoice: Stripe.Invoice, due: number): string | null {
  if (due > 0 && isTooSmall(due, invoice.currency)) return words.invoice.tooLittle;
  return isReverseCharged(invoice.total_taxes ?? []) ? words.tax.reverseChargeText : null;
}

function factsOf(page: Page, invoice: Stripe.Invoice): InvoiceView['facts'] {
  const { words, date } = page;
  const transitions = invoice.status_transitions;
  return [
    { label: words.invoice.number, value: invoice.number ?? words.invoice.draft },
    {
      label: words.invoice.issued,
      value: date(invoice.effective_at ?? transitions.finalized_at ?? invoice.created),
    },
    ...(invoice.due_date === null
      ? []
      : [{ label: words.invoice.due, value: date(invoice.due_date) }]),
    ...(transitions.paid_at === null
      ? []
      : [{ label: words.invoice.paidOn, value: date(transitions.paid_at) }]),
  ];
}

function billTo(invoice: Stripe.Invoice): string[] {
  const address = invoice.customer_address;
  return [
    invoice.customer_name,
    invoice.customer_email,
    address?.line1,
    [address?.postal_code, address?.city].filter(Boolean).join(' '),
    address?.country,
    ...(invoice.customer_tax_ids ?? []).map(({ type, value }) => `${taxIdName(type)} ${value}`),
  ].filter((line): line is string => typeof line === 'string' && line !== '');
}

/** `EU VAT`, `GB VAT`: as the id's kind is written. */
function taxIdName(type: string): string {
  return type.replaceAll('_', ' ').toUpperCase();
}

function lineView(page: Page, line: Stripe.InvoiceLineItem): InvoiceLineView {
  const unit = line.pricing?.unit_amount_decimal ?? null;
  const { start, end } = line.period;
  return {
    description: lineText(page, line.description ?? ''),
    period: start === end ? null : `${page.date(start)} – ${page.date(end)}`,
    quantity: String(line.quantity ?? 1),
    unitPrice: unit === null ? '' : page.money(Math.round(Number(unit)), line.currency),
    amount: page.money(line.amount, line.currency),
  };
}

function totalsOf(ctx: Context, page: Page, invoice: Stripe.Invoice): InvoiceView['totals'] {
  const { words } = page;
  const money = (amount: number): string => page.money(amount, invoice.currency);
  const applied = invoice.total - invoice.amount_due;
  const listed = invoice.lines.data.reduce((sum, { amount }) => sum + amount, 0);
  return [
    { label: words.invoice.subtotal, value: money(listed), strong: false },
    ...(invoice.total_discount_amounts ?? []).map(({ amount, discount }) => ({
      label: discountLabel(ctx, page, idOf(discount), invoice.currency),
      value: money(-amount),
      strong: false,
    })),
    ...taxRows(ctx, page, invoice.total_taxes ?? [], invoice.currency).map((row) => ({
      ...row,
      strong: false,
    })),
    { label: words.invoice.total, value: money(invoice.total), strong: false },
    ...(applied === 0
      ? []
      : [{ label: words.invoice.applied, value: money(-applied), strong: false }]),
    ...(invoice.amount_paid === 0
      ? []
      : [{ label: words.invoice.paid, value: money(invoice.amount_paid), strong: false }]),
    {
      label: words.invoice.dueAmount,
      value: money(invoice.status === 'void' ? 0 : invoice.amount_remaining),
      strong: true,
    },
  ];
}

function discountLabel(ctx: Context, page: Page, id: string, currency: string): string {
  const discount = ctx.store.find('discount', id);
  const coupon = ctx.store.find('coupon', idOrNull(discount?.source.coupon) ?? '');
  return coupon === undefined ? page.words.invoice.discount : couponText(page, coupon, currency);
}

function paymentOf(
  ctx: Context,
  page: Page,
  invoice: Stripe.Invoice,
  attempt: InvoiceAttempt,
): InvoicePaymentView {
  const method = savedCard(ctx, invoice);
  const intent = openIntent(ctx, invoice);
  const needsChallenge = intent?.status === 'requires_action';
  return {
    amount: page.money(invoice.amount_remaining, invoice.currency),
    savedCard: method === null ? null : cardName(page, method),
    challengeUrl: needsChallenge ? `/3ds/${intent.id}` : null,
    failure: attempt.failure ?? earlierFailure(page, intent),
    values: attempt.values,
    errors: attempt.errors,
    testExpiry: laterExpiry(ctx.now),
  };
}

/** The card on file that the invoice would be charged to. */
export function savedCard(ctx: Context, invoice: Stripe.Invoice): Stripe.PaymentMethod | null {
  const customer = ctx.store.find('customer', idOrNull(invoice.customer) ?? '');
  const subscription = ctx.store.find(
    'subscription',
    idOrNull(invoice.parent?.subscription_details?.subscription) ?? '',
  );
  const id =
    idOrNull(invoice.default_payment_method) ??
    idOrNull(subscription?.default_payment_method) ??
    idOrNull(customer?.invoice_settings.default_payment_method);
  return id === null ? null : (ctx.store.find('payment_method', id) ?? null);
}

function openIntent(ctx: Context, invoice: Stripe.Invoice): Stripe.PaymentIntent | null {
  for (const payment of ctx.store.by('invoice_payment', 'invoice', invoice.id)) {
    const id = payment.status === 'open' ? idOrNull(payment.payment.payment_intent) : null;
    if (id !== null) return ctx.store.get('payment_intent', id);
  }
  return null;
}

function earlierFailure(page: Page, intent: Stripe.PaymentIntent | null): string | null {
  const error = intent?.last_payment_error ?? null;
  if (error === null) return null;
  const { declines } = page.words.card;
  const text =
    declines[error.decline_code ?? ''] ?? declines[error.code ?? ''] ?? error.message ?? '';
  return page.words.invoice.failedBefore(text);
}
