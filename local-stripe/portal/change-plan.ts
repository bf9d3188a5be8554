import type Stripe from 'stripe';
import { priceAmount } from '../billing/catalog/cost.ts';
import { priceFor } from '../billing/catalog/price.ts';
import { findPromotionCode } from '../billing/discount/promotion.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { callApi } from './api.ts';

type UpdateFeature = Stripe.BillingPortal.Configuration.Features['subscription_update'];

/** The plan a customer chose in the portal. */
export interface PlanChange {
  item: string;
  price: string;
  quantity: number | null;
  discount: { coupon: string } | { promotion_code: string } | null;
  /** The second that was previewed, so that what is charged is what was shown. */
  prorationDate: number;
}

export type ChangeTiming = 'now' | 'period_end';

const lengthInDays = { day: 1, week: 7, month: 30, year: 365 };

/** At once, or at the period's end where a condition of the configuration is met. */
export function timingOf(
  ctx: Context,
  feature: UpdateFeature,
  subscription: Stripe.Subscription,
  change: PlanChange,
): ChangeTiming {
  if (subscription.status === 'trialing') return 'now';
  const item = subscription.items.data.find(({ id }) => id === change.item)!;
  const before = priceFor(ctx, idOf(item.price), subscription.currency);
  const after = priceFor(ctx, change.price, subscription.currency);
  for (const { type } of feature.schedule_at_period_end.conditions) {
    const isLess =
      type === 'decreasing_item_amount'
        ? priceAmount(after, change.quantity) < priceAmount(before, item.quantity ?? null)
        : daysOf(after) < daysOf(before);
    if (isLess) return 'period_end';
  }
  return 'now';
}

function daysOf({ recurring }: Stripe.Price): number {
  if (recurring === null) return 0;
  const days = lengthInDays[recurring.interval as keyof typeof lengthInDays];
  return days * recurring.interval_count;
}

/** What the change would bill, as `createPreview` computes it. */
export function previewChange(
  kernel: Kernel,
  ctx: Context,
  feature: UpdateFeature,
  subscription: Stripe.Subscription,
  change: PlanChange,
): Stripe.Invoice {
  const {
    discounts,
    proration_date,
    payment_behavior: _payment,
    ...details
  } = updateParams(feature, subscription, change);
  return ctx.preview(() =>
    callApi<Stripe.Invoice>(kernel, ctx, 'POST /v1/invoices/create_preview', null, {
      customer: idOf(subscription.customer),
      subscription: subscription.id,
      ...(discounts === undefined ? {} : { discounts }),
      subscription_details: {
        ...details,
        ...(proration_date === undefined ? {} : { proration_date }),
      },
    }),
  );
}

/** Changes the plan now. When the payment needs something, the change waits in `pending_update`. */
export function changeNow(
  kernel: Kernel,
  ctx: Context,
  feature: UpdateFeature,
  subscription: Stripe.Subscription,
  change: PlanChange,
): Stripe.Subscription {
  releaseSchedule(kernel, ctx, subscription);
  return callApi(
    kernel,
    ctx,
    'POST /v1/subscriptions/:id',
    subscription.id,
    updateParams(feature, subscription, change),
  );
}

function updateParams(
  feature: UpdateFeature,
  subscription: Stripe.Subscription,
  change: PlanChange,
): Stripe.SubscriptionUpdateParams {
  const isTrialing = subscription.status === 'trialing';
  const endsTrial = isTrialing && feature.trial_update_behavior === 'end_trial';
  const prorates = !isTrialing && feature.proration_behavior !== 'none';
  return {
    items: [
      {
        id: change.item,
        price: change.price,
        ...(change.quantity === null ? {} : { quantity: change.quantity }),
      },
    ],
    proration_behavior: feature.proration_behavior as
      'always_invoice' | 'create_prorations' | 'none',
    payment_behavior: 'pending_if_incomplete',
    ...(prorates ? { proration_date: change.prorationDate } : {}),
    ...(endsTrial ? { trial_end: 'now' as const } : {}),
    ...(feature.billing_cycle_anchor === 'now'
      ? { billing_cycle_anchor: { type: 'now' as const } }
      : {}),
    ...(change.discount === null ? {} : { discounts: [change.discount] }),
  };
}

/** Plans the change for the period's end, in a schedule as the portal of Stripe makes it. */
export function changeAtPeriodEnd(
  kernel: Kernel,
  ctx: Context,
  subscription: Stripe.Subscription,
  change: PlanChange,
): Stripe.SubscriptionSchedule {
  releaseSchedule(kernel, ctx, subscription);
  const schedule = callApi<Stripe.SubscriptionSchedule>(
    kernel,
    ctx,
    'POST /v1/subscription_schedules',
    null,
    { from_subscription: subscription.id },
  );
  const [current] = schedule.phases;
  const { recurring } = ctx.store.get('price', change.price);
  return callApi(kernel, ctx, 'POST /v1/subscription_schedules/:id', schedule.id, {
    end_behavior: 'release',
    proration_behavior: 'none',
    phases: [
      {
        items: current!.items.map(({ price, quantity }) => ({
          price: idOf(price),
          ...(quantity === undefined ? {} : { quantity }),
        })),
        start_date: current!.start_date,
        end_date: current!.end_date,
      },
      {
        items: [
          {
            price: change.price,
            ...(change.quantity === null ? {} : { quantity: change.quantity }),
          },
        ],
        duration: { interval: recurring!.interval, interval_count: recurring!.interval_count },
        ...(change.discount === null ? {} : { discounts: [change.discount] }),
      },
    ],
  });
}

/** Lets go of a planned change; the subscription goes on as it is. */
export function releaseSchedule(
  kernel: Kernel,
  ctx: Context,
  subscription: Stripe.Subscription,
): void {
  const schedule = idOrNull(subscription.schedule);
  if (schedule === null) return;
  callApi(kernel, ctx, 'POST /v1/subscription_schedules/:id/release', schedule);
}

/** What the schedule will change to after the current phase, and when; null when nothing is planned. */
export function plannedChange(
  ctx: Context,
  subscription: Stripe.Subscription,
): { price: string; at: number } | null {
  const id = idOrNull(subscription.schedule);
  const schedule = id === null ? undefined : ctx.store.find('subscription_schedule', id);
  const next = schedule?.phases.find(({ start_date }) => start_date > ctx.now);
  const price = next?.items[0]?.price;
  if (next === undefined || price === undefined) return null;
  const planned = idOf(price);
  const current = subscription.items.data[0];
  return current !== undefined && idOf(current.price) === planned
    ? null
    : { price: planned, at: next.start_date };
}

/** The active promotion code a customer typed. */
export function promotionDiscount(ctx: Context, text: string): { promotion_code: string } | null {
  const code = findPromotionCode(ctx, text);
  return code === undefined ? null : { promotion_code: code.id };
}
