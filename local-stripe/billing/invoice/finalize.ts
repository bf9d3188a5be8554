import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { createIntent } from '../payment/create-intent.ts';
import { balanceIn, changeBalance } from './balance.ts';
import type { BalanceEntry } from './balance.ts';
import { customerSnapshot } from './draft.ts';
import { linkPayment } from './payments.ts';
import { finalRendering } from './rendering.ts';
import { subscriptionOf } from './subscription-of.ts';
import { finalTaxes } from './tax.ts';
import { totalsOf } from './totals.ts';

/**
 * Makes a draft final: its number, its taxes, what the customer's balance takes over, status `open`. Announced;
 * nothing is charged yet.
 */
export function finalizeInvoice(
  ctx: Context,
  draft: Stripe.Invoice,
  { appliesBalance = true }: { appliesBalance?: boolean } = {},
): Stripe.Invoice {
  if (draft.status !== 'draft') {
    throw invalidRequest(
      "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
      undefined,
      'invoice_not_editable',
    );
  }
  const customer = ctx.store.get('customer', idOf(draft.customer!));
  const sequence = customer.next_invoice_sequence ?? 1;
  if (draft.number === null) {
    ctx.store.put('customer', { ...customer, next_invoice_sequence: sequence + 1 });
  }
  const { currency } = draft;
  const balance = appliesBalance ? balanceIn(ctx, customer, currency) : 0;
  const { automatic_tax, lines } = finalTaxes(ctx, draft, customer);
  const totals = totalsOf(ctx, lines.data, balance, currency);
  const entries = balanceEntries(totals.total, balance, totals.amount_due);
  const invoice = ctx.store.put('invoice', {
    ...draft,
    ...customerSnapshot(ctx, customer),
    automatic_tax,
    lines,
    ...totals,
    status: 'open',
    number: draft.number ?? `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`,
    effective_at: draft.effective_at ?? ctx.now,
    starting_balance: balance,
    ending_balance: entries.reduce((sum, { amount }) => sum + amount, balance),
    automatically_finalizes_at: null,
    next_payment_attempt: null,
    rendering: finalRendering(draft.rendering),
    webhooks_delivered_at: draft.webhooks_delivered_at ?? ctx.now,
    status_transitions: { ...draft.status_transitions, finalized_at: ctx.now },
  });
  ctx.unschedule('invoice.finalize', draft.id);
  ctx.emit('invoice.finalized', invoice);
  if (automatic_tax.disabled_reason !== null) ctx.follow('invoice.tax_disabled', { invoice });
  for (const entry of entries) {
    const current = ctx.store.get('customer', customer.id);
    changeBalance(ctx, current, { ...entry, currency, invoice: invoice.id });
  }
  return invoice;
}

/**
 * How the balance moves: credit is used up, a debt is collected, a negative total becomes credit.
 * What is left and too little to be charged becomes a debt.
 */
function balanceEntries(
  total: number,
  balance: number,
  due: number,
): Pick<BalanceEntry, 'amount' | 'type'>[] {
  const left = total + balance;
  const taken = left < 0 ? total : -balance;
  const entries: Pick<BalanceEntry, 'amount' | 'type'>[] = [
    { amount: taken, type: 'applied_to_invoice' },
    { amount: left > 0 && due === 0 ? left : 0, type: 'invoice_too_small' },
  ];
  return entries.filter(({ amount }) => amount !== 0);
}

/** The payment intent through which an open invoice is paid: made when it is first needed. */
export function ensureIntent(ctx: Context, invoice: Stripe.Invoice): Stripe.PaymentIntent {
  for (const payment of ctx.store.by('invoice_payment', 'invoice', invoice.id)) {
    if (payment.status !== 'open' || payment.payment.type !== 'payment_intent') continue;
    return ctx.store.get('payment_intent', idOf(payment.payment.payment_intent!));
  }
  const intent = createIntent(ctx, {
    amount: invoice.amount_remaining,
    currency: invoice.currency,
    customer: idOf(invoice.customer!),
    description: intentDescription(ctx, invoice),
    setupFutureUsage: isWithCustomer(invoice) ? 'off_session' : null,
    captureMethod: 'automatic',
    ...(subscriptionOf(ctx, invoice) === null ? {} : { invoice: invoice.id }),
  });
  linkPayment(ctx, invoice, intent);
  return intent;
}

/** The customer is there when a subscription begins or is changed: the card is kept for what follows. */
function isWithCustomer({ billing_reason: reason }: Stripe.Invoice): boolean {
  return reason === 'subscription_create' || reason === 'subscription_update';
}

function intentDescription(ctx: Context, invoice: Stripe.Invoice): string {
  if (subscriptionOf(ctx, invoice) === null) return 'Payment for Invoice';
  return invoice.billing_reason === 'subscription_create'
    ? 'Subscription creation'
    : 'Subscription update';
}
