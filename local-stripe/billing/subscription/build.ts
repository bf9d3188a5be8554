import type Stripe from 'stripe';
import { mergeMetadata } from '../../kernel/metadata.ts';
import type { Context } from '../../kernel/types.ts';
import { subscriptionOptionsOf } from '../invoice/kept-params.ts';

export interface SubscriptionFacts {
  id: string;
  customer: string;
  items: Stripe.SubscriptionItem[];
  currency: string;
  anchor: number;
  trialEnd: number | null;
  discounts: string[];
  taxRates: Stripe.TaxRate[];
  billingMode: Stripe.Subscription.BillingMode;
  startDate: number;
  schedule?: string | null;
}

/** A new subscription. Its status is that of its first moment: nothing is paid yet. */
export function buildSubscription(
  ctx: Context,
  facts: SubscriptionFacts,
  params: Omit<Stripe.SubscriptionCreateParams, 'customer'>,
): Stripe.Subscription {
  const config = params.billing_cycle_anchor_config;
  return {
    id: facts.id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: automaticTax(params.automatic_tax?.enabled ?? false),
    billing_cycle_anchor: facts.anchor,
    billing_cycle_anchor_config:
      config === undefined
        ? null
        : {
            day_of_month: config.day_of_month,
            hour: config.hour ?? null,
            minute: config.minute ?? null,
            month: config.month ?? null,
            second: config.second ?? null,
          },
    billing_mode: facts.billingMode,
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: params.collection_method ?? 'charge_automatically',
    created: ctx.now,
    currency: facts.currency,
    customer: facts.customer,
    customer_account: null,
    days_until_due: params.days_until_due ?? null,
    default_payment_method: params.default_payment_method ?? null,
    default_source: null,
    default_tax_rates: facts.taxRates,
    description: params.description ?? null,
    discounts: facts.discounts,
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: params.invoice_settings?.custom_fields || null,
      description: params.invoice_settings?.description ?? null,
      footer: params.invoice_settings?.footer ?? null,
      issuer: { type: 'self' },
    },
    items: itemList(facts.id, facts.items),
    latest_invoice: null,
    livemode: false,
    managed_payments: { enabled: false },
    metadata: mergeMetadata({}, params.metadata),
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: subscriptionOptionsOf(
        params.payment_settings?.payment_method_options || null,
      ),
      payment_method_types: params.payment_settings?.payment_method_types || null,
      save_default_payment_method: params.payment_settings?.save_default_payment_method ?? 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: facts.schedule ?? null,
    start_date: facts.startDate,
    status: 'incomplete',
    test_clock: ctx.clock,
    transfer_data: null,
    trial_end: facts.trialEnd,
    trial_settings: trialSettings(params.trial_settings),
    trial_start: facts.trialEnd === null ? null : ctx.now,
  };
}

/** Whether Stripe computes the tax, as a subscription says it. */
export function automaticTax(enabled: boolean): Stripe.Subscription.AutomaticTax {
  return { disabled_reason: null, enabled, liability: enabled ? { type: 'self' } : null };
}

export function itemList(
  subscription: string,
  data: Stripe.SubscriptionItem[],
): Stripe.Subscription['items'] {
  return {
    object: 'list',
    data,
    has_more: false,
    url: `/v1/subscription_items?subscription=${subscription}`,
  };
}

export function trialSettings(
  given: Stripe.SubscriptionCreateParams.TrialSettings | undefined,
): Stripe.Subscription.TrialSettings {
  const end = given?.end_behavior;
  return {
    end_behavior: {
      billing_cycle_anchor: (end?.billing_cycle_anchor ??
        null) as Stripe.Subscription.TrialSettings.EndBehavior.BillingCycleAnchor | null,
      missing_payment_method: end?.missing_payment_method ?? 'create_invoice',
    },
  };
}

export function billingMode(
  ctx: Context,
  given: Stripe.SubscriptionCreateParams.BillingMode | undefined,
): Stripe.Subscription.BillingMode {
  const type = given?.type ?? 'flexible';
  return {
    type,
    flexible:
      type === 'flexible'
        ? { proration_discounts: given?.flexible?.proration_discounts ?? 'included' }
        : null,
    updated_at: ctx.now,
  };
}
