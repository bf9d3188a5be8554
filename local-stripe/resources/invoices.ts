import type Stripe from 'stripe';
import { finalizeDraft, invoiceOverdue } from '../billing/invoice/advance.ts';
import { retryInvoice } from '../billing/invoice/dunning.ts';
import { defaultPayment } from '../billing/invoice/payments.ts';
import { previewInvoice } from '../billing/preview/preview.ts';
import { subscriptionIdOf } from '../billing/invoice/subscription-of.ts';
import { inRange, listPage } from '../kernel/list.ts';
import { noSuch } from '../kernel/errors.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import { counted } from '../kernel/list.ts';
import { resource } from './resource.ts';
import type { Context, Params, Resource } from '../kernel/types.ts';
import { attachPayment } from './attach-payment.ts';
import { createInvoice, deleteInvoice, updateInvoice } from './invoice-actions.ts';
import { finalize, payInvoice, sendByHand, voidByHand, writeOff } from './invoice-collection.ts';
import { addLines, removeLines, updateLines } from './invoice-lines.ts';
import { searchRoute } from './search/route.ts';

/** So many lines are inside an invoice; all of them are listed apart. */
const linesInside = 10;

export const invoices = resource({
  kind: 'invoice',
  path: '/v1/invoices',
  references: {
    customer: 'customer',
    default_payment_method: 'payment_method',
    discounts: 'discount',
    'parent.subscription_details.subscription': 'subscription',
    'total_discount_amounts.discount': 'discount',
    test_clock: 'test_helpers.test_clock',
  },
  includes: {
    payments: (ctx, invoice) => ({
      object: 'list',
      data: ctx.store.by('invoice_payment', 'invoice', invoice.id).reverse(),
      has_more: false,
      url: '/v1/invoices/payments',
    }),
    confirmation_secret: (ctx, invoice) => confirmationSecret(ctx, invoice),
  },
  indexes: {
    customer: ({ customer }) => idOrNull(customer),
    open: ({ customer, status }) => (status === 'open' ? idOrNull(customer) : null),
    subscription: subscriptionIdOf,
  },
  deliveries: {
    // Finalization waits for this one alone; an index over all would only cost.
    invoiceCreated: ({ eventType, objectId }) =>
      eventType === 'invoice.created' ? objectId : null,
  },
  list: {
    collection_method: (invoice, method: string) => invoice.collection_method === method,
    customer: (invoice, customer: string) => idOrNull(invoice.customer) === customer,
    due_date: (invoice, range: unknown) => inRange(invoice.due_date, range),
    status: (invoice, status: string) => invoice.status === status,
    subscription: (invoice, id: string) => subscriptionIdOf(invoice) === id,
  },
  listed: (_ctx, { test_clock }, params) => {
    return test_clock === null || 'customer' in params || 'subscription' in params;
  },
  routes: [
    searchRoute('invoice', '/v1/invoices'),
    {
      method: 'POST',
      path: '/v1/invoices/create_preview',
      handle: (ctx, params) => previewInvoice(ctx, params as Stripe.InvoiceCreatePreviewParams),
    },
    { method: 'GET', path: '/v1/invoices/:id/lines', handle: listLines },
  ],
  create: createInvoice,
  update: updateInvoice,
  del: deleteInvoice,
  actions: [
    { name: 'finalize', handle: finalize },
    { name: 'pay', handle: payInvoice },
    { name: 'send', handle: sendByHand },
    { name: 'void', handle: voidByHand },
    { name: 'mark_uncollectible', handle: writeOff },
    { name: 'add_lines', handle: addLines },
    { name: 'update_lines', handle: updateLines },
    { name: 'remove_lines', handle: removeLines },
    { name: 'attach_payment', handle: attachPayment },
  ],
  due: {
    'invoice.finalize': finalizeDraft,
    'invoice.retry': retryInvoice,
    'invoice.overdue': invoiceOverdue,
  },
  present: presentInvoice,
});

/** With its pages at the address that is ours today, and the first of its lines. */
export function presentInvoice(ctx: Context, invoice: Stripe.Invoice): Stripe.Invoice {
  const isFinal = invoice.status !== 'draft' && invoice.number !== null;
  const url = `${ctx.baseUrl}/i/${invoice.id}`;
  const { data } = invoice.lines;
  return {
    ...invoice,
    hosted_invoice_url: isFinal ? url : null,
    invoice_pdf: isFinal ? `${url}/pdf` : null,
    lines: counted(
      {
        ...invoice.lines,
        data: data.slice(0, linesInside),
        has_more: data.length > linesInside,
      },
      data.length,
    ),
  };
}

/** The lines have an order of their own, which paging keeps. */
function listLines(ctx: Context, params: Params, { id }: Record<string, string>): object {
  const invoice = ctx.store.find('invoice', id!);
  if (invoice === undefined) throw noSuch('invoice', id!);
  return listPage(params, `/v1/invoices/${id!}/lines`, 'line_item', invoice.lines.data);
}

function confirmationSecret(
  ctx: Context,
  invoice: Stripe.Invoice,
): Stripe.Invoice.ConfirmationSecret | null {
  // It stays when the invoice is paid; one whose payment was called off has none.
  const payment = defaultPayment(ctx, invoice.id);
  if (payment === null || payment.payment.type !== 'payment_intent') return null;
  const intent = ctx.store.get('payment_intent', idOf(payment.payment.payment_intent!));
  return { client_secret: intent.client_secret!, type: 'payment_intent' };
}

/** Lines live within their invoice; this says only what of them can be expanded. */
export const lineItems = {
  kind: 'line_item',
  noun: 'line_item',
  routes: [],
  references: {
    discounts: 'discount',
    'discount_amounts.discount': 'discount',
    'pricing.price_details.price': 'price',
    subscription: 'subscription',
  },
  includes: {},
  indexes: {},
  due: {},
} as unknown as Resource;
