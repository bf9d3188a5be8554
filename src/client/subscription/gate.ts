import type { PlanView } from '../../domain/api.ts';
import type { Money } from '../../domain/money.ts';
import { FEATURES, isPlan, type Feature, type Plan } from '../../domain/plans.ts';
import { isResourceType, type ResourceType, type ResourceUsage } from '../../domain/quota.ts';

/** Why the product says no, as the paywall shows it. */
export type Gate =
  | { kind: 'feature'; feature: Feature | 'api_calls'; plans: Plan[] }
  | {
      kind: 'quota';
      resource: ResourceType;
      used: number | null;
      limit: number | null;
      resetsAt: string | null;
      plans: Plan[];
      /** Whether credits would pay for more of it. */
      sellsCredits: boolean;
      /** Why overage, which was agreed to, does not pay for more of it. */
      overage: OverageGate | null;
    };

/** What the customer can end: the cap is reached, its price rose, a rule leaves none, a bill is unpaid. */
export type OverageGate =
  | { reason: 'cap'; used: Money; cap: Money }
  | { reason: 'price' }
  | { reason: 'rule' }
  | { reason: 'unpaid' };

/** The plan has no quota of it at all, so that none is used up and none comes back with the next month. */
export function hasNoQuota(gate: Gate, usage: Pick<ResourceUsage, 'level'> | undefined): boolean {
  return gate.kind === 'quota' && gate.limit === 0 && usage?.level === 'not_included';
}

/** Reads a gate's answer (403 `upgrade_required`, 429 `quota_exceeded`); `null` for every other problem. */
export function gateOf(problem: { code: string; details: Record<string, unknown> }): Gate | null {
  const { code, details } = problem;
  const plans = Array.isArray(details['plans']) ? details['plans'].filter(isPlan) : [];
  if (code === 'upgrade_required') {
    const feature = FEATURES.find((known) => known === details['feature']);
    return { kind: 'feature', feature: feature ?? 'api_calls', plans };
  }
  if (code !== 'quota_exceeded' || !isResourceType(details['resource'])) return null;
  return {
    kind: 'quota',
    resource: details['resource'],
    used: numberOrNull(details['used']),
    limit: numberOrNull(details['limit']),
    resetsAt: typeof details['resetsAt'] === 'string' ? details['resetsAt'] : null,
    plans,
    sellsCredits: Array.isArray(details['packs']) && details['packs'].length > 0,
    overage: overageGateOf(details),
  };
}

function overageGateOf({ reason, cap }: Record<string, unknown>): OverageGate | null {
  if (reason === 'unpaid') return { reason };
  if (reason !== 'cap' || typeof cap !== 'object' || cap === null) return null;
  const { capMinor, usedMinor, currency, lapsed } = cap as Record<string, unknown>;
  if (lapsed === 'price') return { reason: 'price' };
  if (lapsed === 'spending_rule') return { reason: 'rule' };
  if (typeof capMinor !== 'number' || typeof usedMinor !== 'number') return null;
  if (typeof currency !== 'string') return null;
  const money = (amountMinor: number): Money => ({ amountMinor, currency });
  return { reason, used: money(usedMinor), cap: money(capMinor) };
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/**
 * The resource that answers under way hold for a moment, of the team's quota or of one's own limit, when
 * that alone is in the way.
 */
export function heldResource(problem: {
  code: string;
  details: Record<string, unknown>;
}): ResourceType | null {
  const { resource, reason } = problem.details;
  const isRefusal = problem.code === 'quota_exceeded' || problem.code === 'member_limit';
  const waits = isRefusal && reason === 'in_progress';
  return waits && isResourceType(resource) ? resource : null;
}

/** The plans whose quota of API calls is not 0: what an upgrade hint for keys offers. */
export function plansWithApiKeys(plans: readonly PlanView[]): Plan[] {
  return plans.filter(({ limits }) => limits.api_calls !== 0).map(({ plan }) => plan);
}
