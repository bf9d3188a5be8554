import type Stripe from 'stripe';
import { invalidRequest, missingParam } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { assertOneCurrency } from '../subscription/currency.ts';
import { findCustomer } from '../subscription/read-params.ts';
import { refuseUnsupported } from '../unsupported.ts';
import { assertSubscription, buildSchedule, phaseOfSubscription } from './build.ts';
import { readPhases } from './phases.ts';
import { scheduleNextPhase } from './phase.ts';
import { startScheduled } from './start.ts';

type Params = Stripe.SubscriptionScheduleCreateParams;

/** `POST /v1/subscription_schedules`. */
export function createSchedule(global: Context, params: Params): Stripe.SubscriptionSchedule {
  refuseUnsupported(params, ['customer_account', 'pause_schedules']);
  if (params.end_behavior === 'none' || params.end_behavior === 'renew') {
    throw invalidRequest('end_behavior must be one of cancel or release.', 'end_behavior');
  }
  return params.from_subscription === undefined
    ? createWithPhases(global, params)
    : createFromSubscription(global, params.from_subscription, params);
}

/** Puts a running subscription under a schedule whose one phase is its current period. */
function createFromSubscription(
  global: Context,
  id: string,
  params: Params,
): Stripe.SubscriptionSchedule {
  const extra = ['customer', 'default_settings', 'end_behavior', 'phases', 'start_date'].find(
    (name) => name in params,
  );
  if (extra !== undefined) {
    throw invalidRequest(
      `You cannot set \`${extra}\` if \`from_subscription\` is set: create the schedule first, and update it then.`,
      extra,
    );
  }
  const subscription = assertSubscription(global, id);
  const ctx = global.onClock(idOrNull(subscription.test_clock));
  const scheduleId = ctx.newId('sub_sched');
  const phase = phaseOfSubscription(subscription);
  const schedule = ctx.store.put('subscription_schedule', {
    ...buildSchedule(ctx, scheduleId, {
      customer: idOf(subscription.customer),
      subscription: id,
      phases: [phase],
      billingMode: subscription.billing_mode as Stripe.SubscriptionSchedule.BillingMode,
      endBehavior: 'release',
      metadata: params.metadata,
      settings: { automatic_tax: { enabled: subscription.automatic_tax.enabled } },
    }),
    status: 'active',
    current_phase: { start_date: phase.start_date, end_date: phase.end_date },
  });
  scheduleNextPhase(ctx, schedule);
  ctx.emit('subscription_schedule.created', schedule);
  const patch = { schedule: scheduleId };
  ctx.update('subscription', subscription, patch, 'customer.subscription.updated');
  return schedule;
}

function createWithPhases(global: Context, params: Params): Stripe.SubscriptionSchedule {
  const customer = findCustomer(global, params.customer);
  const ctx = global.onClock(idOrNull(customer.test_clock));
  if (params.phases === undefined) throw missingParam('phases');
  const start =
    params.start_date === 'now' || params.start_date === undefined ? ctx.now : params.start_date;
  if (start < ctx.now) {
    throw invalidRequest('A schedule cannot start in the past.', 'start_date');
  }
  const phases = readPhases(ctx, params.phases, start, null, {
    customer,
    currency: null,
    isAutomatic: params.default_settings?.automatic_tax?.enabled ?? false,
    known: [],
  });
  for (const { currency } of phases) assertOneCurrency(ctx, customer.id, currency);
  const schedule = ctx.store.put(
    'subscription_schedule',
    buildSchedule(ctx, ctx.newId('sub_sched'), {
      customer: customer.id,
      subscription: null,
      phases,
      billingMode: {
        type: params.billing_mode?.type ?? 'flexible',
        flexible: params.billing_mode?.type === 'classic' ? null : {},
        updated_at: ctx.now,
      } as Stripe.SubscriptionSchedule.BillingMode,
      endBehavior: params.end_behavior ?? 'release',
      metadata: params.metadata,
      settings: params.default_settings,
    }),
  );
  ctx.emit('subscription_schedule.created', schedule);
  if (start <= ctx.now) return startScheduled(ctx, schedule);
  ctx.schedule(start, 'schedule.phase', schedule.id);
  return schedule;
}
