import type { UsageStats } from '../../domain/api.ts';
import { parsePeriod, periodStart } from '../../domain/period.ts';
import type { Interval } from '../../domain/plans.ts';

/**
 * One interval after `start`, as Stripe counts it: the same day of the month, or the last one
 * where the month is shorter (31 January renews on 28 or 29 February).
 */
export function firstRenewal(start: Date, interval: Interval): Date {
  const months = interval === 'year' ? 12 : 1;
  const target = new Date(start);
  target.setUTCDate(1);
  target.setUTCMonth(target.getUTCMonth() + months);
  const daysInMonth = new Date(
    Date.UTC(target.getUTCFullYear(), target.getUTCMonth() + 1, 0),
  ).getUTCDate();
  target.setUTCDate(Math.min(start.getUTCDate(), daysInMonth));
  return target;
}

/** When the first payment after `trialDays` free of charge is taken: a trial is counted in days. */
export function trialEnd(start: Date, trialDays: number): Date {
  return new Date(start.getTime() + trialDays * 86_400_000);
}

/**
 * The present as the service counts it: the latest of the reader's clock, the last count and the
 * start of the service's month. The service's clock can be ahead, never behind.
 */
export function presentOf(usage: UsageStats | undefined, readersNow: Date): Date {
  const period = usage ? parsePeriod(usage.period) : undefined;
  const known = [
    readersNow.getTime(),
    usage ? Date.parse(usage.updatedAt) : 0,
    period ? periodStart(period).getTime() : 0,
  ].filter(Number.isFinite);
  return new Date(Math.max(...known));
}
