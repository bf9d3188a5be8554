import { createI18n } from 'vue-i18n';
import type { Messages } from './en/index.ts';
import { chooseLanguage, LANGUAGE_KEY, type Language } from './languages.ts';

const LOAD: Record<Language, () => Promise<{ default: Messages }>> = {
  en: () => import('./en/index.ts'),
  'zh-CN': () => import('./zh-CN/index.ts'),
};

export const i18n = createI18n<false>({
  legacy: false,
  locale: 'en',
  // A key that is missing shows as itself in tests; the types keep it from happening.
  fallbackLocale: false as never,
  missingWarn: false,
});

/** The language to begin with: stored, else the browser's. */
export function initialLanguage(): Language {
  return chooseLanguage(readStored(), navigator.languages);
}

/** Loads the catalogue of `language`, shows the page in it, and remembers the choice. */
export async function setLanguage(language: Language, remember = true): Promise<void> {
  if (!i18n.global.availableLocales.includes(language) || isEmpty(language)) {
    const { default: messages } = await LOAD[language]();
    i18n.global.setLocaleMessage(language, messages as never);
  }
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
  if (remember) writeStored(language);
}

function isEmpty(language: Language): boolean {
  return Object.keys(i18n.global.getLocaleMessage(language)).length === 0;
}

function readStored(): string | null {
  try {
    return localStorage.getItem(LANGUAGE_KEY);
  } catch {
    return null;
  }
}

function writeStored(language: Language): void {
  try {
    localStorage.setItem(LANGUAGE_KEY, language);
  } catch {
    // Storage may be refused; the choice then lasts as long as the page.
  }
}
