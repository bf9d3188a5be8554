import type Stripe from 'stripe';
import { invalidRequest, missingParam } from '../kernel/errors.ts';
import type { Context } from '../kernel/types.ts';
import { readProducts } from './products.ts';

type Features = Stripe.BillingPortal.Configuration.Features;
type Given = Stripe.BillingPortal.ConfigurationCreateParams.Features;

const allReasons: Features['subscription_cancel']['cancellation_reason']['options'] = [
  'too_expensive',
  'missing_features',
  'switched_service',
  'unused',
  'customer_service',
  'too_complex',
  'low_quality',
  'other',
];

/** A configuration of which nothing has been said: nothing is allowed. */
export const defaultFeatures: Features = {
  customer_update: { allowed_updates: [], enabled: false },
  invoice_history: { enabled: false },
  payment_method_update: { enabled: false, payment_method_configuration: null },
  subscription_cancel: {
    cancellation_reason: { enabled: false, feedback_options: null, options: allReasons },
    enabled: false,
    mode: 'at_period_end',
    proration_behavior: 'none',
  },
  subscription_pause: {
    duration: {
      interval_options: [{ interval: 'month', interval_count: 1 }],
      type: 'interval_options',
    },
    enabled: false,
  },
  subscription_update: {
    billing_cycle_anchor: null,
    default_allowed_updates: [],
    enabled: false,
    products: null,
    proration_behavior: 'none',
    schedule_at_period_end: { conditions: [] },
    trial_update_behavior: 'end_trial',
  },
};

/** What was, with what is given over it; a feature that is switched on must be usable. */
export function mergeFeatures(ctx: Context, before: Features, given: Given): Features {
  return {
    customer_update: mergeCustomerUpdate(before.customer_update, given.customer_update),
    invoice_history: { enabled: given.invoice_history?.enabled ?? before.invoice_history.enabled },
    payment_method_update: mergePaymentMethod(
      before.payment_method_update,
      given.payment_method_update,
    ),
    subscription_cancel: mergeCancel(before.subscription_cancel, given.subscription_cancel),
    subscription_pause: mergePause(before.subscription_pause, given.subscription_pause),
    subscription_update: mergeUpdate(ctx, before.subscription_update, given.subscription_update),
  };
}

function mergeCustomerUpdate(
  before: Features['customer_update'],
  given: Given['customer_update'],
): Features['customer_update'] {
  const enabled = given?.enabled ?? before.enabled;
  const updates = given?.allowed_updates;
  const allowed = updates === undefined ? before.allowed_updates : updates || [];
  if (enabled && allowed.length === 0) {
    throw missingParam('features[customer_update][allowed_updates]');
  }
  return { allowed_updates: allowed, enabled };
}

function mergePaymentMethod(
  before: Features['payment_method_update'],
  given: Given['payment_method_update'],
): Features['payment_method_update'] {
  if (given?.payment_method_configuration) {
    const param = 'features[payment_method_update][payment_method_configuration]';
    throw invalidRequest('The local Stripe has no payment method configurations.', param);
  }
  return { enabled: given?.enabled ?? before.enabled, payment_method_configuration: null };
}

function mergeCancel(
  before: Features['subscription_cancel'],
  given: Given['subscription_cancel'],
): Features['subscription_cancel'] {
  const param = (name: string): string => `features[subscription_cancel][${name}]`;
  const merged = {
    cancellation_reason: mergeReason(before.cancellation_reason, given?.cancellation_reason),
    enabled: given?.enabled ?? before.enabled,
    mode: given?.mode ?? before.mode,
    proration_behavior: given?.proration_behavior ?? before.proration_behavior,
  };
  if (merged.proration_behavior === 'always_invoice') {
    throw invalidRequest(
      'Invalid proration_behavior: must be one of none or create_prorations.',
      param('proration_behavior'),
    );
  }
  if (merged.proration_behavior === 'create_prorations' && merged.mode !== 'immediately') {
    throw invalidRequest(
      '`proration_behavior=create_prorations` is only compatible with `mode=immediately`.',
      param('proration_behavior'),
    );
  }
  return merged;
}

type Reason = Features['subscription_cancel']['cancellation_reason'];

function mergeReason(
  before: Reason,
  given: NonNullable<Given['subscription_cancel']>['cancellation_reason'],
): Reason {
  if (!given) return before;
  const options = given.options === undefined ? before.options : given.options || [];
  if (given.enabled && options.length === 0) {
    throw missingParam('features[subscription_cancel][cancellation_reason][options]');
  }
  if ((given.feedback_options || []).length > 0) {
    throw invalidRequest(
      'The local Stripe has no custom feedback options.',
      'features[subscription_cancel][cancellation_reason][feedback_options]',
    );
  }
  return { enabled: given.enabled ?? before.enabled, feedback_options: null, options };
}

function mergePause(
  before: Features['subscription_pause'],
  given: Given['subscription_pause'],
): Features['subscription_pause'] {
  const param = 'features[subscription_pause][duration][interval_options]';
  const duration = given?.duration;
  const type = duration?.type ?? before.duration.type;
  const options =
    duration === undefined
      ? before.duration.interval_options
      : (duration.interval_options || []).map(({ interval, interval_count }) => ({
          interval,
          interval_count: interval_count ?? 1,
        }));
  if (type === 'interval_options' && options.length === 0) throw missingParam(param);
  const longest = { day: 1096, week: 156, month: 36, year: 3 };
  for (const { interval, interval_count } of options) {
    const most = longest[interval as keyof typeof longest];
    if (interval_count >= 1 && interval_count <= most) continue;
    throw invalidRequest('A pause lasts at least one day and at most three years.', param);
  }
  return {
    duration: { interval_options: options, type },
    enabled: given?.enabled ?? before.enabled,
  };
}

function mergeUpdate(
  ctx: Context,
  before: Features['subscription_update'],
  given: Given['subscription_update'],
): Features['subscription_update'] {
  if (!given) return before;
  const param = (name: string): string => `features[subscription_update][${name}]`;
  const updates = given.default_allowed_updates;
  const merged: Features['subscription_update'] = {
    billing_cycle_anchor: given.billing_cycle_anchor ?? before.billing_cycle_anchor,
    default_allowed_updates: updates === undefined ? before.default_allowed_updates : updates || [],
    enabled: given.enabled ?? before.enabled,
    products:
      given.products === undefined
        ? (before.products ?? null)
        : readProducts(ctx, given.products || []),
    proration_behavior: given.proration_behavior ?? before.proration_behavior,
    schedule_at_period_end: given.schedule_at_period_end
      ? { conditions: given.schedule_at_period_end.conditions || [] }
      : before.schedule_at_period_end,
    trial_update_behavior: given.trial_update_behavior ?? before.trial_update_behavior,
  };
  if (merged.enabled) {
    if (merged.default_allowed_updates.length === 0) {
      throw missingParam(param('default_allowed_updates'));
    }
    if ((merged.products ?? []).length === 0) throw missingParam(param('products'));
  }
  return merged;
}
