import { useQuery } from '@pinia/colada';
import { computed, type ComputedRef } from 'vue';
import { getPayments } from '../services/subscription.api.ts';
import { useSessionStore } from '../stores/session.ts';
import { useSubscriptionStore } from '../stores/subscription.ts';

/**
 * In which currency somebody paid who comes back and is now to pay in `currency`: a credit balance
 * at Stripe belongs to its own. `null` for everybody else.
 */
export function useFormerCurrency(currency: () => string): ComputedRef<string | null> {
  const session = useSessionStore();
  const store = useSubscriptionStore();
  const { data } = useQuery({
    key: () => ['tenant', session.user?.id ?? '', 'last-payment'],
    query: () => getPayments(null),
    enabled: () => store.subscription?.status === 'canceled',
  });
  return computed(() => {
    const former = data.value?.payments[0]?.currency;
    return former !== undefined && former !== currency() ? former : null;
  });
}
