import type { SubscriptionStatus } from './subscription-view.ts';

/** Why a subscription does not carry overage for now. */
export type OveragePause = 'trialing' | 'past_due';

/** Why a consent is over that nobody took back: the price rose, none is sold, a bill was not collected. */
export type OverageLapse = 'price' | 'not_offered' | 'uncollectible';

/** Overage is for who pays: not while a plan is tried, and not while the last invoice is owed. */
export function overagePauseOf(status: SubscriptionStatus): OveragePause | null {
  return status === 'trialing' || status === 'past_due' ? status : null;
}
