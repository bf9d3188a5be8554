import {
  readSubscription,
  type SubscriptionSnapshot,
} from '../../../stripe/snapshots/subscription-snapshot.ts';

/** 2027-01-10 to 2027-02-10. */
export const PERIOD_START = 1_799_539_200;
export const PERIOD_END = 1_802_217_600;
export const FINALIZED = PERIOD_START + 3600;

export const PRICES = {
  plans: new Map([
    ['price_pro', { plan: 'pro', interval: 'month', version: 1 }],
    ['price_team', { plan: 'team', interval: 'month', version: 1 }],
  ] as const),
};

/** A subscription as Stripe answers it, changed by `changes`. */
export function stripeSubscription(changes: Record<string, unknown> = {}): SubscriptionSnapshot {
  return readSubscription({
    id: 'sub_1',
    object: 'subscription',
    customer: 'cus_1',
    status: 'active',
    livemode: false,
    created: PERIOD_START,
    currency: 'cny',
    metadata: {},
    items: { object: 'list', data: [stripeItem('price_pro')] },
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    ended_at: null,
    trial_start: null,
    trial_end: null,
    cancellation_details: { reason: null },
    schedule: null,
    collection_method: 'charge_automatically',
    latest_invoice: {
      id: 'in_1',
      status: 'open',
      amount_paid: 0,
      status_transitions: { finalized_at: FINALIZED },
    },
    default_payment_method: null,
    pending_update: null,
    ...changes,
  });
}

export function stripeItem(priceId: string) {
  return {
    id: `si_${priceId}`,
    current_period_start: PERIOD_START,
    current_period_end: PERIOD_END,
    price: {
      id: priceId,
      product: 'prod_1',
      active: true,
      currency: 'cny',
      unit_amount: 2900,
      recurring: { interval: 'month', version: 1, interval_count: 1 },
    },
  };
}
