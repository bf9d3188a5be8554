import type Stripe from 'stripe';
import { asDecimal } from '../../schema/decimal.ts';
import { invalidRequest, missingParam, noSuch } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { shareOf } from '../tax/amount.ts';
import { addTaxes } from '../tax/sums.ts';
import type { TaxEntry } from '../tax/sums.ts';
import { withGivenTaxes } from './given-taxes.ts';
import { assertLineParams, assertSameManner } from './line-rules.ts';

type Line = Stripe.CreditNoteLineItem;
type GivenLine = Stripe.CreditNoteCreateParams.Line;

/** The lines of a credit note: parts of the invoice's lines, or amounts of their own. */
export function readCreditLines(
  ctx: Context,
  invoice: Stripe.Invoice,
  given: readonly GivenLine[],
): Line[] {
  const lines: Line[] = [];
  for (const [i, line] of given.entries()) {
    const place = `lines[${i}]`;
    assertLineParams(invoice, line, place);
    const read =
      line.type === 'invoice_line_item'
        ? ofInvoiceLine(ctx, invoice, line, lines, place)
        : custom(ctx, line, place);
    lines.push(withGivenTaxes(ctx, read, line, place));
  }
  return lines;
}

/** A note over an amount alone has one line of its own. */
export function amountLine(ctx: Context, amount: number): Line {
  return { ...blank(ctx), amount, quantity: 1, unit_amount: amount };
}

function blank(ctx: Context): Line {
  return {
    id: ctx.newId('cnli'),
    object: 'credit_note_line_item',
    amount: 0,
    description: null,
    discount_amount: 0,
    discount_amounts: [],
    livemode: false,
    metadata: {},
    pretax_credit_amounts: [],
    quantity: null,
    tax_rates: [],
    taxes: [],
    type: 'custom_line_item',
    unit_amount: null,
    unit_amount_decimal: null,
  };
}

function custom(ctx: Context, given: GivenLine, place: string): Line {
  if (given.description === undefined) throw missingParam(`${place}[description]`);
  const unit = given.unit_amount ?? (given.unit_amount_decimal as unknown as string | undefined);
  if (unit === undefined) throw missingParam(`${place}[unit_amount]`);
  const quantity = positive(given.quantity ?? 1, `${place}[quantity]`);
  const amount = Math.round(Number(unit) * quantity);
  if (!Number.isSafeInteger(amount) || amount < 0) {
    throw invalidRequest('Invalid non-negative integer', `${place}[unit_amount]`);
  }
  return {
    ...blank(ctx),
    amount,
    description: given.description,
    metadata: mergeMetadata({}, given.metadata),
    quantity,
    unit_amount: given.unit_amount ?? null,
    unit_amount_decimal: asDecimal(unit),
  };
}

/** A quantity or an amount of an invoice line, with its part of the line's discounts and taxes. */
function ofInvoiceLine(
  ctx: Context,
  invoice: Stripe.Invoice,
  given: GivenLine,
  others: readonly Line[],
  place: string,
): Line {
  const id = given.invoice_line_item;
  if (id === undefined) throw missingParam(`${place}[invoice_line_item]`);
  const line = invoice.lines.data.find((one) => one.id === id);
  if (line === undefined) throw noSuch('invoice line item', id, `${place}[invoice_line_item]`);
  if (given.amount !== undefined && given.quantity !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: amount, quantity.',
      `${place}[amount]`,
    );
  }
  const isWithin = (line.taxes ?? []).some((tax) => tax.tax_behavior === 'inclusive');
  if (given.amount !== undefined && isWithin && invoice.automatic_tax.enabled) {
    throw invalidRequest(
      'The local Stripe imitates `quantity` alone where automatic tax is in the price: there Stripe wants an amount without tax.',
      `${place}[amount]`,
    );
  }
  const amount = amountOf(line, given, place);
  const before = creditedOf(ctx, invoice, id, others);
  assertSameManner(before.lines, given, place);
  // Of all that is credited so far, less what was given back: so the last part gives back the rest.
  const part = (all: number, givenBack: number) => {
    const share = shareOf(all, before.amount + amount, line.amount) - givenBack;
    return all < 0 ? Math.min(0, share) : Math.max(0, share);
  };
  const left = line.amount - before.amount;
  if (amount > left) {
    throw invalidRequest(
      `The amount ${amount} is more than what can still be credited of this line item (${left}).`,
      `${place}[${given.quantity === undefined ? 'amount' : 'quantity'}]`,
    );
  }
  const shares = (line.discount_amounts ?? []).map((share) => ({
    amount: part(share.amount, before.discountOf(idOf(share.discount))),
    discount: idOf(share.discount),
  }));
  const quantity = given.quantity ?? (given.amount === undefined ? line.quantity : null);
  return {
    ...blank(ctx),
    amount,
    description: line.description,
    discount_amount: shares.reduce((sum, share) => sum + share.amount, 0),
    discount_amounts: shares,
    invoice_line_item: id,
    metadata: mergeMetadata({}, given.metadata),
    pretax_credit_amounts: shares.map((share) => ({ ...share, type: 'discount' as const })),
    quantity,
    // A rate may apply twice: its entries are credited as one.
    taxes: addTaxes(line.taxes ?? []).map((tax) => {
      const credited = before.taxOf(tax);
      return {
        ...tax,
        amount: part(tax.amount, credited.amount),
        taxable_amount: part(tax.taxable_amount ?? 0, credited.taxable),
      };
    }) as Line['taxes'],
    type: 'invoice_line_item',
    unit_amount: quantity === null ? amount : Math.round(amount / Math.max(1, quantity)),
    unit_amount_decimal: asDecimal(quantity === null ? amount : amount / Math.max(1, quantity)),
  };
}

function amountOf(line: Stripe.InvoiceLineItem, given: GivenLine, place: string): number {
  if (given.amount !== undefined) {
    if (given.amount < 0) throw invalidRequest('Invalid non-negative integer', `${place}[amount]`);
    return given.amount;
  }
  const whole = line.quantity ?? 1;
  if (given.quantity === undefined) return line.amount;
  const quantity = positive(given.quantity, `${place}[quantity]`);
  if (quantity > whole) {
    throw invalidRequest(
      `The quantity ${quantity} is more than that of the line item (${whole}).`,
      `${place}[quantity]`,
    );
  }
  return Math.round((line.amount * quantity) / whole);
}

/** What notes that stand, and other lines of this one, credit of that line. */
function creditedOf(ctx: Context, invoice: Stripe.Invoice, line: string, others: readonly Line[]) {
  const lines = ctx.store
    .by('credit_note', 'invoice', invoice.id)
    .filter(({ status }) => status === 'issued')
    .flatMap(({ lines: { data } }) => data)
    .concat(others)
    .filter((one) => one.invoice_line_item === line);
  const shares = lines.flatMap((one) => one.discount_amounts);
  const taxes = addTaxes(lines.flatMap((one) => one.taxes ?? []));
  return {
    lines,
    amount: lines.reduce((sum, { amount }) => sum + amount, 0),
    discountOf: (id: string) =>
      shares.reduce((sum, share) => (idOf(share.discount) === id ? sum + share.amount : sum), 0),
    taxOf: ({ tax_rate_details }: TaxEntry) => {
      const rate = tax_rate_details?.tax_rate;
      const found = taxes.find((tax) => tax.tax_rate_details?.tax_rate === rate);
      return { amount: found?.amount ?? 0, taxable: found?.taxable_amount ?? 0 };
    },
  };
}

function positive(quantity: number, param: string): number {
  if (Number.isSafeInteger(quantity) && quantity > 0) return quantity;
  throw invalidRequest('Invalid positive integer', param, 'parameter_invalid_integer');
}
