import type Stripe from 'stripe';
import { invalidRequest, missingParam, noSuch } from '../../kernel/errors.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { redeem } from '../discount/redemption.ts';
import type { GivenDiscount } from '../discount/redemption.ts';
import { priceAmount } from '../catalog/cost.ts';
import { priceFor } from '../catalog/price.ts';
import { noSuchMethod } from '../payment/methods.ts';
import { addMonths, boundary } from '../calendar.ts';
import type { Interval } from '../calendar.ts';
import { nextCycleAt } from './cycle-schedule.ts';

const twoYears = 730 * 86_400;

/** Parameters of create and update that need what we do not imitate. */
export const unsupported = [
  'application_fee_percent',
  'billing_schedules',
  'billing_thresholds',
  'customer_account',
  'default_source',
  'on_behalf_of',
  'pending_invoice_item_interval',
  'transfer_data',
];

export function findCustomer(ctx: Context, id: string | undefined): Stripe.Customer {
  if (id === undefined) throw missingParam('customer');
  const customer = ctx.store.find('customer', id);
  if (customer === undefined) throw noSuch('customer', id, 'customer');
  return customer;
}

/** A card of that customer, as every parameter for a default payment method wants. */
export function assertOwnMethod(
  ctx: Context,
  customer: string,
  id: string,
  param = 'default_payment_method',
): string {
  const method = ctx.store.find('payment_method', id);
  if (method === undefined) throw noSuchMethod(id, param);
  if (method.customer !== customer) {
    throw invalidRequest(
      `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
      param,
      'resource_missing',
    );
  }
  return id;
}

export type TrialParams = Pick<
  Stripe.SubscriptionCreateParams,
  'trial_end' | 'trial_period_days' | 'trial_from_plan'
>;

/** When the trial ends, or null for none. */
export function readTrialEnd(
  ctx: Context,
  params: TrialParams,
  prices: readonly Stripe.Price[],
  now = ctx.now,
): number | null {
  const { trial_end, trial_period_days, trial_from_plan } = params;
  if (trial_end !== undefined && trial_period_days !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: trial_end, trial_period_days.',
      'trial_end',
    );
  }
  if (trial_from_plan && (trial_end !== undefined || trial_period_days !== undefined)) {
    throw invalidRequest('`trial_from_plan` cannot be combined with a trial.', 'trial_from_plan');
  }
  if (trial_end === 'now') return null;
  if (trial_period_days !== undefined) {
    if (trial_period_days < 1 || trial_period_days > 730) {
      throw invalidRequest('`trial_period_days` must be between 1 and 730.', 'trial_period_days');
    }
    return now + trial_period_days * 86_400;
  }
  if (trial_from_plan) {
    const days = Math.max(...prices.map(({ recurring }) => recurring?.trial_period_days ?? 0));
    return days > 0 ? now + days * 86_400 : null;
  }
  if (trial_end === undefined) return null;
  if (trial_end <= now) {
    throw invalidRequest(
      'Invalid timestamp: must be an integer Unix timestamp in the future.',
      'trial_end',
    );
  }
  if (trial_end > now + twoYears) {
    throw invalidRequest(
      'Invalid timestamp: can be no more than two years in the future.',
      'trial_end',
    );
  }
  return trial_end;
}

/** The anchor of a new subscription: as given, else when the trial ends, else now. */
export function readAnchor(
  ctx: Context,
  params: Pick<
    Stripe.SubscriptionCreateParams,
    'billing_cycle_anchor' | 'billing_cycle_anchor_config'
  >,
  intervals: readonly Interval[],
  trialEnd: number | null,
): number {
  const { billing_cycle_anchor: given, billing_cycle_anchor_config: config } = params;
  if (given !== undefined && config !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: billing_cycle_anchor, billing_cycle_anchor_config.',
      'billing_cycle_anchor',
    );
  }
  const from = trialEnd ?? ctx.now;
  if (config !== undefined) return nextOccurrence(from, config);
  if (given === undefined) return from;
  if (given < from) {
    throw invalidRequest(
      'billing_cycle_anchor must be in the future, and not before the end of the trial.',
      'billing_cycle_anchor',
    );
  }
  const limit = Math.min(...intervals.map((interval) => boundary(from, interval, 1)));
  if (given > limit) {
    throw invalidRequest(
      'billing_cycle_anchor cannot be later than next natural billing date.',
      'billing_cycle_anchor',
    );
  }
  return given;
}

function nextOccurrence(
  from: number,
  config: Stripe.SubscriptionCreateParams.BillingCycleAnchorConfig,
): number {
  const date = new Date(from * 1000);
  const hour = config.hour ?? date.getUTCHours();
  const minute = config.minute ?? date.getUTCMinutes();
  const second = config.second ?? date.getUTCSeconds();
  const clamp = (year: number, month: number) => {
    const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    const day = Math.min(config.day_of_month, lastDay);
    return Date.UTC(year, month, day, hour, minute, second) / 1000;
  };
  for (let step = 0; ; step += 1) {
    const month = date.getUTCMonth() + step;
    const at = clamp(date.getUTCFullYear() + Math.floor(month / 12), month % 12);
    const fits =
      config.month === undefined || new Date(at * 1000).getUTCMonth() + 1 === config.month;
    if (at >= from && fits) return at;
  }
}

/** `cancel_at` as given, where `max_period_end` and `min_period_end` mean what they mean now. */
export function readCancelAt(
  ctx: Context,
  given: number | string,
  subscription: Stripe.Subscription,
): number {
  const ends = subscription.items.data.map((item) => item.current_period_end);
  if (given === 'min_period_end') return nextCycleAt(subscription);
  if (given === 'max_period_end') return Math.max(...ends);
  if (typeof given !== 'number') {
    throw invalidRequest(`The local Stripe does not imitate cancel_at: ${given}.`, 'cancel_at');
  }
  if (given <= ctx.now) {
    throw invalidRequest('`cancel_at` must be in the future.', 'cancel_at');
  }
  if (given > addMonths(ctx.now, 60)) {
    throw invalidRequest('`cancel_at` can be at most five years in the future.', 'cancel_at');
  }
  return given;
}

/** Redeems the coupons and codes given for a subscription or one of its items. */
export function redeemAll(
  ctx: Context,
  given: Stripe.Emptyable<readonly GivenDiscount[]> | undefined,
  about: { customer: string; subscription: string; subscriptionItem?: string; currency: string },
  items: readonly { price: Stripe.Price; quantity?: number }[],
  place = 'discounts',
): string[] {
  const { currency, ...target } = about;
  const order = {
    customer: target.customer,
    currency,
    lines: items.map(({ price, quantity }) => ({ price: price.id, quantity: quantity ?? null })),
    orderAmount: items.reduce((sum, { price, quantity }) => {
      return sum + priceAmount(priceFor(ctx, idOf(price), currency), quantity ?? 1);
    }, 0),
  } as Parameters<typeof redeem>[3];
  return (given || []).map((one, i) => redeem(ctx, one, target, order, `${place}[${i}]`).id);
}
