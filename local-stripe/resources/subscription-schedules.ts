import { endScheduleOf } from '../billing/schedule/end.ts';
import { enterPhase } from '../billing/schedule/phase.ts';
import { reflectInSchedule } from '../billing/schedule/reflect.ts';
import type Stripe from 'stripe';
import { createSchedule } from '../billing/schedule/create.ts';
import { cancelSchedule, releaseSchedule } from '../billing/schedule/end.ts';
import { phaseFellDue, scheduleExpiring } from '../billing/schedule/fell-due.ts';
import { updateSchedule } from '../billing/schedule/update.ts';
import { inRange } from '../kernel/list.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';

type Schedule = Stripe.SubscriptionSchedule;

export const subscriptionSchedules = resource({
  kind: 'subscription_schedule',
  path: '/v1/subscription_schedules',
  references: {
    customer: 'customer',
    'default_settings.default_payment_method': 'payment_method',
    'phases.default_payment_method': 'payment_method',
    'phases.items.price': 'price',
    'phases.items.plan': 'price',
    released_subscription: 'subscription',
    subscription: 'subscription',
    test_clock: 'test_helpers.test_clock',
  },
  indexes: { customer: ({ customer }) => idOf(customer) },
  list: {
    customer: (schedule, customer: string) => idOf(schedule.customer) === customer,
    scheduled: (schedule, scheduled: boolean) => {
      return (schedule.status === 'not_started') === scheduled;
    },
    canceled_at: ({ canceled_at: at }, range: unknown) => inRange(at, range),
    completed_at: ({ completed_at: at }, range: unknown) => inRange(at, range),
    released_at: ({ released_at: at }, range: unknown) => inRange(at, range),
  },
  listed: (_ctx, { test_clock }, params) => test_clock === null || 'customer' in params,
  create: createSchedule,
  update: updateSchedule,
  actions: [
    {
      name: 'cancel',
      handle: (ctx, schedule, params: Stripe.SubscriptionScheduleCancelParams) =>
        cancelSchedule(onClock(ctx, schedule), schedule, params),
    },
    {
      name: 'release',
      handle: (ctx, schedule, params) => releaseSchedule(onClock(ctx, schedule), schedule, params),
    },
  ],
  due: { 'schedule.phase': phaseFellDue, 'schedule.expiring': scheduleExpiring },
  follows: {
    'subscription.changed': reflectInSchedule,
    'subscription.ended': endScheduleOf,
    'subscription.renewing': enterPhase,
  },
});

function onClock(ctx: Context, schedule: Schedule): Context {
  return ctx.onClock(idOrNull(schedule.test_clock));
}
