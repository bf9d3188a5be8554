import type Stripe from 'stripe';
import { invoicePurchase } from './purchase-invoice.ts';
import { settleIntent } from '../billing/payment/intent.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { orderOf } from './order.ts';
import { nobody } from './row.ts';

/**
 * Due work: a wallet says what became of a payment that was `processing`. A Checkout session it
 * belongs to is paid now, or stays `unpaid` for good; both are told.
 */
export function settleDelayed(ctx: Context, id: string, outcome: 'succeeded' | 'failed'): void {
  const intent = settleIntent(ctx, id, outcome);
  if (intent === null) return;
  const [session] = ctx.store.by('checkout.session', 'payment_intent', id);
  if (session === undefined) return;
  if (outcome === 'failed') {
    ctx.emit('checkout.session.async_payment_failed', session);
    return;
  }
  const paid = ctx.store.put('checkout.session', {
    ...session,
    payment_status: 'paid',
    invoice: invoiceFor(ctx, session, intent),
  });
  ctx.emit('checkout.session.async_payment_succeeded', paid);
}

function invoiceFor(
  ctx: Context,
  session: Stripe.Checkout.Session,
  intent: Stripe.PaymentIntent,
): string | null {
  const row = ctx.store.get('_checkout', session.id);
  const order = orderOf(ctx, session, row, row.payer ?? nobody);
  const customer = idOrNull(session.customer);
  if (order.payment === null || order.payment.invoice === null || customer === null) return null;
  // They were deleted while the wallet took its time.
  if (ctx.store.find('customer', customer) === undefined) return null;
  return invoicePurchase(ctx, customer, order, intent).id;
}
