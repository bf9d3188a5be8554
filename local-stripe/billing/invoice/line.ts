import type Stripe from 'stripe';
import { asDecimal } from '../../schema/decimal.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import type { Discountable, DiscountShare } from '../discount/shares.ts';
import type { Period } from '../calendar.ts';

/** A line before it is on an invoice. Amounts in minor units, negative for credits. */
export interface LineDraft extends Discountable {
  /** The line that it is already, where it is on an invoice. */
  line?: string;
  currency: string;
  description: string;
  period: Period;
  quantity: number | null;
  subscription: string | null;
  subscriptionItem: string | null;
  /** The pending item it was, if it was one. */
  invoiceItem: string | null;
  isProration: boolean;
  /** What one costs, where that is not what the price says: null for a part of a period. */
  unitAmount?: Stripe.Decimal | null;
  /** Of a credit: what it gives back a part of. */
  credited: { invoice: string; invoice_line_items: string[] } | null;
  /** Ids of tax rates of its own; none: those of the invoice apply. */
  taxRates: readonly string[];
  metadata: Stripe.Metadata;
}

export function buildLine(
  ctx: Context,
  invoice: string,
  draft: LineDraft,
  shares: DiscountShare[],
): Stripe.InvoiceLineItem {
  return {
    id: draft.line ?? ctx.newId('il'),
    object: 'line_item',
    amount: draft.amount,
    currency: draft.currency,
    description: draft.description || null,
    discount_amounts: shares,
    discountable: draft.isDiscountable,
    discounts: [...draft.discounts],
    invoice,
    livemode: false,
    metadata: draft.metadata,
    parent: parentOf(draft),
    period: draft.period,
    pretax_credit_amounts: shares.map((share) => ({ ...share, type: 'discount' as const })),
    pricing: draft.price === null ? null : pricingOf(draft.price, draft),
    quantity: draft.quantity,
    quantity_decimal: draft.quantity === null ? null : asDecimal(draft.quantity),
    subscription: draft.subscription,
    subtotal: draft.amount,
    taxes: [],
  };
}

export function pricingOf(
  price: Stripe.Price,
  {
    amount,
    quantity,
    unitAmount,
  }: { amount: number; quantity: number | null; unitAmount?: Stripe.Decimal | null },
): Stripe.InvoiceLineItem.Pricing {
  const unit = quantity ? Math.round((amount / quantity) * 1e12) / 1e12 : amount;
  return {
    price_details: { price: price.id, product: idOf(price.product) },
    type: 'price_details',
    unit_amount_decimal:
      unitAmount === undefined ? (price.unit_amount_decimal ?? asDecimal(unit)) : unitAmount,
  };
}

function parentOf(draft: LineDraft): Stripe.InvoiceLineItem.Parent {
  const proration = {
    proration: draft.isProration,
    proration_details: { credited_items: draft.credited },
    subscription: draft.subscription,
  };
  if (draft.subscriptionItem !== null) {
    return {
      invoice_item_details: null,
      subscription_item_details: {
        ...proration,
        invoice_item: draft.invoiceItem,
        subscription_item: draft.subscriptionItem,
      },
      type: 'subscription_item_details',
    };
  }
  return {
    invoice_item_details: { ...proration, invoice_item: draft.invoiceItem ?? '' },
    subscription_item_details: null,
    type: 'invoice_item_details',
  };
}
