import type { PackView } from '../../domain/api.ts';
import type { Money } from '../../domain/money.ts';

/** What the pack costs in `currency`; `undefined` where it is not sold in it. */
export function priceIn({ prices }: PackView, currency: string): Money | undefined {
  return prices.find((price) => price.currency === currency);
}

/**
 * In what sums are asked for until somebody chooses: as the team is billed, or was; else as readers of the
 * language mostly pay.
 */
export function usualCurrency(
  overview: { usualCurrency: string | null } | undefined,
  language: string,
): string {
  return overview?.usualCurrency ?? (language === 'zh-CN' ? 'cny' : 'usd');
}

/**
 * In what a spending rule is set: what the team is billed in where something runs, for a rule in another currency
 * is refused then; else that of the rule it has.
 */
export function ruleCurrency(
  overview: { currency: string | null; usualCurrency: string | null } | undefined,
  has: string | null,
  language: string,
): string {
  return overview?.currency ?? has ?? usualCurrency(overview, language);
}

/**
 * A sum that was agreed to, to begin with where it is agreed to again; null where the team pays in another currency
 * by now, in which the same figure would be another sum.
 */
export function stillAgreed(
  overview: { currency: string | null } | undefined,
  agreed: Money | null,
): Money | null {
  const bound = overview?.currency ?? null;
  return agreed && (bound === null || bound === agreed.currency) ? agreed : null;
}

/** In what all packs can be paid: in what the team is billed in alone, where something runs. */
export function currenciesOf(packs: readonly PackView[], bound: string | null): string[] {
  const [first] = packs;
  const all = (first?.prices ?? []).map(({ currency }) => currency);
  return all.filter(
    (currency) =>
      (bound === null || currency === bound) && packs.every((pack) => priceIn(pack, currency)),
  );
}

/** The wanted one, else the first; `undefined` where nothing is sold. */
export function currencyAmong(currencies: readonly string[], wanted: string): string | undefined {
  return currencies.find((one) => one === wanted) ?? currencies[0];
}

/** The wanted one, else the one in the middle: neither the least nor the most. */
export function chosenPack(packs: readonly PackView[], id: string): PackView | undefined {
  return packs.find((pack) => pack.id === id) ?? packs[Math.floor((packs.length - 1) / 2)];
}

/** The least that credits cost. */
export function leastPrice(packs: readonly PackView[], currency: string): Money | undefined {
  const prices = packs.flatMap((pack) => priceIn(pack, currency) ?? []);
  return prices.toSorted((a, b) => a.amountMinor - b.amountMinor)[0];
}
