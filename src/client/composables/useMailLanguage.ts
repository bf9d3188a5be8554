import { useStorage } from '@vueuse/core';
import { watch } from 'vue';
import { tellReading } from '../services/auth.api.ts';
import { useSessionStore } from '../stores/session.ts';
import { useText } from './useText.ts';

/**
 * Tells the server in which language and time zone the reader has the pages, once for each choice:
 * mails are written in both.
 */
export function useMailLanguage(): void {
  const session = useSessionStore();
  const { language } = useText();
  const told = useStorage('squaretable.told', '');
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();

  watch(
    () => (session.user ? `${session.user.id}:${language.value}:${timeZone}` : undefined),
    async (choice) => {
      if (choice === undefined || choice === told.value) return;
      // When it cannot be told now, the next visit tells it.
      await tellReading({ locale: language.value, timeZone }).then(
        () => (told.value = choice),
        () => undefined,
      );
    },
    { immediate: true },
  );
}
