import { isDearer } from './billing/usage/unit-price.ts';
import { RESOURCE_TYPES, type Limit, type ResourceType } from './quota.ts';

/** The three plans, cheapest first; the order is what "higher" and "lower" mean. */
export const PLANS = ['free', 'pro', 'team'] as const;
export type Plan = (typeof PLANS)[number];
export type PaidPlan = Exclude<Plan, 'free'>;
export const PAID_PLANS = PLANS.filter((plan) => plan !== 'free');

export const INTERVALS = ['month', 'year'] as const;
export type Interval = (typeof INTERVALS)[number];

export const FEATURES = [
  'basic_chat',
  'community_browse',
  'character_share',
  'advanced_models',
  'all_features',
] as const;
export type Feature = (typeof FEATURES)[number];

export type PlanLimits = Readonly<Record<ResourceType, Limit>>;

/** Microcredits a unit beyond the quota, above 0; a resource that is not named ends at its limit. */
export type PlanRates = Readonly<Partial<Record<ResourceType, number>>>;

/**
 * Minor units a credit that is used without a grant, by currency: decimal text, above 0. In a currency that
 * is not named none is sold.
 */
export type OveragePrices = Readonly<Record<string, string>>;

/**
 * How much of a month's limit may roll over into the next month, in whole percent from 1 to 100; of a resource
 * that is not named nothing does.
 */
export type PlanRollover = Readonly<Partial<Record<ResourceType, number>>>;

/**
 * What a plan includes, in one of its versions. A published version never changes; the newest is what
 * a plan is now, an older one is kept by those whose price was sold with it.
 */
export interface PlanDefinition {
  readonly plan: Plan;
  /** 1, 2, … in the order of publishing. */
  readonly version: number;
  readonly name: string;
  readonly features: readonly Feature[];
  readonly limits: PlanLimits;
  readonly rates: PlanRates;
  readonly overage: OveragePrices;
  readonly rollover: PlanRollover;
  /** How many people may be in a team. */
  readonly seats: number;
}

export function isPlan(value: unknown): value is Plan {
  return typeof value === 'string' && (PLANS as readonly string[]).includes(value);
}

/** Negative when `a` is the lower plan, 0 when equal, positive when higher. */
export function comparePlans(a: Plan, b: Plan): number {
  return PLANS.indexOf(a) - PLANS.indexOf(b);
}

/** `all_features` stands for every feature there is, those of later releases too. */
export function planHasFeature({ features }: Pick<PlanDefinition, 'features'>, feature: Feature) {
  return features.includes(feature) || features.includes('all_features');
}

/** Whether a plan lets a resource be used at all: it has a quota of it, or sells it beyond one. */
export function planOffers(
  { limits, rates }: Pick<PlanDefinition, 'limits' | 'rates'>,
  resource: ResourceType,
): boolean {
  return limits[resource] !== 0 || rates[resource] !== undefined;
}

/** Of `plans` those that have `feature`, cheapest first: what an upgrade hint offers. */
export function plansWithFeature(
  plans: readonly Pick<PlanDefinition, 'plan' | 'features'>[],
  feature: Feature,
): Plan[] {
  return inOrder(plans.filter((one) => planHasFeature(one, feature)));
}

/** Of `plans` those above `current` whose limit of `resource` is higher: what a quota answer offers. */
export function plansWithMore(
  plans: readonly Pick<PlanDefinition, 'plan' | 'limits'>[],
  current: Pick<PlanDefinition, 'plan' | 'limits'>,
  resource: ResourceType,
): Plan[] {
  const present = current.limits[resource];
  if (present === null) return [];
  return inOrder(
    plans.filter(({ plan, limits }) => {
      const limit = limits[resource];
      return comparePlans(plan, current.plan) > 0 && (limit === null || limit > present);
    }),
  );
}

/** A term that is worse than it was; a rate or an overage price of `null` means that none is sold any more. */
export type WorseTerm =
  | { what: 'limit'; resourceType: ResourceType; from: Limit; to: number }
  | { what: 'rate'; resourceType: ResourceType; from: number; to: number | null }
  | { what: 'overage'; currency: string; from: string; to: string | null }
  | { what: 'rollover'; resourceType: ResourceType; from: number; to: number }
  | { what: 'seats'; from: number; to: number }
  | { what: 'feature'; feature: Feature };

/** What somebody who has `before`, and is billed in `currency`, would lose by `next`. */
export function worseTerms(
  before: PlanDefinition,
  next: PlanDefinition,
  currency: string | null,
): WorseTerm[] {
  const ofResources = RESOURCE_TYPES.flatMap((resourceType): WorseTerm[] => {
    const [had, limit] = [before.limits[resourceType], next.limits[resourceType]];
    const [rate, nextRate] = [before.rates[resourceType], next.rates[resourceType]];
    const [rolls, nextRolls] = [
      before.rollover[resourceType] ?? 0,
      next.rollover[resourceType] ?? 0,
    ];
    const terms: (WorseTerm | false)[] = [
      limit !== null &&
        limit < (had ?? Infinity) && { what: 'limit', resourceType, from: had, to: limit },
      // Nothing is beyond what is unlimited, and nothing of it is left over.
      limit !== null &&
        rate !== undefined &&
        rate < (nextRate ?? Infinity) && {
          what: 'rate',
          resourceType,
          from: rate,
          to: nextRate ?? null,
        },
      limit !== null &&
        nextRolls < rolls && { what: 'rollover', resourceType, from: rolls, to: nextRolls },
    ];
    return terms.filter((term) => term !== false);
  });
  const price = currency === null ? undefined : before.overage[currency];
  const nextPrice = currency === null ? undefined : next.overage[currency];
  const lost = FEATURES.filter((one) => planHasFeature(before, one) && !planHasFeature(next, one));
  return [
    ...ofResources,
    ...(price !== undefined && (nextPrice === undefined || isDearer(nextPrice, price))
      ? [{ what: 'overage', currency: currency!, from: price, to: nextPrice ?? null } as const]
      : []),
    ...(next.seats < before.seats
      ? [{ what: 'seats', from: before.seats, to: next.seats } as const]
      : []),
    ...lost.map((feature) => ({ what: 'feature', feature }) as const),
  ];
}

function inOrder(plans: readonly Pick<PlanDefinition, 'plan'>[]): Plan[] {
  return plans.map(({ plan }) => plan).sort(comparePlans);
}
