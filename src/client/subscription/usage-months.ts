import { periodOf, periodStart, type Period } from '../../domain/period.ts';

/** How far back the pages offer months. */
const MONTHS = 24;

/** The month of `present` and those before it, the newest first. */
export function monthsBefore(present: Date): Period[] {
  const months = [periodOf(present)];
  while (months.length < MONTHS) {
    months.push(periodOf(new Date(periodStart(months.at(-1)!).getTime() - 1)));
  }
  return months;
}
