import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { addTaxes, sumOf, taxWithin } from '../tax/sums.ts';

type Line = Stripe.CreditNoteLineItem;

export type CreditTotals = Pick<
  Stripe.CreditNote,
  | 'amount'
  | 'discount_amount'
  | 'discount_amounts'
  | 'pretax_credit_amounts'
  | 'subtotal'
  | 'subtotal_excluding_tax'
  | 'total'
  | 'total_excluding_tax'
  | 'total_taxes'
>;

/** Adds the lines of a note up: before discounts, after them, and with the tax that comes on top. */
export function creditTotals(ctx: Context, lines: readonly Line[]): CreditTotals {
  const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);
  const subtotal = sum(lines.map(({ amount }) => amount));
  const discount_amounts = addShares(lines.flatMap((line) => line.discount_amounts));
  const total_taxes = addTaxes(lines.flatMap((line) => line.taxes ?? []));
  const discount_amount = sum(discount_amounts.map(({ amount }) => amount));
  const untaxed = subtotal - discount_amount;
  const total = untaxed + sumOf(total_taxes, 'exclusive');
  return {
    amount: total,
    discount_amount,
    discount_amounts,
    pretax_credit_amounts: discount_amounts.map((share) => ({ ...share, type: 'discount' })),
    subtotal,
    subtotal_excluding_tax:
      subtotal - sum(lines.map((line) => taxWithin(ctx, line.amount, line.taxes ?? []))),
    total,
    total_excluding_tax: untaxed - sumOf(total_taxes, 'inclusive'),
    total_taxes: total_taxes as Stripe.CreditNote['total_taxes'],
  };
}

/** Shares of the same discount as one. */
function addShares(
  shares: readonly Stripe.CreditNoteLineItem.DiscountAmount[],
): Stripe.CreditNoteLineItem.DiscountAmount[] {
  const sums = new Map<string, number>();
  for (const { discount, amount } of shares) {
    sums.set(idOf(discount), (sums.get(idOf(discount)) ?? 0) + amount);
  }
  return [...sums].map(([discount, amount]) => ({ discount, amount }));
}
