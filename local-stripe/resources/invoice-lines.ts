import type Stripe from 'stripe';
import { relineInvoice } from '../billing/invoice/draft.ts';
import { draftsOf, invoiceItemOf } from '../billing/invoice/lines.ts';
import { lineOfItem } from '../billing/invoice/items.ts';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { onClock } from './invoice-actions.ts';
import { createItem, deleteItem, updateItem } from './invoice-items.ts';

type Invoice = Stripe.Invoice;

/** `POST /v1/invoices/:id/add_lines`: new lines on a draft, or items that were waiting. */
export function addLines(
  global: Context,
  before: Invoice,
  params: Stripe.InvoiceAddLinesParams,
): Invoice {
  const ctx = editing(global, before);
  for (const [i, { invoice_item, ...given }] of params.lines.entries()) {
    if (invoice_item === undefined) {
      const own = { ...given, customer: idOf(before.customer!), invoice: before.id };
      createItem(ctx, own as unknown as Stripe.InvoiceItemCreateParams);
    } else assign(ctx, before.id, invoice_item, `lines[${i}][invoice_item]`);
  }
  return withMetadata(ctx, before.id, params.invoice_metadata);
}

/** `POST /v1/invoices/:id/update_lines`: of lines that invoice items made. */
export function updateLines(
  global: Context,
  before: Invoice,
  params: Stripe.InvoiceUpdateLinesParams,
): Invoice {
  const ctx = editing(global, before);
  for (const [i, { id, ...given }] of params.lines.entries()) {
    updateItem(ctx, itemOf(ctx, before, id, `lines[${i}][id]`), given as never);
  }
  return withMetadata(ctx, before.id, params.invoice_metadata);
}

/** `POST /v1/invoices/:id/remove_lines`: their items go, or wait for another invoice. */
export function removeLines(
  global: Context,
  before: Invoice,
  params: Stripe.InvoiceRemoveLinesParams,
): Invoice {
  const ctx = editing(global, before);
  for (const [i, { id, behavior }] of params.lines.entries()) {
    const item = itemOf(ctx, before, id, `lines[${i}][id]`);
    if (behavior === 'delete') deleteItem(ctx, item);
    else unassign(ctx, item);
  }
  return withMetadata(ctx, before.id, params.invoice_metadata);
}

function editing(global: Context, invoice: Invoice): Context {
  if (invoice.status !== 'draft') {
    throw invalidRequest(
      `Invoice ${invoice.id} is no longer editable: it is ${invoice.status}.`,
      undefined,
      'invoice_not_editable',
    );
  }
  return onClock(global, invoice);
}

function assign(ctx: Context, invoiceId: string, id: string, param: string): void {
  const invoice = ctx.store.get('invoice', invoiceId);
  const item = ctx.store.find('invoiceitem', id);
  if (item === undefined || idOf(item.customer) !== idOf(invoice.customer!)) {
    throw noSuch('invoiceitem', id, param);
  }
  if (item.invoice !== null || item.currency !== invoice.currency) {
    throw invalidRequest(
      `Invoice item ${id} is not waiting for an invoice in ${invoice.currency}.`,
      param,
    );
  }
  const assigned = ctx.store.put('invoiceitem', { ...item, invoice: invoiceId });
  const drafts = [...draftsOf(ctx, invoice), lineOfItem(ctx, assigned)];
  relineInvoice(ctx, invoice, drafts, invoice.discounts.map(idOf));
}

function unassign(ctx: Context, item: Stripe.InvoiceItem): void {
  const invoice = ctx.store.get('invoice', idOrNull(item.invoice)!);
  ctx.store.put('invoiceitem', { ...item, invoice: null });
  const drafts = draftsOf(ctx, invoice).filter(({ invoiceItem }) => invoiceItem !== item.id);
  relineInvoice(ctx, invoice, drafts, invoice.discounts.map(idOf));
}

function itemOf(ctx: Context, { id }: Invoice, line: string, param: string): Stripe.InvoiceItem {
  const found = ctx.store.get('invoice', id).lines.data.find((one) => one.id === line);
  if (found === undefined) throw noSuch('invoice line item', line, param);
  const item = ctx.store.find('invoiceitem', invoiceItemOf(found) ?? '');
  if (item !== undefined) return item;
  throw invalidRequest(
    'The local Stripe changes and removes lines of invoice items alone, not those of a subscription.',
    param,
  );
}

function withMetadata(
  ctx: Context,
  id: string,
  given: Stripe.InvoiceAddLinesParams['invoice_metadata'],
): Invoice {
  const invoice = ctx.store.get('invoice', id);
  const metadata = mergeMetadata(invoice.metadata, given);
  return ctx.update('invoice', invoice, { metadata }, 'invoice.updated');
}
