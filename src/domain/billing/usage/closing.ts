import type { Money } from '../../money.ts';
import { floorOf } from '../statement.ts';
import { periodOf, previousPeriod, type Period } from '../../period.ts';

/** So long after a month work of it may still be settled: a hold lives a day, and is then swept. */
export const MONTH_IS_OVER_MS = 26 * 3_600_000;

/** The last month of which nothing more is to come. */
export function lastClosableMonth(now: Date): Period {
  return previousPeriod(periodOf(new Date(now.getTime() - MONTH_IS_OVER_MS)));
}

/** What becomes of a statement when it is closed: a small one is carried, or written off at an end. */
export function stateAtClosing(
  { amountMinor, currency }: Money,
  { isEnd }: { isEnd: boolean },
): 'closed' | 'carried' | 'written_off' {
  if (amountMinor >= floorOf(currency)) return 'closed';
  return isEnd ? 'written_off' : 'carried';
}
