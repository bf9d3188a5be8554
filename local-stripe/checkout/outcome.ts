import type Stripe from 'stripe';
import { errorOf } from '../billing/payment/card-entry.ts';
import { challengeUrl } from '../billing/payment/next-action.ts';
import type { Context } from '../kernel/types.ts';
import type { CheckoutResult } from './ordered.ts';

export function waitingFor(ctx: Context, intent: string): CheckoutResult {
  return { status: 'requires_action', intent, challengeUrl: challengeUrl(ctx, intent) };
}

export function declinedBy({ id, last_payment_error }: Stripe.PaymentIntent): CheckoutResult {
  return { status: 'declined', intent: id, error: errorOf(last_payment_error!) };
}

export function refusedBy({ id, last_setup_error }: Stripe.SetupIntent): CheckoutResult {
  return { status: 'declined', intent: id, error: errorOf(last_setup_error!) };
}
