import { useStorage } from '@vueuse/core';
import { watch } from 'vue';
import { chooseLocale } from '../services/auth.api.ts';
import { useSessionStore } from '../stores/session.ts';
import { useText } from './useText.ts';

/** Tells the server which language the reader chose, once for each choice. */
export function useMailLanguage(): void {
  const session = useSessionStore();
  const { language } = useText();
  const told = useStorage('squaretable.told', '');

  watch(
    () => (session.user ? `${session.user.id}:${language.value}` : undefined),
    async (choice) => {
      if (choice === undefined || choice === told.value) return;
      // When it cannot be told now, the next visit tells it.
      await chooseLocale(language.value).then(
        () => (told.value = choice),
        () => undefined,
      );
    },
    { immediate: true },
  );
}
