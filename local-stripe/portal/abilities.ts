import type Stripe from 'stripe';

type Features = Stripe.BillingPortal.Configuration.Features;

/** What the portal lets a customer do with one subscription, by configuration and state. */
export interface Abilities {
  change: boolean;
  cancel: boolean;
  resume: boolean;
  pause: boolean;
  unpause: boolean;
}

export function isEnding(subscription: Stripe.Subscription): boolean {
  return subscription.cancel_at !== null || subscription.cancel_at_period_end;
}

export function abilitiesOf(features: Features, subscription: Stripe.Subscription): Abilities {
  const { status } = subscription;
  const isRunning = status === 'active' || status === 'trialing';
  const isLive = isRunning || status === 'past_due' || status === 'unpaid' || status === 'paused';
  const ends = isEnding(subscription);
  const isPaused = status === 'paused';
  return {
    change:
      features.subscription_update.enabled &&
      (isRunning || status === 'past_due') &&
      !ends &&
      subscription.items.data.length === 1,
    cancel: features.subscription_cancel.enabled && isLive && !ends,
    resume: features.subscription_cancel.enabled && isLive && ends,
    pause: features.subscription_pause.enabled && isRunning && !ends,
    unpause: features.subscription_pause.enabled && isPaused,
  };
}
