import { wantsConfirmation } from '../../domain/billing/payment-view.ts';
import type { CheckoutView, PaymentView, SubscriptionOverview } from '../../domain/api.ts';

/** Where a payment stands, as far as the server has confirmed it. */
export type CheckoutOutcome =
  | { kind: 'waiting' }
  | { kind: 'active' }
  | { kind: 'authenticate'; payUrl: string | null }
  | { kind: 'failed'; payUrl: string | null }
  | { kind: 'trialUsed' }
  | { kind: 'processing' }
  /** Nobody here opened such a checkout. */
  | { kind: 'notOurs' }
  | { kind: 'unpaid' }
  | { kind: 'expired' }
  | { kind: 'paid' };

/** What the server knows of the checkout: `not_ours` for one it does not know, `unknown` while nobody could say. */
export type CheckoutKnown = CheckoutView['state'] | 'not_ours';

/** The outcomes after which nothing more is to be waited for. */
export const DECIDED: ReadonlySet<CheckoutOutcome['kind']> = new Set([
  'active',
  'authenticate',
  'failed',
  'trialUsed',
  'notOurs',
  'expired',
]);

export const POLL_INTERVAL_MS = 2_000;
export const POLL_FOR_MS = 30_000;

/**
 * Judges by what the server says, never by the address: only a paid plan that is active (or on
 * trial) is a success, and only after a checkout that the server knows.
 */
export function judgeCheckout(
  overview: Pick<SubscriptionOverview, 'subscription'>,
  payments: readonly PaymentView[],
  known: CheckoutKnown,
): CheckoutOutcome {
  if (known === 'not_ours') return { kind: 'notOurs' };
  const { subscription } = overview;
  if (known !== 'open' && known !== 'expired') {
    const isRunning = subscription.status === 'active' || subscription.status === 'trialing';
    if (subscription.plan !== 'free' && isRunning) return { kind: 'active' };
    if (subscription.endReason === 'trial_used') return { kind: 'trialUsed' };
  }

  const latest = payments[0];
  // One that was voided is of an earlier try: it can give nothing any more, and is never offered.
  if (latest?.status === 'open' && latest.failure) {
    const payUrl = subscription.pastDue?.payUrl ?? latest.hostedInvoiceUrl;
    return wantsConfirmation(latest.failure.code)
      ? { kind: 'authenticate', payUrl }
      : { kind: 'failed', payUrl };
  }
  switch (known) {
    case 'open':
      return { kind: 'unpaid' };
    case 'expired':
      return { kind: 'expired' };
    case 'paid':
      return { kind: 'paid' };
    case 'processing':
      return { kind: 'processing' };
    case 'unknown':
      return { kind: subscription.status === 'past_due' ? 'processing' : 'waiting' };
  }
}
