import type { Mail } from '../../../db/schema/index.ts';
import type { ContactView } from '../../../domain/api.ts';
import { formatMoney, formatUnitPrice } from '../../../domain/money.ts';
import { formatMonth } from '../../../domain/period.ts';
import { formatList } from '../../../domain/product.ts';
import { contactLines } from './contact-lines.ts';
import type { MailContent, MailKind, MailTemplates } from './templates.ts';
import { en } from './templates.en.ts';
import { zh } from './templates.zh.ts';

/** Where a mail's links lead, and whom its reader may write to. */
export interface MailSender {
  appUrl: string;
  contact: ContactView;
}

/** Writes the mail in its reader's language. Throws for a kind that has no template. */
export function renderMail(
  mail: Pick<Mail, 'kind' | 'locale' | 'timeZone' | 'data' | 'recipient'>,
  { appUrl, contact }: MailSender,
): MailContent {
  const { kind, locale } = mail;
  const templates: MailTemplates = templatesOf(locale);
  if (!Object.hasOwn(templates, kind))
    throw new Error(`There is no template for the mail "${kind}".`);
  const data = mail.data as Record<string, unknown>;
  const write = templates[kind as MailKind] as (data: unknown, format: unknown) => MailContent;
  // A mail is forwarded and read elsewhere: it names the zone, and so the instant that the page shows.
  const day = new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: zoneOf(mail),
    timeZoneName: 'short',
  });
  const { subject, text } = write(data, {
    name: typeof data.name === 'string' ? data.name : mail.recipient,
    appUrl,
    money: (amountMinor: number, currency: string) =>
      formatMoney({ amountMinor, currency }, locale),
    unitPrice: (minor: string, currency: string) => formatUnitPrice(minor, currency, locale),
    day: (iso: string) => day.format(new Date(iso)),
    month: (period: string) => formatMonth(period, locale),
    number: (value: number) => new Intl.NumberFormat(locale).format(value),
    list: (items: string[]) => formatList(items, locale),
  });
  const lines = contactLines(contact, isChinese(locale) ? 'zh' : 'en');
  return { subject, text: [text, lines].filter(Boolean).join('\n\n') };
}

/** The templates of a locale: Chinese for every `zh`, English for the rest. */
function templatesOf(locale: string): MailTemplates {
  return isChinese(locale) ? zh : en;
}

function isChinese(locale: string): boolean {
  return locale.toLowerCase().startsWith('zh');
}

/** The reader's, as their pages told it; UTC for who has none, or one that is not known here. */
function zoneOf({ timeZone }: Pick<Mail, 'timeZone'>): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: timeZone ?? 'UTC' }).resolvedOptions()
      .timeZone;
  } catch {
    return 'UTC';
  }
}
