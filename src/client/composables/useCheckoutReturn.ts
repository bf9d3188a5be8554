import { useIntervalFn } from '@vueuse/core';
import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue';
import { toProblem } from '../services/api-problem.ts';
import { getCheckout, getPayments } from '../services/subscription.api.ts';
import { useSubscriptionStore } from '../stores/subscription.ts';
import {
  DECIDED,
  judgeCheckout,
  POLL_FOR_MS,
  POLL_INTERVAL_MS,
  type CheckoutKnown,
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
/** These ask what became of the checkout itself, the last of them before giving up. */
const LOOKS = new Set([1, 3, 14]);

/** Asks the server every two seconds whether the payment has become a plan; believes nothing else. */
export function useCheckoutReturn(sessionId: string): CheckoutReturn {
  const store = useSubscriptionStore();
  const outcome = shallowRef<CheckoutOutcome>({ kind: 'waiting' });
  const isSlow = ref(false);
  const isAsking = ref(false);
  let startedAt = performance.now();
  let asked = 0;
  let known: CheckoutKnown = 'unknown';

  const poll = useIntervalFn(ask, POLL_INTERVAL_MS, { immediateCallback: true });

  async function ask(): Promise<void> {
    if (isAsking.value) return;
    isAsking.value = true;
    asked += 1;
    try {
      const overview = SYNCS.has(asked) ? await store.sync() : await store.fetchSubscription();
      if (!overview) return;
      if (LOOKS.has(asked)) known = await look();
      const { payments } = await getPayments(null);
      outcome.value = judgeCheckout(overview, payments, known);
    } catch {
      // A call that failed decides nothing; the next one is two seconds away.
    } finally {
      isAsking.value = false;
      if (DECIDED.has(outcome.value.kind)) poll.pause();
      else if (performance.now() - startedAt >= POLL_FOR_MS) {
        isSlow.value = true;
        poll.pause();
      }
    }
  }

  /** What is known stays, when it cannot be asked just now. */
  async function look(): Promise<CheckoutKnown> {
    try {
      return (await getCheckout(sessionId)).state;
    } catch (thrown) {
      return toProblem(thrown).code === 'not_found' ? 'not_ours' : known;
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
