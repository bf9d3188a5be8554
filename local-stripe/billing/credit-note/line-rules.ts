import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';

type Line = Stripe.CreditNoteLineItem;
type GivenLine = Stripe.CreditNoteCreateParams.Line;

/** What belongs to the other kind of line, by the SDK's types. */
const notOf: Record<string, readonly (keyof GivenLine)[]> = {
  invoice_line_item: ['description', 'tax_rates', 'unit_amount', 'unit_amount_decimal'],
  custom_line_item: ['amount', 'invoice_line_item'],
};

/** Throws 400 unless what is said of a line goes with its kind, and with the invoice's taxes. */
export function assertLineParams(invoice: Stripe.Invoice, given: GivenLine, place: string): void {
  const wrong = notOf[given.type]!.find((name) => (given[name] ?? undefined) !== undefined);
  if (wrong !== undefined) {
    const other = given.type === 'custom_line_item' ? 'invoice_line_item' : 'custom_line_item';
    throw invalidRequest(
      `\`${wrong}\` is only valid when the type is \`${other}\`.`,
      `${place}[${wrong}]`,
    );
  }
  if (given.unit_amount !== undefined && given.unit_amount_decimal !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: unit_amount, unit_amount_decimal.',
      `${place}[unit_amount]`,
    );
  }
  if (!invoice.automatic_tax.enabled) return;
  if (given.type === 'custom_line_item') {
    throw invalidRequest(
      'Custom line items cannot be credited on an invoice with automatic tax: credit its own lines.',
      `${place}[type]`,
    );
  }
  if (given.tax_amounts) {
    throw invalidRequest(
      '`tax_amounts` cannot be given where the invoice has automatic tax.',
      `${place}[tax_amounts]`,
    );
  }
}

/**
 * A line is credited by quantity or by amount, and then always so (docs.stripe.com/invoicing/
 * integration/programmatic-credit-notes). `credited`: what stands of it on notes already.
 */
export function assertSameManner(credited: readonly Line[], given: GivenLine, place: string): void {
  const [first] = credited;
  if (first === undefined) return;
  const manner = first.quantity === null ? 'amount' : 'quantity';
  const asked = given.amount === undefined ? 'quantity' : 'amount';
  if (manner === asked) return;
  throw invalidRequest(
    `This line item has been credited by ${manner}, and can only be credited by ${manner} again.`,
    `${place}[${asked}]`,
  );
}
