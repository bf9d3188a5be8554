import { computed, type ComputedRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { createFormats, fillChinese, type Formats } from '../i18n/format.ts';
import type { MessageKey, Values } from '../i18n/keys.ts';
import { LANGUAGES, type Language } from '../i18n/languages.ts';

export interface Text {
  /** The message, its holes filled; `count` chooses the plural form and fills `{count}`. */
  t(key: MessageKey, values?: Values, count?: number): string;
  f: ComputedRef<Formats>;
  language: ComputedRef<Language>;
}

const formats = Object.fromEntries(
  LANGUAGES.map((language) => [language, createFormats(language)]),
) as Record<Language, Formats>;

/** Words and figures in the reader's language. */
export function useText(): Text {
  const { t, locale } = useI18n({ useScope: 'global' });
  const language = computed(() => locale.value as Language);
  return {
    t: (key, values = {}, count) => {
      const fill = (filled: Values) =>
        count === undefined ? t(key, filled) : t(key, filled, count);
      return language.value === 'zh-CN' ? fillChinese(values, fill) : fill(values);
    },
    f: computed(() => formats[language.value]),
    language,
  };
}
