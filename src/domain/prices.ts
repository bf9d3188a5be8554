import type { Money } from './money.ts';

interface Priced extends Money {
  /** Further currencies in which the price can be had (Stripe's `currency_options`). */
  currencyOptions: readonly Money[];
}

/** What a price costs in `currency`; its own for `null`. `undefined` when it has no amount in that. */
export function priceIn(price: Priced, currency: string | null): Money | undefined {
  if (currency === null || currency === price.currency) {
    return { amountMinor: price.amountMinor, currency: price.currency };
  }
  return price.currencyOptions.find((option) => option.currency === currency);
}

/** A price that is charged again and again: what each time costs, and how often that is. */
export interface Recurring {
  amountMinor: number;
  quantity: number;
  interval: string;
  intervalCount: number;
}

/** Months of one interval of Stripe's, on the average of a year; 0 for a word that we do not know. */
const MONTHS: Record<string, number> = { month: 1, year: 12, week: 12 / 52, day: 12 / 365 };

/** What a recurring price comes to in a month, rounded to whole minor units. */
export function monthlyMinor({
  amountMinor,
  quantity,
  interval,
  intervalCount,
}: Recurring): number {
  const months = (MONTHS[interval] ?? 0) * intervalCount;
  return months === 0 ? 0 : Math.round((amountMinor * quantity) / months);
}

export const MOVEMENTS = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] as const;
/** How a tenant's monthly recurring revenue moves. */
export type MrrMovement = (typeof MOVEMENTS)[number];

/** What a move from `before` to another sum is; `hadAny`: whether there was one ever before. */
export function mrrMovement(before: number, after: number, hadAny: boolean): MrrMovement {
  if (after === 0) return 'churn';
  if (before === 0) return hadAny ? 'reactivation' : 'new';
  return after > before ? 'expansion' : 'contraction';
}
