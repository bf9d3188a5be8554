import type Stripe from 'stripe';
import { firstBilledIn } from '../billing/invoice/balance.ts';
import { relineInvoice } from '../billing/invoice/draft.ts';
import { draftsOf, invoiceItemOf } from '../billing/invoice/lines.ts';
import { isAdHoc } from '../billing/invoice/ad-hoc-price.ts';
import { readItemLine } from '../billing/invoice/item-params.ts';
import type { GivenItem } from '../billing/invoice/item-params.ts';
import { createInvoiceItem, lineOfItem } from '../billing/invoice/items.ts';
import { pricingOf } from '../billing/invoice/line.ts';
import type { LineDraft } from '../billing/invoice/line.ts';
import { assertSellable } from '../billing/tax/checks.ts';
import { idsOf, ratesOf } from '../billing/tax/rates.ts';
import { findCustomer } from '../billing/subscription/read-params.ts';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { asDecimal } from '../schema/decimal.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import { markDeleted } from '../kernel/deleted.ts';
import type { Context } from '../kernel/types.ts';

type InvoiceItem = Stripe.InvoiceItem;

export const invoiceItems = resource({
  kind: 'invoiceitem',
  path: '/v1/invoiceitems',
  references: {
    customer: 'customer',
    discounts: 'discount',
    invoice: 'invoice',
    'pricing.price_details.price': 'price',
    test_clock: 'test_helpers.test_clock',
  },
  indexes: {
    customer: ({ customer }) => idOf(customer),
    invoice: ({ invoice }) => idOrNull(invoice),
    pending: ({ customer, invoice }) => (invoice === null ? idOf(customer) : null),
  },
  list: {
    customer: (item, customer: string) => idOf(item.customer) === customer,
    invoice: (item, invoice: string) => idOrNull(item.invoice) === invoice,
    pending: (item, pending: boolean) => (item.invoice === null) === pending,
  },
  listed: (_ctx, { test_clock }, params) => {
    return test_clock === null || 'customer' in params || 'invoice' in params;
  },
  // Stripe tells the net amount of what no discount applies to, and of nothing else.
  present: (_ctx, item) => (item.discountable ? item : { ...item, net_amount: item.amount }),
  create: createItem,
  update: updateItem,
  del: deleteItem,
});

export function createItem(global: Context, params: Stripe.InvoiceItemCreateParams): InvoiceItem {
  const customer = findCustomer(global, params.customer);
  const ctx = global.onClock(idOrNull(customer.test_clock));
  const invoice = params.invoice === undefined ? null : draftOf(ctx, params.invoice, customer.id);
  const subscription =
    params.subscription === undefined ? null : ctx.store.find('subscription', params.subscription);
  if (subscription === undefined)
    throw noSuch('subscription', params.subscription!, 'subscription');
  const { customer: _customer, invoice: _invoice, ...given } = params;
  const id = ctx.newId('ii');
  const line = readItemLine(ctx, given as GivenItem, {
    place: '',
    customer: customer.id,
    id,
    currency:
      invoice?.currency ??
      subscription?.currency ??
      currencyOf(ctx, params) ??
      customer.currency ??
      'usd',
    subscription: subscription?.id ?? null,
  });
  if (invoice !== null) assertFits(ctx, invoice, line);
  firstBilledIn(ctx, customer, line.currency);
  const item = createInvoiceItem(ctx, customer.id, line, invoice?.id ?? null, id);
  if (invoice !== null) {
    const drafts = [...draftsOf(ctx, invoice), lineOfItem(ctx, item)];
    relineInvoice(ctx, invoice, drafts, invoice.discounts.map(idOf));
  }
  return item;
}

function currencyOf(ctx: Context, params: Stripe.InvoiceItemCreateParams): string | undefined {
  const id = params.pricing?.price;
  const price = id === undefined ? undefined : ctx.store.find('price', id);
  return params.currency ?? params.price_data?.currency ?? price?.currency;
}

export function updateItem(
  global: Context,
  before: InvoiceItem,
  params: Stripe.InvoiceItemUpdateParams,
): InvoiceItem {
  const ctx = global.onClock(idOrNull(before.test_clock));
  const names = Object.keys(params).filter((name) => name !== 'metadata' && name !== 'expand');
  if (before.proration && names.length > 0) {
    throw invalidRequest('Prorations cannot be changed: they can only be deleted.', names[0]);
  }
  const invoice = idOrNull(before.invoice);
  const draft =
    invoice === null || names.length === 0 ? null : draftOf(ctx, invoice, idOf(before.customer));
  const metadata = mergeMetadata(before.metadata, params.metadata);
  if (names.length === 0) return relabel(ctx, before, metadata);
  const line = readItemLine(ctx, { ...keptOf(ctx, before, params), ...params } as GivenItem, {
    place: '',
    customer: idOf(before.customer),
    id: before.id,
    currency: before.currency,
    subscription: before.parent?.subscription_details?.subscription ?? null,
    taxRates: before.tax_rates ?? [],
  });
  if (draft !== null) assertFits(ctx, draft, line);
  const item = ctx.update('invoiceitem', before, {
    metadata,
    amount: line.amount,
    description: line.description || null,
    discountable: line.isDiscountable,
    discounts: [...line.discounts],
    period: line.period,
    pricing: line.price === null ? null : pricingOf(line.price, line),
    quantity: line.quantity ?? 1,
    quantity_decimal: asDecimal(line.quantity ?? 1),
    tax_rates: ratesOf(ctx, line.taxRates),
  });
  if (draft !== null) reline(ctx, draft, item);
  return item;
}

/** Throws 400 where the invoice cannot be taxed with this on it. */
function assertFits(ctx: Context, invoice: Stripe.Invoice, line: LineDraft): void {
  const terms = {
    defaults: invoice.default_tax_rates,
    isAutomatic: invoice.automatic_tax.enabled,
  };
  assertSellable(terms, [{ price: line.price, rates: ratesOf(ctx, line.taxRates) }]);
  if (!terms.isAutomatic || line.amount >= 0) return;
  throw invalidRequest(
    'Invoice items with a negative amount cannot be added to an invoice with automatic tax.',
    'amount',
  );
}

/** Metadata alone may change at any time; a line follows while its invoice is a draft. */
function relabel(ctx: Context, before: InvoiceItem, metadata: Stripe.Metadata): InvoiceItem {
  const item = ctx.update('invoiceitem', before, { metadata });
  const invoice = ctx.store.find('invoice', idOrNull(item.invoice) ?? '');
  const isPayable = ctx.store.find('customer', idOf(item.customer)) !== undefined;
  if (item !== before && invoice?.status === 'draft' && isPayable) reline(ctx, invoice, item);
  return item;
}

function reline(ctx: Context, draft: Stripe.Invoice, item: InvoiceItem): void {
  const drafts = draftsOf(ctx, draft).map((one) => {
    return one.invoiceItem === item.id ? lineOfItem(ctx, item) : one;
  });
  relineInvoice(ctx, draft, drafts, draft.discounts.map(idOf));
}

/** What stays as it was where the update says nothing else. */
function keptOf(
  ctx: Context,
  item: InvoiceItem,
  params: Stripe.InvoiceItemUpdateParams,
): Partial<GivenItem> {
  return {
    ...costOf(ctx, item, params),
    ...((params.pricing ?? params.price_data) ? {} : behaviorOf(ctx, item)),
    ...(item.description === null ? {} : { description: item.description }),
    discountable: item.discountable,
    discounts: (item.discounts ?? []).map((discount) => ({ discount: idOf(discount!) })),
    period: item.period,
    tax_rates: idsOf(item.tax_rates),
  };
}

/** An amount is that of one: with another quantity it is as much for each. */
function costOf(
  ctx: Context,
  { pricing, quantity }: InvoiceItem,
  given: Stripe.InvoiceItemUpdateParams,
): Partial<GivenItem> {
  if (given.amount !== undefined) return {};
  if (given.pricing ?? given.price_data ?? given.unit_amount_decimal) return { quantity };
  const price = pricing?.price_details?.price;
  const unit = pricing?.unit_amount_decimal;
  return price === undefined || isAdHoc(ctx, ctx.store.get('price', idOf(price)))
    ? { quantity, ...(unit ? { unit_amount_decimal: unit } : {}) }
    : { quantity, pricing: { price: idOf(price) } };
}

/** Whether tax was said to be in an amount. */
function behaviorOf(ctx: Context, { pricing }: InvoiceItem): Pick<GivenItem, 'tax_behavior'> {
  const id = pricing?.price_details?.price;
  const price = id === undefined ? undefined : ctx.store.get('price', idOf(id));
  if (price === undefined || !isAdHoc(ctx, price)) return {};
  return { tax_behavior: price.tax_behavior ?? 'unspecified' };
}

export function deleteItem(global: Context, before: InvoiceItem): object {
  const ctx = global.onClock(idOrNull(before.test_clock));
  const id = idOrNull(before.invoice);
  if (id !== null) {
    const invoice = draftOf(ctx, id, idOf(before.customer));
    const rest = invoice.lines.data.filter((line) => invoiceItemOf(line) !== before.id);
    const drafts = draftsOf(ctx, { ...invoice, lines: { ...invoice.lines, data: rest } });
    relineInvoice(ctx, invoice, drafts, invoice.discounts.map(idOf));
  }
  const deleted = markDeleted(ctx, 'invoiceitem', before.id);
  ctx.emit('invoiceitem.deleted', before);
  return deleted;
}

function draftOf(ctx: Context, id: string, customer: string): Stripe.Invoice {
  const invoice = ctx.store.find('invoice', id);
  if (invoice === undefined || idOrNull(invoice.customer) !== customer) {
    throw noSuch('invoice', id, 'invoice');
  }
  if (ctx.store.find('customer', customer) === undefined) throw noSuch('customer', customer);
  if (invoice.status !== 'draft') {
    throw invalidRequest(
      `Invoice ${id} is no longer editable: it is ${invoice.status}.`,
      'invoice',
      'invoice_not_editable',
    );
  }
  return invoice;
}
