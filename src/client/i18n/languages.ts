import type { FileLanguage } from '../../domain/accounts/files/file-words.ts';

export const LANGUAGES = ['en', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];

export const LANGUAGE_KEY = 'squaretable.language';

export function isLanguage(value: unknown): value is Language {
  return typeof value === 'string' && (LANGUAGES as readonly string[]).includes(value);
}

/** The stored choice, else the first of the reader's languages that we speak, else English. */
export function chooseLanguage(stored: string | null, preferred: readonly string[]): Language {
  if (isLanguage(stored)) return stored;
  const spoken = preferred.find((tag) => /^(zh|en)\b/i.test(tag));
  return spoken && /^zh/i.test(spoken) ? 'zh-CN' : 'en';
}

/** As hosted pages and files for people name it. */
export function shortLanguage(language: Language): FileLanguage {
  return language === 'zh-CN' ? 'zh' : 'en';
}
