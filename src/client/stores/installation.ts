import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';
import type { ModeView } from '../../domain/api.ts';
import { readMode } from '../services/mode.api.ts';

/** What holds for everybody here: whether payments are real, and whom to write to. */
export const useInstallationStore = defineStore('installation', () => {
  const mode = shallowRef<ModeView | null>(null);
  let asked: Promise<void> | undefined;
  return {
    /** Without an answer nothing is claimed either way. */
    isTestMode: computed(() => mode.value?.testMode ?? false),
    isTaxAutomatic: computed(() => mode.value?.automaticTax ?? false),
    supportEmail: computed(() => mode.value?.supportEmail ?? null),
    termsUrl: computed(() => mode.value?.termsUrl ?? null),
    privacyUrl: computed(() => mode.value?.privacyUrl ?? null),

    /** Asks once. Never throws. */
    load(): Promise<void> {
      asked ??= readMode().then(
        (answer) => void (mode.value = answer),
        () => void (asked = undefined),
      );
      return asked;
    },
  };
});
