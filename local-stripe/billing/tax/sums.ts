import type { Context } from '../../kernel/types.ts';
import { inclusiveTax } from './amount.ts';
import { ratesOf } from './rates.ts';

/** A tax as lines of invoices, lines of credit notes and the totals of both tell it. */
export interface TaxEntry {
  amount: number;
  tax_behavior: string;
  tax_rate_details: { tax_rate: string } | null;
  taxability_reason: string;
  taxable_amount: number | null;
}

/** Entries of the same rate and reason as one, in the order they come. */
export function addTaxes<T extends TaxEntry>(taxes: readonly T[]): T[] {
  const sums = new Map<string, T>();
  for (const tax of taxes) {
    const key = `${tax.tax_rate_details?.tax_rate} ${tax.tax_behavior} ${tax.taxability_reason}`;
    const before = sums.get(key);
    sums.set(
      key,
      before === undefined
        ? tax
        : {
            ...before,
            amount: before.amount + tax.amount,
            taxable_amount: (before.taxable_amount ?? 0) + (tax.taxable_amount ?? 0),
          },
    );
  }
  return [...sums.values()];
}

/** How much of these taxes comes on top (`exclusive`), or is in the price (`inclusive`). */
export function sumOf(taxes: readonly TaxEntry[], behavior: 'exclusive' | 'inclusive'): number {
  return taxes.reduce((sum, tax) => (tax.tax_behavior === behavior ? sum + tax.amount : sum), 0);
}

/** The inclusive tax that would be in an amount with the rates of a line that were charged. */
export function taxWithin(ctx: Context, amount: number, taxes: readonly TaxEntry[]): number {
  const ids = taxes
    .filter((tax) => tax.tax_behavior === 'inclusive' && charged.has(tax.taxability_reason))
    .map((tax) => tax.tax_rate_details!.tax_rate);
  return inclusiveTax(amount, ratesOf(ctx, ids));
}

const charged = new Set(['not_available', 'standard_rated']);
