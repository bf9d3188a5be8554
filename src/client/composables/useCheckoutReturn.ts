import { useIntervalFn } from '@vueuse/core';
import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue';
import { getPayments } from '../services/subscription.api.ts';
import { useSubscriptionStore } from '../stores/subscription.ts';
import {
  judgeCheckout,
  POLL_FOR_MS,
  POLL_INTERVAL_MS,
  type CheckoutOutcome,
} from '../subscription/checkout-outcome.ts';

export interface CheckoutReturn {
  outcome: ComputedRef<CheckoutOutcome>;
  /** True once nothing decisive came within 30 s. */
  isSlow: Ref<boolean>;
  isAsking: Ref<boolean>;
  /** Asks once more, and goes on asking for another 30 s. */
  refresh(): void;
}

/** These times of asking look at Stripe; between them our own copy is read, which webhooks write. */
const SYNCS = new Set([1, 2, 4, 8]);

/** Asks the server every two seconds whether the payment has become a plan; believes nothing else. */
export function useCheckoutReturn(): CheckoutReturn {
  const store = useSubscriptionStore();
  const outcome = shallowRef<CheckoutOutcome>({ kind: 'waiting' });
  const isSlow = ref(false);
  const isAsking = ref(false);
  let startedAt = performance.now();
  let asked = 0;

  const poll = useIntervalFn(ask, POLL_INTERVAL_MS, { immediateCallback: true });

  async function ask(): Promise<void> {
    if (isAsking.value) return;
    isAsking.value = true;
    asked += 1;
    try {
      const overview = SYNCS.has(asked) ? await store.sync() : await store.fetchSubscription();
      if (!overview) return;
      const { payments } = await getPayments(null);
      outcome.value = judgeCheckout(overview, payments);
    } catch {
      // A call that failed decides nothing; the next one is two seconds away.
    } finally {
      isAsking.value = false;
      if (['active', 'authenticate', 'failed'].includes(outcome.value.kind)) poll.pause();
      else if (performance.now() - startedAt >= POLL_FOR_MS) {
        isSlow.value = true;
        poll.pause();
      }
    }
  }

  return {
    outcome: computed(() => outcome.value),
    isSlow,
    isAsking,
    refresh() {
      startedAt = performance.now();
      asked = 0;
      isSlow.value = false;
      poll.resume();
      void ask();
    },
  };
}
