import { BillingError } from './errors.ts';

/** A calendar month in UTC, written `YYYY-MM`: the window of every quota. */
export type Period = string & { readonly __brand: 'Period' };

const PERIOD_PATTERN = /^(\d{4})-(0[1-9]|1[0-2])$/;

/** `undefined` when `value` is not a month of the years 2000 to 2999. */
export function parsePeriod(value: string): Period | undefined {
  return PERIOD_PATTERN.test(value) && value.startsWith('2') ? (value as Period) : undefined;
}

/** The month that somebody wrote; `undefined` when none was. 400 `invalid_period` for anything else. */
export function requestedPeriod(written: string | undefined): Period | undefined {
  if (written === undefined) return undefined;
  const period = parsePeriod(written);
  if (period !== undefined) return period;
  throw new BillingError(
    'invalid_period',
    `The period "${written.slice(0, 40)}" is not a month of the years 2000 to 2999; write it as YYYY-MM.`,
  );
}

/** The month in which `instant` lies. */
export function periodOf(instant: Date): Period {
  return instant.toISOString().slice(0, 7) as Period;
}

/** First instant of the month. */
export function periodStart(period: Period): Date {
  return new Date(Date.UTC(Number(period.slice(0, 4)), Number(period.slice(5, 7)) - 1, 1));
}

/** First instant after the month: periods are half-open, `[start, end)`. */
export function periodEnd(period: Period): Date {
  return new Date(Date.UTC(Number(period.slice(0, 4)), Number(period.slice(5, 7)), 1));
}

/** The month as a reader of the locale says it: `November 2026`, `2026年11月`. */
export function formatMonth(period: string, locale: string): string {
  const words = new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  });
  return words.format(new Date(`${period}-01T00:00:00Z`));
}

export function nextPeriod(period: Period): Period {
  return periodOf(periodEnd(period));
}

export function previousPeriod(period: Period): Period {
  return periodOf(new Date(periodStart(period).getTime() - 1));
}

/** The last so many days, or those of a month. */
export type DaysWanted = number | { period: Period };

/** The UTC days that are wanted, `YYYY-MM-DD`, the first one first; of the last ones `now` is the last. */
export function daysOf(wanted: DaysWanted, now: Date): string[] {
  return typeof wanted === 'number' ? daysUpTo(now, wanted) : daysOfPeriod(wanted.period);
}

function daysOfPeriod(period: Period): string[] {
  const days = (periodEnd(period).getTime() - periodStart(period).getTime()) / DAY_MS;
  return daysUpTo(new Date(periodEnd(period).getTime() - DAY_MS), days);
}

function daysUpTo(last: Date, count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    new Date(last.getTime() - (count - 1 - i) * DAY_MS).toISOString().slice(0, 10),
  );
}

/** The months of the days from `from` to `to`, both `YYYY-MM-DD`. */
export function monthsOf(from: string, to: string): Period[] {
  const months: Period[] = [];
  for (let at = from.slice(0, 7) as Period; at <= to.slice(0, 7); at = nextPeriod(at))
    months.push(at);
  return months;
}

const DAY_MS = 86_400_000;
