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
    `The period "${written.slice(0, 40)}" is not a month; write it as YYYY-MM.`,
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

export function nextPeriod(period: Period): Period {
  return periodOf(periodEnd(period));
}
