import type Stripe from 'stripe';
import { asDecimal } from '../../schema/decimal.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { priceFor } from '../catalog/price.ts';
import { idsOf, ratesOf } from '../tax/rates.ts';
import { pricingOf } from './line.ts';
import type { LineDraft } from './line.ts';

/** Keeps a line as a pending invoice item, for the customer's next invoice (or for this one). */
export function createInvoiceItem(
  ctx: Context,
  customer: string,
  draft: LineDraft,
  invoice: string | null,
  id?: string,
): Stripe.InvoiceItem {
  const item = keepInvoiceItem(ctx, customer, draft, invoice, id);
  ctx.emit('invoiceitem.created', item);
  return item;
}

/** The same, not announced yet. */
export function keepInvoiceItem(
  ctx: Context,
  customer: string,
  draft: LineDraft,
  invoice: string | null,
  id = ctx.newId('ii'),
): Stripe.InvoiceItem {
  return ctx.store.put('invoiceitem', {
    id,
    object: 'invoiceitem',
    amount: draft.amount,
    currency: draft.currency,
    customer,
    customer_account: null,
    date: ctx.now,
    description: draft.description || null,
    discountable: draft.isDiscountable,
    discounts: [...draft.discounts],
    frozen_fields: [],
    invoice,
    invoicing_rules: [],
    livemode: false,
    metadata: draft.metadata,
    parent:
      draft.subscription === null
        ? null
        : {
            subscription_details: {
              subscription: draft.subscription,
              ...(draft.subscriptionItem === null
                ? {}
                : { subscription_item: draft.subscriptionItem }),
            },
            type: 'subscription_details',
          },
    period: draft.period,
    pricing: draft.price === null ? null : pricingOf(draft.price, draft),
    proration: draft.isProration,
    ...(draft.isProration
      ? {
          proration_details: {
            credited_items:
              draft.credited === null
                ? null
                : {
                    invoice_line_item_details: draft.credited,
                    type: 'invoice_line_items' as const,
                  },
            discount_amounts: [],
          },
        }
      : {}),
    quantity: draft.quantity ?? 1,
    quantity_decimal: asDecimal(draft.quantity ?? 1),
    tax_rates: ratesOf(ctx, draft.taxRates),
    test_clock: ctx.clock,
  });
}

/**
 * Items in that currency which wait for an invoice of this subscription, or of the customer as such
 * (null).
 */
export function pendingItems(
  ctx: Context,
  customer: string,
  subscription: string | null,
  currency: string,
): Stripe.InvoiceItem[] {
  return ctx.store.by('invoiceitem', 'pending', customer).filter((item) => {
    const of = item.parent?.subscription_details?.subscription ?? null;
    const isFor = of === subscription || (subscription !== null && of === null);
    return isFor && item.currency === currency;
  });
}

/** The line that an invoice item becomes. */
export function lineOfItem(ctx: Context, item: Stripe.InvoiceItem): LineDraft {
  const price = item.pricing?.price_details?.price;
  return {
    amount: item.amount,
    currency: item.currency,
    description: item.description ?? '',
    period: item.period,
    price: price === undefined ? null : priceFor(ctx, idOf(price), item.currency),
    quantity: item.quantity,
    discounts: (item.discounts ?? []).map((discount) => idOrNull(discount)!),
    isDiscountable: item.discountable,
    subscription: item.parent?.subscription_details?.subscription ?? null,
    subscriptionItem: item.parent?.subscription_details?.subscription_item ?? null,
    invoiceItem: item.id,
    isProration: item.proration,
    unitAmount: item.pricing?.unit_amount_decimal ?? null,
    credited: item.proration_details?.credited_items?.invoice_line_item_details ?? null,
    taxRates: idsOf(item.tax_rates),
    metadata: item.metadata ?? {},
  };
}
