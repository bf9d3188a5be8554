import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { Gate } from '../subscription/gate.ts';

/** Which gate the reader stands before; the shell shows the dialog on whatever page that is. */
export const usePaywallStore = defineStore('paywall', () => {
  const gate = shallowRef<Gate | null>(null);
  return {
    gate,
    open(reason: Gate): void {
      gate.value = reason;
    },
    close(): void {
      gate.value = null;
    },
  };
});
