/** `month` × 3 is a quarter. */
export interface Interval {
  interval: string;
  interval_count: number;
}

export interface Period {
  start: number;
  end: number;
}

const secondsOf: Record<string, number> = { day: 86_400, week: 7 * 86_400 };

/**
 * The `n`th boundary after the anchor (before it, when negative), in unix seconds. Months keep the
 * day and the time of the anchor; where a month is too short its last day stands in, and the next
 * one has the anchor's day again: 31 January → 28 February → 31 March.
 */
export function boundary(
  anchor: number,
  { interval, interval_count }: Interval,
  n: number,
): number {
  const seconds = secondsOf[interval];
  if (seconds !== undefined) return anchor + n * interval_count * seconds;
  return addMonths(anchor, n * interval_count * (interval === 'year' ? 12 : 1));
}

/** The period of the rhythm that begins at the anchor in which `at` lies: `[start, end)`. */
export function periodAt(anchor: number, interval: Interval, at: number): Period {
  let n = roughly(anchor, interval, at);
  while (boundary(anchor, interval, n) > at) n -= 1;
  while (boundary(anchor, interval, n + 1) <= at) n += 1;
  return { start: boundary(anchor, interval, n), end: boundary(anchor, interval, n + 1) };
}

/** `months` later by the calendar, in UTC. */
export function addMonths(at: number, months: number): number {
  const from = new Date(at * 1000);
  const year = from.getUTCFullYear();
  const month = from.getUTCMonth() + months;
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), lastDay);
  const midnight = Date.UTC(year, month, day) / 1000;
  return midnight + (at - Math.floor(at / 86_400) * 86_400);
}

function roughly(anchor: number, { interval, interval_count }: Interval, at: number): number {
  const seconds = secondsOf[interval];
  if (seconds !== undefined) return Math.floor((at - anchor) / (seconds * interval_count));
  const a = new Date(anchor * 1000);
  const b = new Date(at * 1000);
  const months = (b.getUTCFullYear() - a.getUTCFullYear()) * 12 + b.getUTCMonth() - a.getUTCMonth();
  return Math.floor(months / (interval_count * (interval === 'year' ? 12 : 1)));
}
