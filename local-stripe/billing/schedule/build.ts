import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { automaticTax } from '../subscription/build.ts';
import { refuseUnsupported } from '../unsupported.ts';

type Schedule = Stripe.SubscriptionSchedule;
type Phase = Stripe.SubscriptionSchedule.Phase;

/** What a phase says of the items a subscription has now. */
export function phaseItemsOf(subscription: Stripe.Subscription): Phase['items'] {
  return subscription.items.data.map((item) => ({
    billing_thresholds: null,
    discounts: [],
    metadata: {},
    plan: item.price.id,
    price: item.price.id,
    ...(item.quantity === undefined ? {} : { quantity: item.quantity }),
    tax_rates: item.tax_rates,
  }));
}

/** A schedule of nothing but the subscription's current period. */
export function phaseOfSubscription(subscription: Stripe.Subscription): Phase {
  const items = subscription.items.data;
  return {
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: null,
    billing_thresholds: null,
    collection_method: null,
    currency: subscription.currency,
    default_payment_method: null,
    default_tax_rates: subscription.default_tax_rates ?? [],
    description: null,
    discounts: subscription.discounts.map((discount) => ({
      coupon: null,
      discount: idOf(discount),
      promotion_code: null,
    })),
    end_date: Math.max(...items.map((item) => item.current_period_end)),
    invoice_settings: null,
    items: phaseItemsOf(subscription),
    metadata: {},
    on_behalf_of: null,
    proration_behavior: 'create_prorations',
    start_date: Math.min(...items.map((item) => item.current_period_start)),
    transfer_data: null,
    trial_end: subscription.status === 'trialing' ? subscription.trial_end : null,
  };
}

export interface ScheduleFacts {
  customer: string;
  subscription: string | null;
  phases: Phase[];
  billingMode: Stripe.SubscriptionSchedule.BillingMode;
  endBehavior: Stripe.SubscriptionSchedule.EndBehavior;
  metadata: Stripe.Emptyable<Stripe.MetadataParam> | undefined;
  settings: Stripe.SubscriptionScheduleCreateParams.DefaultSettings | undefined;
}

export function buildSchedule(ctx: Context, id: string, facts: ScheduleFacts): Schedule {
  const { settings } = facts;
  return {
    id,
    object: 'subscription_schedule',
    application: null,
    billing_mode: facts.billingMode,
    canceled_at: null,
    completed_at: null,
    created: ctx.now,
    current_phase: null,
    customer: facts.customer,
    customer_account: null,
    default_settings: readSettings(settings),
    end_behavior: facts.endBehavior,
    livemode: false,
    metadata: mergeMetadata({}, facts.metadata),
    pause_schedules: [],
    phases: facts.phases,
    released_at: null,
    released_subscription: null,
    status: 'not_started',
    subscription: facts.subscription,
    test_clock: ctx.clock,
  };
}

export function readSettings(
  given: Stripe.SubscriptionScheduleCreateParams.DefaultSettings | undefined,
): Stripe.SubscriptionSchedule.DefaultSettings {
  refuseUnsupported(
    given ?? {},
    ['application_fee_percent', 'billing_thresholds', 'on_behalf_of', 'transfer_data'],
    'default_settings',
  );
  return {
    application_fee_percent: null,
    ...(given?.automatic_tax === undefined
      ? {}
      : { automatic_tax: automaticTax(given.automatic_tax.enabled) }),
    billing_cycle_anchor:
      given?.billing_cycle_anchor === 'phase_start' ? 'phase_start' : 'automatic',
    billing_thresholds: null,
    collection_method: (given?.collection_method ??
      'charge_automatically') as Stripe.SubscriptionSchedule.DefaultSettings['collection_method'],
    default_payment_method: given?.default_payment_method ?? null,
    description: given?.description || null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      days_until_due: given?.invoice_settings?.days_until_due ?? null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    on_behalf_of: null,
    transfer_data: null,
  };
}

export function assertSubscription(ctx: Context, id: string): Stripe.Subscription {
  const subscription = ctx.store.find('subscription', id);
  if (subscription === undefined) throw noSuch('subscription', id, 'from_subscription');
  if (subscription.ended_at !== null || subscription.status === 'incomplete') {
    throw invalidRequest(
      `A schedule cannot be created from a subscription that is ${subscription.status}.`,
      'from_subscription',
    );
  }
  if (subscription.schedule !== null) {
    throw invalidRequest(
      `You cannot migrate a subscription that is already attached to a schedule: ${idOf(subscription.schedule)}.`,
      'from_subscription',
    );
  }
  return subscription;
}
