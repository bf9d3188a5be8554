import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { readItemLine } from '../invoice/item-params.ts';
import type { GivenItem } from '../invoice/item-params.ts';
import { keepInvoiceItem } from '../invoice/items.ts';

/** The `invoice_items` of a preview wait for its invoice as if they had been made. */
export function addItems(
  ctx: Context,
  { invoice_items }: Stripe.InvoiceCreatePreviewParams,
  about: { customer: string; currency: string; subscription: string | null },
): void {
  for (const [i, item] of (invoice_items ?? []).entries()) {
    const id = ctx.newId('ii');
    const place = `invoice_items[${i}]`;
    const line = readItemLine(ctx, item as GivenItem, { ...about, place, id });
    keepInvoiceItem(ctx, about.customer, line, null, id);
  }
}
