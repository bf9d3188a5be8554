import { useQuery, type UseQueryReturn } from '@pinia/colada';
import { computed } from 'vue';
import type { PlanView, PlansView, PriceView } from '../../domain/api.ts';
import { getPlans } from '../services/subscription.api.ts';
import { useSubscriptionStore } from '../stores/subscription.ts';
import { plansIn } from '../subscription/plans-in-currency.ts';

/**
 * The one plans response: cards, comparison, paywall and every price on the pages come from it, in
 * the currency that the reader is billed in where a price has it.
 */
export function usePlans(): UseQueryReturn<PlansView> & {
  findPrice(priceId: string | null | undefined): PriceView | undefined;
  findPlan(plan: string): PlanView | undefined;
} {
  const store = useSubscriptionStore();
  const query = useQuery<PlansView>({ key: ['plans'], query: getPlans, staleTime: 60_000 });
  const data = computed(
    () => query.data.value && plansIn(query.data.value, store.overview?.currency ?? null),
  );
  return {
    ...query,
    data,
    findPrice: (priceId) =>
      data.value?.plans.flatMap(({ prices }) => prices).find((price) => price.priceId === priceId),
    findPlan: (plan) => data.value?.plans.find((view) => view.plan === plan),
  };
}
