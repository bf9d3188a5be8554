import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { redeemForInvoice } from '../discount/redemption.ts';
import { draftInvoice } from '../invoice/draft.ts';
import { addItems } from './items.ts';

type Params = Stripe.InvoiceCreatePreviewParams & { customer: string };

/** An invoice of `invoice_items`, and of what waits for one, where no subscription is billed. */
export function previewOneOff(ctx: Context, params: Params): Stripe.Invoice {
  const customer = ctx.store.get('customer', params.customer);
  const currency = currencyOf(ctx, params) ?? customer.currency ?? 'usd';
  addItems(ctx, params, { customer: customer.id, currency, subscription: null });
  const id = ctx.newId('in');
  const inherited = customer.discount ? [{ discount: customer.discount.id }] : [];
  const discounts = params.discounts === undefined ? inherited : params.discounts || [];
  return draftInvoice(ctx, {
    id,
    customer,
    subscription: null,
    currency,
    billingReason: 'manual',
    lines: [],
    discounts: redeemForInvoice(ctx, discounts, { customer: customer.id, invoice: id }, currency),
    periodStart: ctx.now,
    periodEnd: ctx.now,
    sweepsPending: true,
    autoAdvance: false,
    finalizesAt: null,
    tax: { defaults: [], isAutomatic: params.automatic_tax?.enabled ?? false },
  });
}

/** As asked for, else that of the first item. */
function currencyOf(ctx: Context, { currency, invoice_items }: Params): string | undefined {
  const [item] = invoice_items ?? [];
  const price = ctx.store.find('price', item?.price ?? '');
  const given = currency ?? item?.currency ?? item?.price_data?.currency ?? price?.currency;
  return given?.toLowerCase();
}
