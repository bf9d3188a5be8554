import type { Limit, ResourceType } from './quota.ts';

/** The three plans, cheapest first; the order is what "higher" and "lower" mean. */
export const PLANS = ['free', 'pro', 'team'] as const;
export type Plan = (typeof PLANS)[number];
export type PaidPlan = Exclude<Plan, 'free'>;

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

export interface PlanDefinition {
  readonly plan: Plan;
  readonly name: string;
  readonly features: readonly Feature[];
  readonly limits: PlanLimits;
}

const FREE_FEATURES = ['basic_chat', 'community_browse'] as const;
const PRO_FEATURES = [...FREE_FEATURES, 'character_share', 'advanced_models'] as const;

/** The catalogue: what each plan grants. Prices are Stripe's and are never repeated here. */
export const PLAN_CATALOGUE: Readonly<Record<Plan, PlanDefinition>> = {
  free: {
    plan: 'free',
    name: 'Free',
    features: FREE_FEATURES,
    limits: { llm_tokens: 50_000, messages: 100, images: 10, api_calls: 0 },
  },
  pro: {
    plan: 'pro',
    name: 'Pro',
    features: PRO_FEATURES,
    limits: { llm_tokens: 1_000_000, messages: 10_000, images: 500, api_calls: 1_000 },
  },
  team: {
    plan: 'team',
    name: 'Team',
    features: [...PRO_FEATURES, 'all_features'],
    limits: { llm_tokens: 10_000_000, messages: 100_000, images: 5_000, api_calls: 10_000 },
  },
};

export function isPlan(value: unknown): value is Plan {
  return typeof value === 'string' && (PLANS as readonly string[]).includes(value);
}

/** Negative when `a` is the lower plan, 0 when equal, positive when higher. */
export function comparePlans(a: Plan, b: Plan): number {
  return PLANS.indexOf(a) - PLANS.indexOf(b);
}

/** `all_features` stands for every feature there is, those of later releases too. */
export function planHasFeature(plan: Plan, feature: Feature): boolean {
  const { features } = PLAN_CATALOGUE[plan];
  return features.includes(feature) || features.includes('all_features');
}

/** The plans that have `feature`, cheapest first: what an upgrade hint offers. */
export function plansWithFeature(feature: Feature): Plan[] {
  return PLANS.filter((plan) => planHasFeature(plan, feature));
}

/** The plans above `plan` whose limit of `resource` is higher: what a quota answer offers. */
export function plansWithMore(plan: Plan, resource: ResourceType): Plan[] {
  const current = PLAN_CATALOGUE[plan].limits[resource];
  if (current === null) return [];
  return PLANS.filter((candidate) => {
    const limit = PLAN_CATALOGUE[candidate].limits[resource];
    return comparePlans(candidate, plan) > 0 && (limit === null || limit > current);
  });
}
