import { formatMoney, type Money } from '../../domain/money.ts';
import { formatMonth } from '../../domain/period.ts';
import { formatList } from '../../domain/product.ts';
import type { Values } from './keys.ts';
import type { Language } from './languages.ts';

/** Stands for a space of a value's own. */
const OWN_SPACE = '\uE000';
const GAP =
  /(?<=[\p{Script=Han}，。、；：！？（）“”…]) (?=[\p{Script=Han}，。、；：！？（）“”…])/gu;

/**
 * A Chinese message with its holes filled by `fill`. Beside a hole stands a space, which Latin letters and
 * digits need; where the value begins or ends in Chinese, as a date does, it goes. The spaces
 * inside a value, a person's name for one, stay.
 */
export function fillChinese(values: Values, fill: (values: Values) => string): string {
  const kept = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.replaceAll(' ', OWN_SPACE) : value,
  ]);
  return fill(Object.fromEntries(kept) as Values)
    .replace(GAP, '')
    .replaceAll(OWN_SPACE, ' ');
}

/** Everything here is `Intl`, so that digits, units and dates follow the language. */
export interface Formats {
  money(money: Money): string;
  /** A currency as it is called: of `cny`, `Chinese Yuan` in English and `人民币` in Chinese. */
  currencyName(currency: string): string;
  number(value: number): string;
  /** Short: `1M` in English, `100万` in Chinese. */
  compact(value: number): string;
  /** A round figure as it is said: `1,000,000` in English, `100 万` in Chinese. */
  round(value: number): string;
  /** Of whole percents: `percent(80)` is `80%`. */
  percent(value: number): string;
  /** What of a quota is used, rounded down: `0%` for nothing alone, and `<1%` for less than one. */
  percentOf(used: number, quota: number): string;
  /** A day in the reader's own time zone. */
  date(instant: string | Date): string;
  /** The same, without the year where it is within ten months of `now`. */
  soon(instant: string | Date, now: Date): string;
  /** A day and the time of day in the reader's own time zone. */
  moment(instant: string | Date): string;
  /** A UTC calendar day as an axis label. */
  day(date: string): string;
  /** A month of quotas, `YYYY-MM`. */
  month(period: string): string;
  time(instant: string | Date): string;
  /** Date, time and zone in UTC, which is the zone of every quota. */
  instantUtc(instant: string | Date): string;
  /** `08/2028`, as printed on cards. */
  cardExpiry(month: number, year: number): string;
  list(items: readonly string[]): string;
  /** Whole sentences, one after the other; empty ones are left out. */
  sentences(...parts: string[]): string;
}

export function createFormats(language: Language): Formats {
  const currencies = new Intl.DisplayNames([language], { type: 'currency' });
  const number = new Intl.NumberFormat(language);
  const compact = new Intl.NumberFormat(language, { notation: 'compact' });
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'long' });
  const dayOnly = new Intl.DateTimeFormat(language, { month: 'long', day: 'numeric' });
  const moment = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short' });
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'medium' });
  const day = new Intl.DateTimeFormat(language, {
    month: 'short',
    day: 'numeric',
    timeZone: 'UTC',
  });
  const utc = new Intl.DateTimeFormat(language, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
    timeZoneName: 'short',
  });
  return {
    money: (money) => formatMoney(money, language),
    currencyName: (currency) => currencies.of(currency.toUpperCase()) ?? currency,
    number: (value) => number.format(value),
    compact: (value) => compact.format(value),
    round: (value) =>
      language === 'zh-CN' && value > 0 && value % 10_000 === 0
        ? compact.format(value).replace(/(?<=\d)(?=\p{Script=Han})/u, ' ')
        : number.format(value),
    percent: (value) => percent.format(value / 100),
    percentOf: (used, quota) => {
      // Of none nothing is left.
      const whole = quota === 0 ? 100 : Math.floor((used * 100) / quota);
      return whole === 0 && used > 0 ? `<${percent.format(0.01)}` : percent.format(whole / 100);
    },
    date: (instant) => date.format(new Date(instant)),
    soon: (instant, now) => {
      const at = new Date(instant);
      const isSoon = Math.abs(at.getTime() - now.getTime()) < 300 * 86_400_000;
      return (isSoon ? dayOnly : date).format(at);
    },
    moment: (instant) => moment.format(new Date(instant)),
    day: (value) => day.format(new Date(`${value}T00:00:00Z`)),
    month: (period) => formatMonth(period, language),
    time: (instant) => time.format(new Date(instant)),
    instantUtc: (instant) => utc.format(new Date(instant)),
    cardExpiry: (month, year) => `${String(month).padStart(2, '0')}/${year}`,
    list: (items) => formatList(items, language),
    sentences: (...parts) => parts.filter(Boolean).join(language === 'zh-CN' ? '' : ' '),
  };
}
