import type { Money } from '../../money.ts';
import { bounded, type SpendingRule } from './rules.ts';

/** What a team has spent on packs, or may still pay, of a day and a month of its own zone. */
export interface Spent {
  dayMinor: number;
  monthMinor: number;
  /** The month, `YYYY-MM`. */
  month: string;
  dayEndsAt: Date;
  monthEndsAt: Date;
}

/** What overage takes of a month, in the rule's currency: what was agreed to counts as spent. */
export interface OverageTaken {
  /** The cap in force, or what was used and is held where that is more. */
  monthMinor: number;
  /** The cap in force, which the next month has from its first instant; 0 while overage is off. */
  capMinor: number;
}

export const NO_OVERAGE: OverageTaken = { monthMinor: 0, capMinor: 0 };

/** The rule that a purchase, or a cap of overage, would break. */
export interface BrokenRule {
  rule: 'currency' | 'single' | 'day' | 'month';
  currency: string;
  maxMinor: number | null;
  /** On packs. */
  spentMinor: number;
  /** What overage takes of the month. */
  overageMinor: number;
  /** What is left of the maximum; null where none is in the way. */
  leftMinor: number | null;
  /** When it can be had; null: never as it is. */
  freeAt: Date | null;
}

const NOTHING = { spentMinor: 0, overageMinor: 0, freeAt: null };
const otherCurrency = (currency: string): BrokenRule => ({
  ...{ rule: 'currency', currency, maxMinor: null, leftMinor: null },
  ...NOTHING,
});

/** Whether a purchase fits: `undefined`, or what it would break, the longest wait first. */
export function judgeSpending(
  rule: SpendingRule,
  spent: Spent,
  purchase: Money,
  overage: OverageTaken = NO_OVERAGE,
): BrokenRule | undefined {
  if (!bounded(rule) || rule.currency === null) return undefined;
  const { currency, singleMaxMinor: single, dayMaxMinor: day, monthMaxMinor: month } = rule;
  const { amountMinor } = purchase;
  if (purchase.currency !== currency) return otherCurrency(currency);
  if (single !== null && amountMinor > single) {
    return { rule: 'single', currency, maxMinor: single, leftMinor: single, ...NOTHING };
  }
  const { monthMinor: overageMinor, capMinor } = overage;
  if (month !== null && spent.monthMinor + overageMinor + amountMinor > month) {
    return {
      ...{ rule: 'month', currency, maxMinor: month, spentMinor: spent.monthMinor, overageMinor },
      leftMinor: Math.max(0, month - spent.monthMinor - overageMinor),
      // The next month begins with the cap.
      freeAt: capMinor + amountMinor > month ? null : spent.monthEndsAt,
    };
  }
  if (day !== null && spent.dayMinor + amountMinor > day) {
    return {
      ...{ rule: 'day', currency, maxMinor: day, spentMinor: spent.dayMinor, overageMinor: 0 },
      leftMinor: Math.max(0, day - spent.dayMinor),
      freeAt: amountMinor > day ? null : spent.dayEndsAt,
    };
  }
  return undefined;
}

/**
 * The highest cap of overage that a rule leaves, and what of it is in the way; `undefined` where it limits
 * none. A cap has no day and is not bought at once, so that the month alone limits it; but a rule that
 * allows nothing at once or a day, or another currency, leaves nothing.
 */
function limitOfCap(
  rule: SpendingRule,
  spentMinor: number,
  currency: string,
): { by: BrokenRule['rule']; leftMinor: number } | undefined {
  if (!bounded(rule) || rule.currency === null) return undefined;
  if (rule.currency !== currency) return { by: 'currency', leftMinor: 0 };
  const none = (['single', 'day'] as const).find((kind) => rule[`${kind}MaxMinor`] === 0);
  if (none) return { by: none, leftMinor: 0 };
  const { monthMaxMinor } = rule;
  if (monthMaxMinor === null) return undefined;
  return { by: 'month', leftMinor: Math.max(0, monthMaxMinor - spentMinor) };
}

/**
 * Whether a cap of overage fits a rule. `spentMinor` is the most that was spent on packs of a month which
 * the cap is for.
 */
export function judgeCap(
  rule: SpendingRule,
  spent: { spentMinor: number; monthEndsAt: Date },
  cap: Money,
): BrokenRule | undefined {
  const { spentMinor, monthEndsAt } = spent;
  const limit = limitOfCap(rule, spentMinor, cap.currency);
  if (limit === undefined || cap.amountMinor <= limit.leftMinor) return undefined;
  const { by, leftMinor } = limit;
  const currency = rule.currency!;
  if (by === 'currency') return otherCurrency(currency);
  if (by !== 'month') return { rule: by, currency, maxMinor: 0, leftMinor, ...NOTHING };
  const maxMinor = rule.monthMaxMinor!;
  return {
    ...{ rule: by, currency, maxMinor, spentMinor, overageMinor: 0, leftMinor },
    freeAt: cap.amountMinor > maxMinor ? null : monthEndsAt,
  };
}

/** The highest cap of overage that rules leave, in a currency; null where they limit none. */
export function capLeft(
  rules: readonly SpendingRule[],
  spentMinor: number,
  currency: string,
): number | null {
  const limits = rules.flatMap((rule) => limitOfCap(rule, spentMinor, currency) ?? []);
  return limits.length === 0 ? null : Math.min(...limits.map(({ leftMinor }) => leftMinor));
}
