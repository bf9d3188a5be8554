import { useIntervalFn } from '@vueuse/core';
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import type { PurchaseView } from '../../domain/api.ts';
import { toProblem } from '../services/api-problem.ts';
import { syncPurchase } from '../services/credits.api.ts';
import { POLL_FOR_MS, POLL_INTERVAL_MS } from '../subscription/checkout-outcome.ts';
import { useCreditsRefresh } from './useCredits.ts';

export interface PurchaseReturn {
  purchase: ShallowRef<PurchaseView | null>;
  /** The server knows no such purchase of this team. */
  isMissing: Ref<boolean>;
  /** True once nothing decisive came within 30 s. */
  isSlow: Ref<boolean>;
  isAsking: Ref<boolean>;
  /** Asks once more, and goes on asking for another 30 s. */
  refresh(): void;
}

/** Nothing is to be waited for any more, or not on this page. */
const WAITING = new Set(['wanted', 'open', 'paid']);

/** Has the server look whether the payment has become credits; believes nothing else. */
export function usePurchaseReturn(id: string, options: { waits: boolean }): PurchaseReturn {
  const purchase = shallowRef<PurchaseView | null>(null);
  const isMissing = ref(false);
  const isSlow = ref(false);
  const isAsking = ref(false);
  const refreshCredits = useCreditsRefresh();
  let startedAt = performance.now();
  const poll = useIntervalFn(ask, POLL_INTERVAL_MS, { immediateCallback: true });

  async function ask(): Promise<void> {
    if (isAsking.value) return;
    isAsking.value = true;
    try {
      purchase.value = await syncPurchase(id);
    } catch (thrown) {
      const { code } = toProblem(thrown);
      isMissing.value = code === 'not_found' || code === 'invalid_request';
    } finally {
      isAsking.value = false;
      const state = purchase.value?.state;
      const isDecided = state !== undefined && (!WAITING.has(state) || !options.waits);
      if (isDecided || isMissing.value) {
        poll.pause();
        void refreshCredits();
      } else if (performance.now() - startedAt >= POLL_FOR_MS) {
        isSlow.value = true;
        poll.pause();
      }
    }
  }

  return {
    purchase,
    isMissing,
    isSlow,
    isAsking,
    refresh() {
      startedAt = performance.now();
      isSlow.value = false;
      poll.resume();
      void ask();
    },
  };
}
