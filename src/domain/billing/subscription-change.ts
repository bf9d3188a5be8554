import { comparePlans, type Feature, type Interval, type Plan } from '../plans.ts';
import type { Limit, ResourceType } from '../quota.ts';
import type { OverageOfChange } from './overage.ts';
import type { GrowingLimits } from './subscription-view.ts';

/** What can be done with a price, seen from what one has. */
export type PriceAction =
  | 'current'
  | 'subscribe'
  | 'upgrade'
  | 'downgrade'
  | 'switch_interval'
  | 'switch_price'
  | 'scheduled';

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
 * When a change from `current` to `target` takes effect. A higher plan always begins at once: what
 * is left of a year that was paid is credited. A lower plan, and a month instead of a year of the
 * same plan, wait for the end of what is paid already; a year instead of a month begins at once.
 */
export function classifyChange(current: CurrentPrice, target: PricedPlan): ChangeKind {
  if (current.priceId === target.priceId) return 'none';
  const difference = comparePlans(target.plan, current.plan);
  if (difference !== 0) return difference > 0 ? 'now' : 'period_end';
  return current.interval === 'year' && target.interval === 'month' ? 'period_end' : 'now';
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
  if (difference < 0) return 'downgrade';
  // A price of long ago beside the one that is offered now.
  return price.interval === current.interval ? 'switch_price' : 'switch_interval';
}

/** What a change of plan would mean, in money and in what it includes, as it crosses HTTP. */
export interface ChangePreview extends OverageOfChange {
  effective: 'now' | 'period_end';
  effectiveAt: string;
  amountDueNowMinor: number;
  creditMinor: number;
  chargeMinor: number;
  taxMinor: number;
  /** What a coupon takes off this charge. */
  discountMinor: number;
  /** How much credit balance is used for it, and how much stays for the next invoices. */
  balanceUsedMinor: number;
  balanceLeftMinor: number;
  /** What earlier invoices left owing and this charge takes along. */
  carriedInMinor: number;
  /** What is too little to be charged now: the next invoice takes it along. */
  carriedOutMinor: number;
  currency: string;
  nextInvoice: { amountMinor: number; at: string } | null;
  /** Unix seconds; hand it back to `upgrade` so that the charge is the previewed one. */
  prorationDate: number | null;
  lines: { description: string; amountMinor: number }[];
  lostFeatures: Feature[];
  /** What the new plan has less of, a month; `null` is unlimited. */
  lowerLimits: LimitChange[];
  /** Of a plan with fewer seats: how many it has, and how many people are in the team now. */
  fewerSeats: { from: number; to: number; people: number } | null;
  /** What was planned and falls away with this change: the end of the subscription, or another change. */
  takesBack: 'end' | 'change' | null;
  /** For a higher plan that begins within a period: what this month has, and when it is whole. */
  growing: GrowingLimits | null;
  /** Over the new limit already in the month in which it begins; empty when that month is to come. */
  exceededQuotas: { resourceType: ResourceType; used: number; limit: number }[];
}

export interface LimitChange {
  resourceType: ResourceType;
  from: Limit;
  to: Limit;
}
