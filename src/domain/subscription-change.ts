import type { PriceAction } from './api.ts';
import { comparePlans, type Interval, type Plan } from './plans.ts';

/** A price as far as a plan change is concerned. */
export interface PricedPlan {
  priceId: string;
  plan: Plan;
  interval: Interval;
}

/** What the tenant pays for now. `interval` is `null` when its price is not in the catalogue. */
export interface CurrentPrice {
  priceId: string;
  plan: Plan;
  interval: Interval | null;
  scheduledPriceId: string | null;
}

export type ChangeKind = 'none' | 'now' | 'period_end';

/**
 * When a change from `current` to `target` takes effect. A lower plan or a shorter interval waits
 * for the end of what is paid already; a higher plan, and a year instead of a month, begin at once.
 */
export function classifyChange(current: CurrentPrice, target: PricedPlan): ChangeKind {
  if (current.priceId === target.priceId) return 'none';
  const shortens = current.interval === 'year' && target.interval === 'month';
  return shortens || comparePlans(target.plan, current.plan) < 0 ? 'period_end' : 'now';
}

/** What the button of each price offers. `current` is `undefined` without a live subscription. */
export function priceActions(
  current: CurrentPrice | undefined,
  prices: readonly PricedPlan[],
): Record<string, PriceAction> {
  return Object.fromEntries(prices.map((price) => [price.priceId, priceAction(current, price)]));
}

function priceAction(current: CurrentPrice | undefined, price: PricedPlan): PriceAction {
  if (!current) return 'subscribe';
  if (price.priceId === current.priceId) return 'current';
  if (price.priceId === current.scheduledPriceId) return 'scheduled';
  const difference = comparePlans(price.plan, current.plan);
  if (difference > 0) return 'upgrade';
  return difference < 0 ? 'downgrade' : 'switch_interval';
}
