import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { recordBalance } from './booking.ts';

/** Takes money that was only held, or a part of it; the rest is let go. */
export function captureIntent(
  ctx: Context,
  before: Stripe.PaymentIntent,
  amount = before.amount_capturable,
): Stripe.PaymentIntent {
  if (before.status !== 'requires_capture') {
    throw invalidRequest(
      `This PaymentIntent could not be captured because it has a status of ${before.status}.`,
      undefined,
      'payment_intent_unexpected_state',
    );
  }
  if (amount < 1 || amount > before.amount_capturable) {
    throw invalidRequest(
      `The amount to capture must be between 1 and ${before.amount_capturable}.`,
      'amount_to_capture',
    );
  }
  const charge = ctx.store.get('charge', idOf(before.latest_charge!));
  const balance_transaction = recordBalance(ctx, {
    amount,
    currency: charge.currency,
    source: charge.id,
    type: 'charge',
    description: charge.description,
  });
  const captured = { ...charge, captured: true, amount_captured: amount, balance_transaction };
  ctx.store.put('charge', captured);
  ctx.emit('charge.captured', captured, { captured: false, amount_captured: 0 });
  const intent = ctx.store.put('payment_intent', {
    ...before,
    status: 'succeeded',
    amount_capturable: 0,
    amount_received: amount,
  });
  ctx.emit('payment_intent.succeeded', intent);
  return intent;
}
