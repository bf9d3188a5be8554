import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import type { DiscountShare } from '../discount/shares.ts';
import { idOf } from '../../kernel/reference.ts';
import { isTooSmall } from '../payment/amount-limits.ts';
import { addTaxes, sumOf, taxWithin } from '../tax/sums.ts';

export type Totals = Pick<
  Stripe.Invoice,
  | 'subtotal'
  | 'subtotal_excluding_tax'
  | 'total'
  | 'total_excluding_tax'
  | 'total_discount_amounts'
  | 'total_pretax_credit_amounts'
  | 'total_taxes'
  | 'amount_due'
  | 'amount_remaining'
>;

/**
 * Adds the lines up: the subtotal after the discounts of single lines, the total after those of the
 * whole too and with the taxes that come on top. `balance` is what the customer owes (or, negative,
 * is owed) besides. What is less than can be charged is not due: it goes to the balance, for the
 * next invoice.
 */
export function totalsOf(
  ctx: Context,
  lines: readonly Stripe.InvoiceLineItem[],
  balance: number,
  currency: string,
): Totals {
  const subtotal = lines.reduce((sum, line) => sum + afterOwnDiscounts(line), 0);
  const byDiscount = new Map<string, number>();
  for (const { discount_amounts } of lines) {
    for (const { discount, amount } of (discount_amounts ?? []) as DiscountShare[]) {
      byDiscount.set(discount, (byDiscount.get(discount) ?? 0) + amount);
    }
  }
  const discounts = [...byDiscount].map(([discount, amount]) => ({ discount, amount }));
  const off = discounts.reduce((sum, { amount }) => sum + amount, 0);
  const untaxed = lines.reduce((sum, { amount }) => sum + amount, 0) - off;
  const taxes = addTaxes(lines.flatMap((line) => line.taxes ?? []));
  const total = untaxed + sumOf(taxes, 'exclusive');
  const due = isTooSmall(total + balance, currency) ? 0 : total + balance;
  return {
    subtotal,
    subtotal_excluding_tax:
      subtotal -
      lines.reduce(
        (sum, line) => sum + taxWithin(ctx, afterOwnDiscounts(line), line.taxes ?? []),
        0,
      ),
    total,
    total_excluding_tax: untaxed - sumOf(taxes, 'inclusive'),
    total_discount_amounts: discounts,
    total_pretax_credit_amounts: discounts.map((share) => ({ ...share, type: 'discount' })),
    total_taxes: taxes,
    amount_due: due,
    amount_remaining: due,
  };
}

function afterOwnDiscounts({
  amount,
  discount_amounts,
  discounts,
}: Stripe.InvoiceLineItem): number {
  const own = new Set(discounts.map(idOf));
  const shares = (discount_amounts ?? []) as DiscountShare[];
  return shares.reduce((left, one) => left - (own.has(one.discount) ? one.amount : 0), amount);
}
