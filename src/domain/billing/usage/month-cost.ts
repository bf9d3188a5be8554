import type { Money } from '../../money.ts';
import type { OveragePrice } from '../overage.ts';
import type { MonthCost } from '../payment-view.ts';
import { MINOR_ONE, scaledPrice } from './unit-price.ts';

export type CostPart = 'plan' | 'overage' | 'packs';

/** A sum that belongs to a month, after what of it was given back. */
export interface Spent extends Money {
  part: CostPart;
  /** What of that was put on the customer's balance. */
  toBalanceMinor: number;
}

/**
 * What a month costs, a row a currency: what was spent, less what was given back in any way. What went to the
 * customer's balance is taken off where it was spent. An invoice that the balance pays asks for less by as
 * much: what of it is used already, or will be by the month's next invoice, is a cost of the plan again, so
 * that it is taken off once.
 */
export function monthCosts(
  spent: readonly Spent[],
  { balance, toCome }: { balance: readonly Money[]; toCome: readonly Money[] },
): MonthCost[] {
  const currencies = new Set([...spent, ...toCome].map(({ currency }) => currency));
  return [...currencies].toSorted().flatMap((currency) => {
    const mine = <One extends Money>(all: readonly One[]) =>
      all.filter((one) => one.currency === currency);
    const sum = (all: readonly Money[]) => all.reduce((total, one) => total + one.amountMinor, 0);
    const of = (part: CostPart) => sum(mine(spent).filter((one) => one.part === part));
    const nextMinor = sum(mine(toCome));
    const credited = mine(spent).reduce((total, one) => total + one.toBalanceMinor, 0);
    // The next invoice asks for nothing before the balance is empty.
    const leftMinor = nextMinor > 0 ? 0 : sum(mine(balance));
    const usedMinor = credited - Math.min(Math.max(leftMinor, 0), credited);
    const parts = {
      planMinor: of('plan') + nextMinor + usedMinor,
      overageMinor: Math.max(0, of('overage')),
      packsMinor: of('packs'),
    };
    const totalMinor = parts.planMinor + parts.overageMinor + parts.packsMinor;
    return totalMinor > 0 ? [{ currency, ...parts, totalMinor }] : [];
  });
}

/** Microcredits of overage at one price. */
export interface MicroAtPrice extends OveragePrice {
  micro: number;
}

/** What was drawn of a month and stands on no statement yet, rounded down once a currency; less than nothing where more was taken back. */
export function unbilledOf(
  drawn: readonly MicroAtPrice[],
  billed: readonly MicroAtPrice[],
): Money[] {
  const sums = new Map<string, bigint>();
  const add = ({ currency, minorPerCredit, micro }: MicroAtPrice, sign: bigint) => {
    const cost = sign * BigInt(micro) * scaledPrice(minorPerCredit);
    sums.set(currency, (sums.get(currency) ?? 0n) + cost);
  };
  for (const one of drawn) add(one, 1n);
  for (const one of billed) add(one, -1n);
  return [...sums].map(([currency, sum]) => {
    const rest = ((sum % MINOR_ONE) + MINOR_ONE) % MINOR_ONE;
    return { currency, amountMinor: Number((sum - rest) / MINOR_ONE) };
  });
}
