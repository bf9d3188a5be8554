import { atEnd } from '../at-end.ts';
import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';

/** Joins a payment intent to the invoice it pays. */
export function linkPayment(
  ctx: Context,
  invoice: Stripe.Invoice,
  intent: Stripe.PaymentIntent,
): Stripe.InvoicePayment {
  return ctx.store.put('invoice_payment', {
    id: ctx.newId('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: intent.amount,
    created: ctx.now,
    currency: intent.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  });
}

/** The invoice that a payment intent pays, or null. */
export function invoiceOfIntent(ctx: Context, intent: string): Stripe.Invoice | null {
  const [payment] = ctx.store.by('invoice_payment', 'payment_intent', intent);
  return payment === undefined ? null : ctx.store.get('invoice', idOf(payment.invoice));
}

/** The payment of an invoice that counts: the default one that is not canceled. */
export function defaultPayment(ctx: Context, invoice: string): Stripe.InvoicePayment | null {
  const payments = ctx.store.by('invoice_payment', 'invoice', invoice);
  return payments.find(({ status, is_default }) => is_default && status !== 'canceled') ?? null;
}

/** Marks the payment as made; announced last of all, as Stripe does some seconds later. */
export function settlePayment(ctx: Context, invoice: string): void {
  const payment = defaultPayment(ctx, invoice);
  if (payment === null || payment.status !== 'open') return;
  const paid = ctx.store.put('invoice_payment', {
    ...payment,
    amount_paid: payment.amount_requested,
    status: 'paid',
    status_transitions: { ...payment.status_transitions, paid_at: ctx.now },
  });
  ctx.atEnd(atEnd.invoicePayment, paid.id, () => ctx.emit('invoice_payment.paid', paid));
}

/** Calls an open payment off, because the invoice was voided or paid otherwise. */
export function dropPayment(ctx: Context, invoice: string): Stripe.PaymentIntent | null {
  const payment = defaultPayment(ctx, invoice);
  if (payment === null || payment.status !== 'open') return null;
  ctx.store.put('invoice_payment', {
    ...payment,
    status: 'canceled',
    status_transitions: { ...payment.status_transitions, canceled_at: ctx.now },
  });
  return ctx.store.get('payment_intent', idOf(payment.payment.payment_intent!));
}

/** The charge that paid an invoice, or null. */
export function chargeOfInvoice(ctx: Context, invoice: string): Stripe.Charge | null {
  const payment = defaultPayment(ctx, invoice);
  if (payment?.status !== 'paid') return null;
  const intent = ctx.store.get('payment_intent', idOf(payment.payment.payment_intent!));
  return intent.latest_charge === null ? null : ctx.store.get('charge', idOf(intent.latest_charge));
}
