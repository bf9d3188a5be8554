import { plansWithFeature, plansWithMore, type Feature, type Plan } from '../../domain/plans.ts';
import type { ResourceType, ResourceUsage } from '../../domain/quota.ts';
import { gateOf } from '../subscription/gate.ts';
import { toProblem, type ApiProblem } from '../services/api-problem.ts';
import { usePaywallStore } from '../stores/paywall.ts';
import { useSubscriptionStore } from '../stores/subscription.ts';
import { usePlans } from './usePlans.ts';

export interface FeatureGate {
  /** True also while it is not known: the server has the last word. Reactive. */
  hasFeature(feature: Feature): boolean;
  /** False, and the paywall opens, when the plan lacks `feature`. */
  requireFeature(feature: Feature): boolean;
  /** The cheapest plan that has it; `undefined` while the plans are not read. Reactive. */
  cheapestWith(feature: Feature): Plan | undefined;
  checkQuota(resource: ResourceType): ResourceUsage | undefined;
  /** Opens the paywall when `thrown` is a gate's answer, and says whether it was. */
  catchGate(thrown: unknown): boolean;
}

/** The gates as the pages see them: locked things are shown with a way to unlock them. */
export function useFeatureGate(): FeatureGate {
  const subscription = useSubscriptionStore();
  const paywall = usePaywallStore();
  const { data, findPlan } = usePlans();
  const having = (feature: Feature) => plansWithFeature(data.value?.plans ?? [], feature);

  function hasFeature(feature: Feature): boolean {
    return subscription.hasFeature(feature) ?? true;
  }

  return {
    hasFeature,
    requireFeature(feature) {
      if (hasFeature(feature)) return true;
      paywall.open({ kind: 'feature', feature, plans: having(feature) });
      return false;
    },
    cheapestWith: (feature) => having(feature)[0],
    checkQuota: (resource) => subscription.resource(resource),
    catchGate(thrown) {
      const problem: ApiProblem = toProblem(thrown);
      const gate = gateOf(problem);
      if (!gate) return false;
      const plan = findPlan(subscription.subscription?.plan ?? '');
      const isBare = gate.plans.length === 0 && plan !== undefined;
      paywall.open(
        isBare && gate.kind === 'quota'
          ? { ...gate, plans: plansWithMore(data.value?.plans ?? [], plan, gate.resource) }
          : gate,
      );
      void subscription.fetchSubscription();
      return true;
    },
  };
}
