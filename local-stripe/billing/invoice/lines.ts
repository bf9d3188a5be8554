import type Stripe from 'stripe';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { shareDiscounts } from '../discount/shares.ts';
import type { DiscountShare } from '../discount/shares.ts';
import { priceFor } from '../catalog/price.ts';
import { taxesOn } from '../tax/line-taxes.ts';
import type { TaxPolicy } from '../tax/line-taxes.ts';
import { ratesOf } from '../tax/rates.ts';
import { buildLine } from './line.ts';
import type { LineDraft } from './line.ts';

type Line = Stripe.InvoiceLineItem;

/** The lines of an invoice from what is on it: discounts shared out, taxes on what is left. */
export function buildLines(
  ctx: Context,
  invoice: Pick<Stripe.Invoice, 'id' | 'currency'>,
  drafts: readonly LineDraft[],
  discounts: readonly string[],
  policy: TaxPolicy,
): Line[] {
  const shares = shareDiscounts(ctx, drafts, discounts, invoice.currency);
  const lines = drafts.map((draft, i) => buildLine(ctx, invoice.id, draft, shares[i]!));
  const rates = lines.flatMap(({ id }, i): [string, string[]][] => {
    const own = drafts[i]!.taxRates;
    return own.length === 0 ? [] : [[id, [...own]]];
  });
  if (rates.length > 0 || ctx.store.find('_line_rates', invoice.id) !== undefined) {
    ctx.store.put('_line_rates', { id: invoice.id, rates: Object.fromEntries(rates) });
  }
  return taxed(ctx, invoice.id, lines, policy);
}

/** The lines with the taxes that apply now; everything else on them stays. */
export function taxed(ctx: Context, invoice: string, lines: Line[], policy: TaxPolicy): Line[] {
  const own = ctx.store.find('_line_rates', invoice)?.rates ?? {};
  if (policy.automatic === null && policy.defaults.length === 0 && Object.keys(own).length === 0) {
    return lines.some(({ taxes }) => taxes?.length)
      ? lines.map((l) => ({ ...l, taxes: [] }))
      : lines;
  }
  return lines.map((line) => {
    const shares = (line.discount_amounts ?? []) as DiscountShare[];
    const price = line.pricing?.price_details?.price;
    const taxable = {
      amount: shares.reduce((left, { amount }) => left - amount, line.amount),
      price: price === undefined ? null : priceFor(ctx, idOf(price), line.currency),
      rates: ratesOf(ctx, own[line.id] ?? []),
    };
    return { ...line, taxes: taxesOn(ctx, policy, taxable) };
  });
}

/** The drafts behind the lines of an invoice, to be changed and put back. */
export function draftsOf(ctx: Context, invoice: Stripe.Invoice): LineDraft[] {
  const own = ctx.store.find('_line_rates', invoice.id)?.rates ?? {};
  return invoice.lines.data.map((line) => {
    const details = line.parent?.subscription_item_details ?? null;
    const ofItem = line.parent?.invoice_item_details ?? null;
    const price = line.pricing?.price_details?.price;
    return {
      line: line.id,
      amount: line.amount,
      currency: line.currency,
      description: line.description ?? '',
      period: line.period,
      price: price === undefined ? null : priceFor(ctx, idOf(price), line.currency),
      quantity: line.quantity,
      discounts: line.discounts.map(idOf),
      isDiscountable: line.discountable,
      taxRates: own[line.id] ?? [],
      subscription: idOrNull(line.subscription),
      subscriptionItem: details?.subscription_item ?? null,
      invoiceItem: invoiceItemOf(line),
      isProration: (details ?? ofItem)?.proration ?? false,
      unitAmount: line.pricing?.unit_amount_decimal ?? null,
      credited: (details ?? ofItem)?.proration_details?.credited_items ?? null,
      metadata: line.metadata,
    };
  });
}

export function invoiceItemOf(line: Line): string | null {
  const { subscription_item_details: details, invoice_item_details: ofItem } = line.parent ?? {};
  return details?.invoice_item ?? ofItem?.invoice_item ?? null;
}
