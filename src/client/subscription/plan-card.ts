import type { PlanView, PriceAction, PriceView, SubscriptionView } from '../../domain/api.ts';
import type { Feature, Interval, Plan } from '../../domain/plans.ts';
import { RESOURCE_TYPES, type Limit, type ResourceType } from '../../domain/quota.ts';

/** What the button of a card does; the server's word, but for what takes a decision back. */
export type CardAction =
  Exclude<PriceAction, 'current'> | 'current' | 'resume' | 'undo' | 'to_free' | 'after_cancel';

export interface PlanCard {
  plan: Plan;
  name: string;
  view: PlanView;
  /** The price shown is the price submitted. `null` for a plan that costs nothing. */
  price: PriceView | null;
  /** True when the other interval was asked for and this plan does not have it. */
  monthlyOnly: boolean;
  yearly: YearlySaving | null;
  /** `null` while nobody has said what the button may do. */
  action: CardAction | null;
}

export interface YearlySaving {
  /** A twelfth of the year, rounded to the minor unit. */
  equivalentMinor: number;
  /** Against twelve months, rounded down so that we never promise more than there is. */
  savingPercent: number;
}

/** One card a plan, in the order of the response. `overview` is missing while it is not known. */
export function describeCards(
  plans: readonly PlanView[],
  interval: Interval,
  overview: { subscription: SubscriptionView; actions: Record<string, PriceAction> } | undefined,
): PlanCard[] {
  return plans.flatMap((view) => {
    const price = priceFor(view, interval);
    // A paid plan whose prices are missing is not shown at all: it must never read as free.
    if (price === null && view.plan !== 'free') return [];
    return [
      {
        plan: view.plan,
        name: view.name,
        view,
        price,
        monthlyOnly: price !== null && price.interval !== interval,
        yearly: price?.interval === 'year' ? yearlySaving(view, price) : null,
        action: overview ? decideAction(view.plan, price, overview) : null,
      },
    ];
  });
}

/** The price of `interval`, else the plan's only other one. */
export function priceFor(view: PlanView, interval: Interval): PriceView | null {
  return view.prices.find((price) => price.interval === interval) ?? view.prices[0] ?? null;
}

function yearlySaving(view: PlanView, yearly: PriceView): YearlySaving | null {
  const monthly = view.prices.find((price) => price.interval === 'month');
  if (!monthly || monthly.currency !== yearly.currency || monthly.amountMinor === 0) return null;
  const savingPercent = Math.floor(100 - (yearly.amountMinor * 100) / (monthly.amountMinor * 12));
  return { equivalentMinor: Math.round(yearly.amountMinor / 12), savingPercent };
}

function decideAction(
  plan: Plan,
  price: PriceView | null,
  {
    subscription,
    actions,
  }: { subscription: SubscriptionView; actions: Record<string, PriceAction> },
): CardAction | null {
  const isEnding = subscription.cancelAtPeriodEnd || subscription.cancelAt !== null;
  if (price === null) {
    if (subscription.priceId === null || subscription.status === 'canceled') return 'current';
    return isEnding ? 'after_cancel' : 'to_free';
  }
  const action = actions[price.priceId] ?? null;
  if (action !== 'current' || plan === 'free') return action;
  if (isEnding) return 'resume';
  return subscription.scheduledChange ? 'undo' : 'current';
}

/** The greatest saving of any plan: what the interval switch promises. */
export function bestSavingPercent(plans: readonly PlanView[]): number {
  return Math.max(
    0,
    ...plans.map((view) => {
      const yearly = view.prices.find((price) => price.interval === 'year');
      return yearly ? (yearlySaving(view, yearly)?.savingPercent ?? 0) : 0;
    }),
  );
}

/** What one would have more and less of with another plan, each line once. */
export interface PlanDifference {
  limits: { resource: ResourceType; isMore: boolean }[];
  seats: 'more' | 'less' | null;
  gained: Feature[];
  lost: Feature[];
}

/** How `other` differs from `own`: what is the same in both is said nowhere. */
export function differenceOf(own: PlanView, other: PlanView): PlanDifference {
  const height = (limit: Limit) => limit ?? Infinity;
  return {
    limits: RESOURCE_TYPES.filter((one) => own.limits[one] !== other.limits[one]).map((one) => ({
      resource: one,
      isMore: height(other.limits[one]) > height(own.limits[one]),
    })),
    seats: own.seats === other.seats ? null : other.seats > own.seats ? 'more' : 'less',
    gained: other.features.filter((one) => !own.features.includes(one)),
    lost: own.features.filter((one) => !other.features.includes(one)),
  };
}
