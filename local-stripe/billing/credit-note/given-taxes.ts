import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../../kernel/errors.ts';
import type { Context } from '../../kernel/types.ts';
import { taxAmounts } from '../tax/amount.ts';
import { readTaxRates } from '../tax/rates.ts';

type Line = Stripe.CreditNoteLineItem;
type GivenLine = Stripe.CreditNoteCreateParams.Line;

/** The line with the taxes that were given for it, by rate or by amount, in place of its own. */
export function withGivenTaxes(ctx: Context, line: Line, given: GivenLine, place: string): Line {
  if (given.tax_rates && given.tax_amounts) {
    throw invalidRequest(
      'You may only specify one of these parameters: tax_amounts, tax_rates.',
      `${place}[tax_amounts]`,
    );
  }
  if (given.tax_rates !== undefined) return withRates(ctx, line, given, place);
  if (given.tax_amounts === undefined) return line;
  const taxes = (given.tax_amounts || []).map((one, i) => {
    const param = `${place}[tax_amounts][${i}]`;
    const rate = ctx.store.find('tax_rate', one.tax_rate);
    if (rate === undefined) throw noSuch('tax rate', one.tax_rate, `${param}[tax_rate]`);
    if (one.amount < 0 || one.taxable_amount < 0) {
      throw invalidRequest('Invalid non-negative integer', `${param}[amount]`);
    }
    return taxOf(rate, one.amount, one.taxable_amount);
  });
  return { ...line, taxes };
}

function withRates(ctx: Context, line: Line, { tax_rates }: GivenLine, place: string): Line {
  const rates = readTaxRates(ctx, tax_rates, `${place}[tax_rates]`);
  const amounts = taxAmounts(line.amount - line.discount_amount, rates);
  const taxes = amounts.map(({ amount, taxable }, i) => taxOf(rates[i]!, amount, taxable));
  return { ...line, tax_rates: rates, taxes };
}

function taxOf(
  rate: Stripe.TaxRate,
  amount: number,
  taxable: number,
): Stripe.CreditNoteLineItem.Tax {
  return {
    amount,
    tax_behavior: rate.inclusive ? 'inclusive' : 'exclusive',
    tax_rate_details: { tax_rate: rate.id },
    taxability_reason: 'not_available',
    taxable_amount: taxable,
    type: 'tax_rate_details',
  };
}
