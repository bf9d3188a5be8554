import { scheduleRetry } from './next-attempt.ts';
import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import { hardDeclines } from '../cards.ts';
import { isTooSmall } from '../payment/amount-limits.ts';
import { attemptInvoice, methodFor } from './pay.ts';
import { giveUpOneOff } from './give-up.ts';
import { defaultPayment } from './payments.ts';

const hardCodes = new Set(hardDeclines.map(({ declineCode }) => declineCode));

/** A retry fell due. Where it could do no better, for its card or its amount, it is counted and not made. */
export function retryInvoice(ctx: Context, id: string): void {
  const invoice = ctx.store.find('invoice', id);
  if (invoice?.status !== 'open' || !invoice.auto_advance) return;
  if (isHopeless(ctx, invoice)) passOver(ctx, invoice);
  else attemptInvoice(ctx, invoice, { isAutomatic: true });
}

function isHopeless(ctx: Context, invoice: Stripe.Invoice): boolean {
  // What credit notes have left.
  if (invoice.amount_remaining > 0 && isTooSmall(invoice.amount_remaining, invoice.currency)) {
    return true;
  }
  const method = methodFor(ctx, invoice);
  const payment = defaultPayment(ctx, invoice.id);
  if (method === null || payment === null) return invoice.attempted && method === null;
  const intent = ctx.store.get('payment_intent', idOf(payment.payment.payment_intent!));
  if (intent.status === 'requires_action') return idOrNull(intent.payment_method) === method;
  const latest = idOrNull(intent.latest_charge);
  const charge = latest === null ? undefined : ctx.store.get('charge', latest);
  const isHard = hardCodes.has(charge?.outcome?.reason ?? '');
  return isHard && charge?.payment_method === method;
}

function passOver(ctx: Context, before: Stripe.Invoice): void {
  const attempt_count = before.attempt_count + 1;
  const next = scheduleRetry(ctx, before, attempt_count);
  const patch = { attempt_count, next_payment_attempt: next };
  const invoice = ctx.update('invoice', before, patch, 'invoice.updated');
  if (next !== null) return;
  ctx.emit('invoice.payment_failed', invoice);
  ctx.follow('invoice.failed', { invoice, isFinal: true });
  giveUpOneOff(ctx, ctx.store.get('invoice', invoice.id));
}
