import type Stripe from 'stripe';
import { asDecimal } from '../../schema/decimal.ts';
import { invalidRequest, missingParam, noSuch } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { refuseUnimitated } from '../unimitated.ts';

type Line = Stripe.CreditNoteLineItem;
type GivenLine = Stripe.CreditNoteCreateParams.Line;

/** The lines of a credit note: parts of the invoice's lines, or amounts of their own. */
export function readCreditLines(
  ctx: Context,
  invoice: Stripe.Invoice,
  given: readonly GivenLine[],
): Line[] {
  return given.map((line, i) => {
    const place = `lines[${i}]`;
    refuseUnimitated(line, ['tax_amounts', 'tax_rates'], place);
    return line.type === 'invoice_line_item'
      ? ofInvoiceLine(ctx, invoice, line, place)
      : custom(ctx, line, place);
  });
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
  const wrong = (['amount', 'invoice_line_item'] as const).find(
    (name) => given[name] !== undefined,
  );
  if (wrong !== undefined) {
    throw invalidRequest(
      `\`${wrong}\` is only valid when the type is \`invoice_line_item\`.`,
      `${place}[${wrong}]`,
    );
  }
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
  const amount = amountOf(line, given, place);
  const left = line.amount - creditedOf(ctx, invoice, id);
  if (amount > left) {
    throw invalidRequest(
      `The amount ${amount} is more than what can still be credited of this line item (${left}).`,
      `${place}[${given.quantity === undefined ? 'amount' : 'quantity'}]`,
    );
  }
  const part = (whole: number) =>
    line.amount === 0 ? 0 : Math.round((whole * amount) / line.amount);
  const shares = (line.discount_amounts ?? []).map((share) => ({
    amount: part(share.amount),
    discount: idOf(share.discount),
  }));
  const quantity = given.quantity ?? (given.amount === undefined ? line.quantity : null);
  return {
    ...blank(ctx),
    amount,
    description: given.description ?? line.description,
    discount_amount: shares.reduce((sum, share) => sum + share.amount, 0),
    discount_amounts: shares,
    invoice_line_item: id,
    metadata: mergeMetadata({}, given.metadata),
    pretax_credit_amounts: shares.map((share) => ({ ...share, type: 'discount' as const })),
    quantity,
    taxes: (line.taxes ?? []).map((tax) => ({
      ...tax,
      amount: part(tax.amount),
      taxable_amount: tax.taxable_amount === null ? null : part(tax.taxable_amount),
    })) as Line['taxes'],
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

/** What notes that stand have credited of that line. */
function creditedOf(ctx: Context, invoice: Stripe.Invoice, line: string): number {
  return ctx.store
    .by('credit_note', 'invoice', invoice.id)
    .filter(({ status }) => status === 'issued')
    .flatMap(({ lines }) => lines.data)
    .filter((one) => one.invoice_line_item === line)
    .reduce((sum, { amount }) => sum + amount, 0);
}

function positive(quantity: number, param: string): number {
  if (Number.isSafeInteger(quantity) && quantity > 0) return quantity;
  throw invalidRequest('Invalid positive integer', param, 'parameter_invalid_integer');
}
