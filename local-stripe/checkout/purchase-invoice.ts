import type Stripe from 'stripe';
import { idOf, idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { keepDiscount } from '../billing/discount/redemption.ts';
import type { CheckoutOrder, PostPaymentInvoice } from './ordered.ts';
import { draftInvoice } from '../billing/invoice/draft.ts';
import { finalizeInvoice } from '../billing/invoice/finalize.ts';
import { createInvoiceItem, lineOfItem } from '../billing/invoice/items.ts';
import type { LineDraft } from '../billing/invoice/line.ts';
import { markPaid } from '../billing/invoice/pay.ts';
import { linkPayment } from '../billing/invoice/payments.ts';
import { priceAmount } from '../billing/catalog/cost.ts';
import { priceFor } from '../billing/catalog/price.ts';
import { productName } from '../billing/catalog/name.ts';

/**
 * `invoice_creation` of Checkout: what was bought, on an invoice that is paid from the beginning by
 * the payment that has just succeeded (null: nothing was due). The customer's balance stays out of it.
 */
export function invoicePurchase(
  ctx: Context,
  customerId: string,
  order: CheckoutOrder,
  intent: Stripe.PaymentIntent | null,
): Stripe.Invoice {
  const wanted = order.payment!.invoice!;
  const customer = ctx.store.get('customer', customerId);
  const items = wanted.lines.map(({ price, quantity, taxRates }) => {
    const draft = lineOf(ctx, priceFor(ctx, price, order.currency), quantity, taxRates);
    return createInvoiceItem(ctx, customerId, draft, null);
  });
  const draft = draftInvoice(ctx, {
    customer,
    appliesBalance: false,
    subscription: null,
    currency: order.currency,
    billingReason: 'manual',
    lines: items.map((item) => lineOfItem(ctx, item)),
    discounts: discountsOf(ctx, customerId, wanted),
    periodStart: ctx.now,
    periodEnd: ctx.now,
    sweepsPending: false,
    autoAdvance: false,
    finalizesAt: null,
    description: wanted.description,
    footer: wanted.footer,
    metadata: wanted.metadata,
    customFields: wanted.customFields,
    tax: { defaults: [], isAutomatic: order.isTaxAutomatic },
  });
  for (const item of items) ctx.store.put('invoiceitem', { ...item, invoice: draft.id });
  ctx.emit('invoice.created', draft);
  const open = finalizeInvoice(ctx, draft, { appliesBalance: false });
  if (intent !== null) linkPayment(ctx, open, intent);
  return markPaid(ctx, open, { isAutomatic: false });
}

function lineOf(
  ctx: Context,
  price: Stripe.Price,
  quantity: number,
  taxRates: string[],
): LineDraft {
  return {
    amount: priceAmount(price, quantity),
    currency: price.currency,
    description: productName(ctx, price),
    period: { start: ctx.now, end: ctx.now },
    price,
    quantity,
    discounts: [],
    isDiscountable: true,
    subscription: null,
    subscriptionItem: null,
    invoiceItem: null,
    isProration: false,
    credited: null,
    taxRates,
    metadata: {},
  };
}

/** They were judged when the payer pressed the button; the money has come since. */
function discountsOf(ctx: Context, customer: string, { discounts }: PostPaymentInvoice): string[] {
  return discounts.map(({ coupon, promotion_code }) => {
    const code = ctx.store.find('promotion_code', promotion_code ?? '') ?? null;
    const id = code === null ? coupon! : idOrNull(code.promotion.coupon)!;
    return keepDiscount(ctx, ctx.store.get('coupon', idOf(id)), code, { customer }).id;
  });
}
