import type { Subscription } from '../../../../db/schema/index.ts';

/** One thing that happened to a subscription between two readings. */
export interface Transition {
  /** The audit log's word for it. */
  action:
    | 'subscription.created'
    | 'subscription.status_changed'
    | 'subscription.price_changed'
    | 'subscription.cancellation_scheduled'
    | 'subscription.resumed'
    | 'subscription.ended'
    | 'subscription.change_scheduled'
    | 'subscription.change_unscheduled';
  before: unknown;
  after: unknown;
}

type Facts = Pick<
  Subscription,
  | 'status'
  | 'stripeStatus'
  | 'plan'
  | 'stripePriceId'
  | 'cancelAt'
  | 'endedAt'
  | 'scheduledPriceId'
  | 'scheduledAt'
>;

/**
 * What changed from `before` (the row, `undefined` when it is new) to `after`. Transitions come
 * from here alone and never from an event, so that none is lost with it or told twice.
 */
export function transitionsOf(before: Facts | undefined, after: Facts): Transition[] {
  if (!before) return [{ action: 'subscription.created', before: null, after: describe(after) }];
  const found: Transition[] = [];
  const add = (action: Transition['action'], pick: (facts: Facts) => unknown) =>
    found.push({ action, before: pick(before), after: pick(after) });

  const ended = before.status !== 'canceled' && after.status === 'canceled';
  if (ended) add('subscription.ended', describe);
  else if (before.stripeStatus !== after.stripeStatus) {
    add('subscription.status_changed', ({ status, stripeStatus }) => ({ status, stripeStatus }));
  }
  if (before.stripePriceId !== after.stripePriceId) {
    add('subscription.price_changed', ({ plan, stripePriceId }) => ({ plan, stripePriceId }));
  }
  if (ended) return found;
  if (!before.cancelAt && after.cancelAt) {
    add('subscription.cancellation_scheduled', ({ cancelAt }) => ({ cancelAt }));
  }
  if (before.cancelAt && !after.cancelAt) {
    add('subscription.resumed', ({ cancelAt }) => ({ cancelAt }));
  }
  if (before.scheduledPriceId !== after.scheduledPriceId) {
    const action = after.scheduledPriceId
      ? 'subscription.change_scheduled'
      : 'subscription.change_unscheduled';
    add(action, ({ scheduledPriceId, scheduledAt }) => ({ scheduledPriceId, scheduledAt }));
  }
  return found;
}

function describe({ status, stripeStatus, plan, stripePriceId, cancelAt, endedAt }: Facts) {
  return { status, stripeStatus, plan, stripePriceId, cancelAt, endedAt };
}
