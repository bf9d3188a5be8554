import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { markPaid } from '../invoice/pay.ts';
import { defaultPayment, dropPayment } from '../invoice/payments.ts';
import { isTooSmall } from '../payment/amount-limits.ts';
import { cancelIntent } from '../payment/intent.ts';

/** What a note does to its invoice: less is owed, and an open one that owes nothing more is paid. */
export function creditInvoice(ctx: Context, id: string, before: number, after: number): void {
  const invoice = ctx.store.get('invoice', id);
  const changed = ctx.update(
    'invoice',
    invoice,
    {
      amount_due: invoice.amount_due - before,
      amount_remaining: invoice.amount_remaining - before,
      pre_payment_credit_notes_amount: invoice.pre_payment_credit_notes_amount + before,
      post_payment_credit_notes_amount: invoice.post_payment_credit_notes_amount + after,
    },
    'invoice.updated',
  );
  if (before === 0) return;
  askFor(ctx, changed);
  if (changed.status === 'open' && changed.amount_remaining === 0) {
    markPaid(ctx, changed, { isAutomatic: false, isCredited: true });
  }
}

/** `POST /v1/credit_notes/:id/void`: the invoice owes it again. Only while nobody has paid. */
export function voidCreditNote(ctx: Context, note: Stripe.CreditNote): Stripe.CreditNote {
  if (note.status === 'void') {
    throw invalidRequest('This credit note has already been voided.');
  }
  const invoice = ctx.store.get('invoice', idOf(note.invoice));
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    throw invalidRequest(
      `You can only void a credit note of an open invoice: this one is ${invoice.status}.`,
    );
  }
  const voided = ctx.store.put('credit_note', { ...note, status: 'void', voided_at: ctx.now });
  ctx.emit('credit_note.voided', voided);
  const amount = note.pre_payment_amount;
  const owing = ctx.update(
    'invoice',
    invoice,
    {
      amount_due: invoice.amount_due + amount,
      amount_remaining: invoice.amount_remaining + amount,
      pre_payment_credit_notes_amount: invoice.pre_payment_credit_notes_amount - amount,
    },
    'invoice.updated',
  );
  askFor(ctx, owing);
  return voided;
}

/** The payment that is waited for is of what remains; what is too little for one waits for none. */
function askFor(ctx: Context, invoice: Stripe.Invoice): void {
  const payment = defaultPayment(ctx, invoice.id);
  const { amount_remaining: amount, currency } = invoice;
  if (payment?.status !== 'open' || amount === 0) return;
  if (isTooSmall(amount, currency)) {
    cancelIntent(ctx, dropPayment(ctx, invoice.id)!, 'automatic');
    return;
  }
  ctx.store.put('invoice_payment', { ...payment, amount_requested: amount });
  const intent = ctx.store.get('payment_intent', idOf(payment.payment.payment_intent!));
  ctx.update('payment_intent', intent, { amount });
}
