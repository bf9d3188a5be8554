import type Stripe from 'stripe';
import { draftInvoice, payerOf, relineInvoice } from '../billing/invoice/draft.ts';
import { draftsOf } from '../billing/invoice/lines.ts';
import { firstBilledIn } from '../billing/invoice/balance.ts';
import { keptOnInvoice } from '../billing/invoice/kept-params.ts';
import { assertOwnMethod, findCustomer } from '../billing/subscription/read-params.ts';
import { assertTaxable } from '../billing/tax/checks.ts';
import type { TaxTerms } from '../billing/tax/checks.ts';
import { ratesOf, readTaxRates } from '../billing/tax/rates.ts';
import { refuseUnsupported } from '../billing/unsupported.ts';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import { markDeleted } from '../kernel/deleted.ts';
import type { Context } from '../kernel/types.ts';
import { redeemForInvoice } from '../billing/discount/redemption.ts';

type Invoice = Stripe.Invoice;

const draftSeconds = 3600;
const unsupported = [
  'account_tax_ids',
  'application_fee_amount',
  'customer_account',
  'default_source',
  'from_invoice',
  'on_behalf_of',
  'shipping_cost',
  'shipping_details',
  'transfer_data',
];

/** `POST /v1/invoices`: a draft, by hand, with what was pending or with nothing yet. */
export function createInvoice(global: Context, params: Stripe.InvoiceCreateParams): Invoice {
  refuseUnsupported(params, unsupported);
  const customer = findCustomer(global, params.customer);
  const ctx = global.onClock(idOrNull(customer.test_clock));
  const subscription =
    params.subscription === undefined ? null : ctx.store.find('subscription', params.subscription);
  if (subscription === undefined)
    throw noSuch('subscription', params.subscription!, 'subscription');
  const isSent = params.collection_method === 'send_invoice';
  if (isSent && params.days_until_due === undefined && params.due_date === undefined) {
    throw invalidRequest(
      'When collection_method is send_invoice, one of `days_until_due` and `due_date` is required.',
      'days_until_due',
      'parameter_missing',
    );
  }
  if (params.number !== undefined) assertFreeNumber(ctx, params.number);
  const autoAdvance = params.auto_advance ?? false;
  const finalizesAt = params.automatically_finalizes_at ?? ctx.now + draftSeconds;
  const currency = params.currency ?? subscription?.currency ?? customer.currency ?? 'usd';
  const id = ctx.newId('in');
  const inherited = customer.discount ? [{ discount: customer.discount.id }] : [];
  const target = { customer: customer.id, invoice: id };
  const discounts = redeemForInvoice(ctx, params.discounts ?? inherited, target, currency);
  const tax = readTaxTerms(ctx, params, {
    defaults: subscription?.default_tax_rates ?? [],
    isAutomatic: subscription?.automatic_tax.enabled ?? false,
  });
  assertTaxable(ctx, customer, tax, [], params.default_payment_method);
  const draft = draftInvoice(ctx, {
    id,
    customer: firstBilledIn(ctx, customer, currency),
    number: params.number ?? null,
    subscription,
    currency,
    billingReason: 'manual',
    lines: [],
    discounts,
    periodStart: ctx.now,
    periodEnd: ctx.now,
    sweepsPending: params.pending_invoice_items_behavior === 'include',
    autoAdvance,
    finalizesAt,
    ...(params.collection_method === undefined
      ? {}
      : { collectionMethod: params.collection_method }),
    tax,
    daysUntilDue: params.days_until_due ?? null,
    dueDate: params.due_date ?? null,
    description: params.description ?? null,
    footer: params.footer ?? null,
    ...(params.metadata === undefined ? {} : { metadata: params.metadata }),
    defaultPaymentMethod:
      params.default_payment_method === undefined
        ? null
        : assertOwnMethod(ctx, customer.id, params.default_payment_method),
  });
  const invoice = ctx.update('invoice', draft, keptOnInvoice(params, draft));
  ctx.emit('invoice.created', invoice);
  if (autoAdvance) ctx.schedule(finalizesAt, 'invoice.finalize', invoice.id);
  return invoice;
}

export function updateInvoice(
  global: Context,
  before: Invoice,
  params: Stripe.InvoiceUpdateParams,
): Invoice {
  const ctx = onClock(global, before);
  refuseUnsupported(params, unsupported);
  const always = [
    'metadata',
    'auto_advance',
    'default_payment_method',
    'expand',
    'payment_settings',
    'collection_method',
  ];
  const late = Object.keys(params).find((name) => !always.includes(name));
  if (before.status !== 'draft' && late !== undefined) {
    throw invalidRequest(
      `Finalized invoices can't be updated in this way: \`${late}\` is fixed.`,
      late,
      'invoice_not_editable',
    );
  }
  const patch: Partial<Invoice> = {
    metadata: mergeMetadata(before.metadata, params.metadata),
    ...keptOnInvoice(params, before),
  };
  if (params.description !== undefined) patch.description = params.description || null;
  if (params.footer !== undefined) patch.footer = params.footer || null;
  if (params.due_date !== undefined) patch.due_date = params.due_date;
  if (params.collection_method !== undefined) patch.collection_method = params.collection_method;
  if (params.default_payment_method !== undefined) {
    const customer = idOf(before.customer!);
    patch.default_payment_method = params.default_payment_method
      ? assertOwnMethod(ctx, customer, params.default_payment_method)
      : null;
  }
  if (params.auto_advance !== undefined) {
    const advances = params.auto_advance;
    const at = params.automatically_finalizes_at || ctx.now + draftSeconds;
    patch.auto_advance = advances;
    if (before.status === 'draft') {
      patch.automatically_finalizes_at = advances ? at : null;
      if (advances) ctx.schedule(at, 'invoice.finalize', before.id);
      else ctx.unschedule('invoice.finalize', before.id);
    } else if (!advances) ctx.unschedule('invoice.retry', before.id);
  }
  if (params.number !== undefined) {
    if (params.number && params.number !== before.number) assertFreeNumber(ctx, params.number);
    patch.number = params.number || null;
  }
  const invoice = ctx.update('invoice', before, patch, 'invoice.updated');
  return params.discounts === undefined &&
    params.default_tax_rates === undefined &&
    params.automatic_tax === undefined
    ? invoice
    : reprice(ctx, invoice, params);
}

/** Other discounts, or taxed otherwise: the lines stay, and are added up anew. */
function reprice(ctx: Context, before: Invoice, params: Stripe.InvoiceUpdateParams): Invoice {
  const customer = ctx.store.get('customer', idOf(before.customer!));
  const drafts = draftsOf(ctx, before);
  const tax = readTaxTerms(ctx, params, {
    defaults: before.default_tax_rates,
    isAutomatic: before.automatic_tax.enabled,
  });
  const sold = drafts.map(({ price, taxRates }) => ({ price, rates: ratesOf(ctx, taxRates) }));
  assertTaxable(ctx, customer, tax, sold, idOrNull(before.default_payment_method));
  const target = { customer: customer.id, invoice: before.id };
  const discounts =
    params.discounts === undefined
      ? before.discounts.map(idOf)
      : redeemForInvoice(ctx, params.discounts, target, before.currency);
  const retaxed = ctx.store.put('invoice', {
    ...before,
    default_tax_rates: [...tax.defaults],
    automatic_tax: { ...before.automatic_tax, enabled: tax.isAutomatic },
  });
  return relineInvoice(ctx, retaxed, drafts, discounts);
}

/** The taxes that the parameters ask for; what they leave out stays. */
function readTaxTerms(
  ctx: Context,
  params: Pick<Stripe.InvoiceUpdateParams, 'automatic_tax' | 'default_tax_rates'>,
  before: TaxTerms,
): TaxTerms {
  const { automatic_tax: automatic, default_tax_rates: rates } = params;
  return {
    isAutomatic: automatic?.enabled ?? before.isAutomatic,
    defaults:
      rates === undefined
        ? before.defaults
        : readTaxRates(ctx, rates, 'default_tax_rates', before.defaults),
  };
}

export function deleteInvoice(global: Context, before: Invoice): object {
  const ctx = onClock(global, before);
  if (before.status !== 'draft' || before.parent !== null) {
    throw invalidRequest(
      'You can only delete draft invoices that were made by hand.',
      undefined,
      'invoice_not_editable',
    );
  }
  for (const item of ctx.store.by('invoiceitem', 'invoice', before.id)) {
    ctx.store.remove('invoiceitem', item.id);
  }
  ctx.unschedule('invoice.finalize', before.id);
  ctx.store.remove('_line_rates', before.id);
  const deleted = markDeleted(ctx, 'invoice', before.id);
  ctx.emit('invoice.deleted', before);
  return deleted;
}

/** On the clock of the invoice. Of a customer that is gone nothing is billed any more. */
export function onClock(ctx: Context, invoice: Invoice): Context {
  payerOf(ctx, invoice);
  return ctx.onClock(idOrNull(invoice.test_clock));
}

/** A number of one's own: at most 26 letters, digits and dashes, and nobody else's. */
function assertFreeNumber(ctx: Context, number: string): void {
  if (!/^[\w-]{1,26}$/.test(number)) {
    throw invalidRequest(
      'The invoice number must be at most 26 characters: letters, numbers, dashes and underscores.',
      'number',
    );
  }
  for (const other of ctx.store.newestFirst('invoice')) {
    if (other.number !== number) continue;
    throw invalidRequest(`Invoice number ${number} is already in use.`, 'number');
  }
}
