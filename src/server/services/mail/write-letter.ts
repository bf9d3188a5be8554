import type { Mail } from '../../../db/schema/index.ts';
import { formatMoney } from '../../../domain/money.ts';
import { wordsOf, type Letter, type MailKind, type Words } from './templates.ts';

/** Writes the mail in its reader's language. Throws for a kind that has no template. */
export function writeLetter(
  mail: Pick<Mail, 'kind' | 'locale' | 'data' | 'recipient'>,
  appUrl: string,
): Letter {
  const { kind, locale } = mail;
  const words: Words = wordsOf(locale);
  if (!Object.hasOwn(words, kind)) throw new Error(`There is no template for the mail "${kind}".`);
  const data = mail.data as Record<string, unknown>;
  const write = words[kind as MailKind] as (data: unknown, stationery: unknown) => Letter;
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' });
  return write(data, {
    name: typeof data.name === 'string' ? data.name : mail.recipient,
    appUrl,
    money: (amountMinor: number, currency: string) =>
      formatMoney({ amountMinor, currency }, locale),
    day: (iso: string) => day.format(new Date(iso)),
    number: (value: number) => new Intl.NumberFormat(locale).format(value),
  });
}
