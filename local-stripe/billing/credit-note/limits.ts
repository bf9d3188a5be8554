import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { chargeOfInvoice } from '../invoice/payments.ts';

/** What can still be credited of an invoice: its total less all notes, and less refunds beside them. */
export function creditableOf(ctx: Context, invoice: Stripe.Invoice): number {
  const charge = chargeOfInvoice(ctx, invoice.id);
  const refunds = charge === null ? [] : ctx.store.by('refund', 'charge', charge.id);
  const beside = refunds.reduce((sum, one) => sum + refundedOutside(ctx, invoice, one), 0);
  const noted = invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount;
  return Math.max(0, invoice.total - noted - beside);
}

/** The part of a refund that no credit note names. */
export function refundedOutside(
  ctx: Context,
  invoice: Stripe.Invoice,
  { id, amount, status }: Stripe.Refund,
): number {
  if (status === 'failed' || status === 'canceled') return 0;
  const named = ctx.store
    .by('credit_note', 'invoice', invoice.id)
    .filter((note) => note.status === 'issued')
    .flatMap(({ refunds }) => refunds)
    .filter(({ refund }) => idOf(refund) === id);
  return amount - named.reduce((sum, { amount_refunded }) => sum + amount_refunded, 0);
}
