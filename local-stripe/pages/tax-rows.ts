import type { TaxEntry } from '../billing/tax/sums.ts';
import type { Context } from '../kernel/types.ts';
import type { Page } from './page.ts';

/** Each tax by its name and rate, and why where none is taken. */
export function taxRows(
  ctx: Context,
  page: Page,
  taxes: readonly TaxEntry[],
  currency: string,
): { label: string; value: string }[] {
  return taxes.map((tax) => ({
    label: labelOf(ctx, page, tax),
    value: page.money(tax.amount, currency),
  }));
}

/** Whether the customer accounts for the tax, which an invoice has to say. */
export function isReverseCharged(taxes: readonly TaxEntry[]): boolean {
  return taxes.some(({ taxability_reason: reason }) => reason === 'reverse_charge');
}

function labelOf(ctx: Context, page: Page, tax: TaxEntry): string {
  const { words } = page;
  switch (tax.taxability_reason) {
    case 'customer_exempt':
    case 'not_subject_to_tax':
      return words.tax.exempt;
    case 'reverse_charge':
      return words.tax.reverseCharge;
    case 'not_collecting':
      return words.tax.none;
  }
  const rate = ctx.store.get('tax_rate', tax.tax_rate_details!.tax_rate);
  const label = words.tax.rate(rate.display_name, rate.percentage);
  return tax.tax_behavior === 'inclusive' ? words.tax.included(label) : label;
}
