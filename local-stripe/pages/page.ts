import { setChinese } from './chinese.ts';
import { chooseLanguage } from './language.ts';
import type { Language } from './language.ts';
import { formatMoney } from './money.ts';
import { en } from './words/en.ts';
import type { Words } from './words/en.ts';
import { zh } from './words/zh.ts';

const chinese = setChinese(zh);

/** What every view needs to speak to one visitor: words, money and dates in their language. */
export interface Page {
  language: Language;
  words: Words;
  money(amountMinor: number, currency: string): string;
  /** A day in UTC, as `12 November 2026`; `seconds` since 1970. */
  date(seconds: number): string;
  dateTime(seconds: number): string;
}

/** The page context for Stripe's `locale` and the visitor's `Accept-Language` header. */
export function pageFor(
  locale: string | null | undefined,
  acceptLanguage: string | null | undefined,
): Page {
  return pageIn(chooseLanguage(locale, acceptLanguage));
}

export function pageIn(language: Language): Page {
  const tag = language === 'zh' ? 'zh-CN' : 'en-GB';
  const day = new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeZone: 'UTC' });
  const minute = new Intl.DateTimeFormat(tag, {
    dateStyle: 'medium',
    timeStyle: 'medium',
    timeZone: 'UTC',
  });
  return {
    language,
    words: language === 'zh' ? chinese : en,
    money: (amountMinor, currency) => formatMoney(amountMinor, currency, tag),
    date: (seconds) => day.format(seconds * 1000),
    dateTime: (seconds) => `${minute.format(seconds * 1000)} UTC`,
  };
}
