import { useQuery, type UseQueryReturn } from '@pinia/colada';
import type { PlanView, PlansView, PriceView } from '../../domain/api.ts';
import { getPlans } from '../services/subscription.api.ts';

/** The one plans response: cards, comparison, paywall and every price on the pages come from it. */
export function usePlans(): UseQueryReturn<PlansView> & {
  findPrice(priceId: string | null | undefined): PriceView | undefined;
  findPlan(plan: string): PlanView | undefined;
} {
  const query = useQuery<PlansView>({ key: ['plans'], query: getPlans, staleTime: 60_000 });
  return {
    ...query,
    findPrice: (priceId) =>
      query.data.value?.plans
        .flatMap(({ prices }) => prices)
        .find((price) => price.priceId === priceId),
    findPlan: (plan) => query.data.value?.plans.find((view) => view.plan === plan),
  };
}
