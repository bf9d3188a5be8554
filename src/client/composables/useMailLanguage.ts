import { useStorage } from '@vueuse/core';
import { watch } from 'vue';
import { saveLanguage } from '../services/auth.api.ts';
import { useSessionStore } from '../stores/session.ts';
import { useText } from './useText.ts';

/**
 * Saves at the server in which language and time zone the reader has the pages, once for each choice:
 * mails are written in both.
 */
export function useMailLanguage(): void {
  const session = useSessionStore();
  const { language } = useText();
  const saved = useStorage('squaretable.told', '');
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();

  watch(
    () => (session.user ? `${session.user.id}:${language.value}:${timeZone}` : undefined),
    async (choice) => {
      if (choice === undefined || choice === saved.value) return;
      // When it cannot be saved now, the next visit saves it.
      await saveLanguage({ locale: language.value, timeZone }).then(
        () => (saved.value = choice),
        () => undefined,
      );
    },
    { immediate: true },
  );
}
