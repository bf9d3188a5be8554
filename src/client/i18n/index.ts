import { createI18n } from 'vue-i18n';
import { chooseLanguage, LANGUAGE_KEY, type Language } from './languages.ts';

/** Parts of the catalogue that come when a page needs them; the rest is there from the beginning. */
export type WordGroup =
  | 'bills'
  | 'extras'
  | 'announced'
  | 'billingDetails'
  | 'limits'
  | 'spending'
  | 'statements'
  | 'rooms'
  | 'admin';
type LoadWords = () => Promise<{ default: object }>;

const LOAD: Record<Language, Record<'base' | WordGroup, LoadWords>> = {
  en: {
    base: () => import('./en/base.ts'),
    bills: () => import('./en/bills.ts'),
    extras: () => import('./en/extras/index.ts'),
    announced: async () => ({
      default: { announced: (await import('./en/extras/announced.ts')).default },
    }),
    billingDetails: async () => ({
      default: { billingDetails: (await import('./en/extras/billing-details.ts')).default },
    }),
    limits: async () => ({
      default: { limits: (await import('./en/extras/limits.ts')).default },
    }),
    spending: async () => ({
      default: { spending: (await import('./en/extras/spending.ts')).default },
    }),
    statements: async () => ({
      default: { statements: (await import('./en/extras/statements.ts')).default },
    }),
    rooms: () => import('./en/rooms.ts'),
    admin: () => import('./en/admin/index.ts'),
  },
  'zh-CN': {
    base: () => import('./zh-CN/base.ts'),
    bills: () => import('./zh-CN/bills.ts'),
    extras: () => import('./zh-CN/extras/index.ts'),
    announced: async () => ({
      default: { announced: (await import('./zh-CN/extras/announced.ts')).default },
    }),
    billingDetails: async () => ({
      default: { billingDetails: (await import('./zh-CN/extras/billing-details.ts')).default },
    }),
    limits: async () => ({
      default: { limits: (await import('./zh-CN/extras/limits.ts')).default },
    }),
    spending: async () => ({
      default: { spending: (await import('./zh-CN/extras/spending.ts')).default },
    }),
    statements: async () => ({
      default: { statements: (await import('./zh-CN/extras/statements.ts')).default },
    }),
    rooms: () => import('./zh-CN/rooms.ts'),
    admin: () => import('./zh-CN/admin/index.ts'),
  },
};

/** What was asked for, and what of it is there, as `en/bills`. */
const wanted = new Set<'base' | WordGroup>(['base']);
const loaded = new Set<string>();

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

/** Loads the words of `language`, shows the page in it, and remembers the choice. */
export async function setLanguage(language: Language, remember = true): Promise<void> {
  await load(language);
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
  if (remember) writeStored(language);
}

/** Loads parts of the catalogue, in the present language and in whichever is chosen later. */
export async function loadWords(groups: readonly WordGroup[]): Promise<void> {
  for (const group of groups) wanted.add(group);
  await load(i18n.global.locale.value as Language);
}

async function load(language: Language): Promise<void> {
  const due = [...wanted].filter((part) => !loaded.has(`${language}/${part}`));
  const parts = await Promise.all(due.map((part) => LOAD[language][part]()));
  for (const { default: messages } of parts) i18n.global.mergeLocaleMessage(language, messages);
  for (const part of due) loaded.add(`${language}/${part}`);
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
