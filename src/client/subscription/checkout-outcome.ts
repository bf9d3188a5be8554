import type { PaymentView, SubscriptionOverview } from '../../domain/api.ts';

/** Where a payment stands, as far as the server has confirmed it. */
export type CheckoutOutcome =
  | { kind: 'waiting' }
  | { kind: 'active' }
  | { kind: 'authenticate'; payUrl: string | null }
  | { kind: 'failed'; payUrl: string | null }
  | { kind: 'trialUsed' }
  | { kind: 'processing' };

export const POLL_INTERVAL_MS = 2_000;
export const POLL_FOR_MS = 30_000;

/** Stripe's decline codes that ask for the customer's presence instead of another card. */
const AUTHENTICATION = /authentication|requires_action/;

/**
 * Judges by what the server says, never by the address: only a paid plan that is active (or on
 * trial) is a success.
 */
export function judgeCheckout(
  overview: Pick<SubscriptionOverview, 'subscription'>,
  payments: readonly PaymentView[],
): CheckoutOutcome {
  const { subscription } = overview;
  const isRunning = subscription.status === 'active' || subscription.status === 'trialing';
  if (subscription.plan !== 'free' && isRunning) return { kind: 'active' };

  if (subscription.endReason === 'trial_used') return { kind: 'trialUsed' };

  const latest = payments[0];
  // One that was voided is of an earlier try: it can give nothing any more, and is never offered.
  if (latest?.status === 'open' && latest.failure) {
    const payUrl = subscription.pastDue?.payUrl ?? latest.hostedInvoiceUrl;
    return AUTHENTICATION.test(latest.failure.code)
      ? { kind: 'authenticate', payUrl }
      : { kind: 'failed', payUrl };
  }
  if (subscription.status === 'past_due') return { kind: 'processing' };
  return { kind: 'waiting' };
}
