import type { Language as ElementLocale } from 'element-plus/es/locale/index.mjs';
import { shallowRef, watch, type ShallowRef } from 'vue';
import type { Language } from '../i18n/languages.ts';
import { useText } from './useText.ts';

const LOAD: Record<Language, () => Promise<{ default: ElementLocale }>> = {
  en: () => import('element-plus/es/locale/lang/en.mjs'),
  'zh-CN': () => import('element-plus/es/locale/lang/zh-cn.mjs'),
};

/** Element Plus's own words, in the reader's language. */
export function useElementLocale(): ShallowRef<ElementLocale | undefined> {
  const { language } = useText();
  const locale = shallowRef<ElementLocale>();
  watch(
    language,
    async (wanted) => {
      const { default: loaded } = await LOAD[wanted]();
      if (language.value === wanted) locale.value = loaded;
    },
    { immediate: true },
  );
  return locale;
}
