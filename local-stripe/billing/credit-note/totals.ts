import type Stripe from 'stripe';

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
export function creditTotals(lines: readonly Line[]): CreditTotals {
  const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);
  const subtotal = sum(lines.map(({ amount }) => amount));
  const discount_amounts = added(
    lines.flatMap((line) => line.discount_amounts),
    ({ discount }) => String(discount),
  );
  const total_taxes = added(
    lines.flatMap((line) => line.taxes ?? []),
    ({ tax_rate_details, taxability_reason }) =>
      `${tax_rate_details?.tax_rate} ${taxability_reason}`,
  );
  const taxes = (behavior: string) =>
    sum(total_taxes.filter((tax) => tax.tax_behavior === behavior).map(({ amount }) => amount));
  const discount_amount = sum(discount_amounts.map(({ amount }) => amount));
  const total = subtotal - discount_amount + taxes('exclusive');
  return {
    amount: total,
    discount_amount,
    discount_amounts,
    pretax_credit_amounts: discount_amounts.map((share) => ({ ...share, type: 'discount' })),
    subtotal,
    subtotal_excluding_tax: subtotal - taxes('inclusive'),
    total,
    total_excluding_tax: total - taxes('exclusive') - taxes('inclusive'),
    total_taxes: total_taxes as Stripe.CreditNote['total_taxes'],
  };
}

/** Entries with the same key become one, their amounts added. */
function added<T extends { amount: number; taxable_amount?: number | null }>(
  entries: readonly T[],
  keyOf: (entry: T) => string,
): T[] {
  const byKey = new Map<string, T>();
  for (const entry of entries) {
    const before = byKey.get(keyOf(entry));
    if (before === undefined) byKey.set(keyOf(entry), entry);
    else {
      byKey.set(keyOf(entry), {
        ...before,
        amount: before.amount + entry.amount,
        ...(entry.taxable_amount === undefined
          ? {}
          : { taxable_amount: (before.taxable_amount ?? 0) + (entry.taxable_amount ?? 0) }),
      });
    }
  }
  return [...byKey.values()];
}
