import { plansWithFeature, plansWithMore, type Feature } from '../../domain/plans.ts';
import type { ResourceType, ResourceUsage } from '../../domain/quota.ts';
import { gateOf } from '../subscription/gate.ts';
import { toProblem, type ApiProblem } from '../services/api-problem.ts';
import { usePaywallStore } from '../stores/paywall.ts';
import { useSubscriptionStore } from '../stores/subscription.ts';

export interface FeatureGate {
  /** True also while it is not known: the server has the last word. Reactive. */
  hasFeature(feature: Feature): boolean;
  /** False, and the paywall opens, when the plan lacks `feature`. */
  requireFeature(feature: Feature): boolean;
  checkQuota(resource: ResourceType): ResourceUsage | undefined;
  /** Opens the paywall when `thrown` is a gate's answer, and says whether it was. */
  catchGate(thrown: unknown): boolean;
}

/** The gates as the pages see them: locked things are shown with a way to unlock them. */
export function useFeatureGate(): FeatureGate {
  const subscription = useSubscriptionStore();
  const paywall = usePaywallStore();

  function hasFeature(feature: Feature): boolean {
    return subscription.hasFeature(feature) ?? true;
  }

  return {
    hasFeature,
    requireFeature(feature) {
      if (hasFeature(feature)) return true;
      paywall.open({ kind: 'feature', feature, plans: plansWithFeature(feature) });
      return false;
    },
    checkQuota: (resource) => subscription.resource(resource),
    catchGate(thrown) {
      const problem: ApiProblem = toProblem(thrown);
      const gate = gateOf(problem);
      if (!gate) return false;
      const plan = subscription.subscription?.plan;
      const isBare = gate.plans.length === 0 && plan !== undefined;
      paywall.open(
        isBare && gate.kind === 'quota'
          ? { ...gate, plans: plansWithMore(plan, gate.resource) }
          : gate,
      );
      void subscription.fetchSubscription();
      return true;
    },
  };
}
