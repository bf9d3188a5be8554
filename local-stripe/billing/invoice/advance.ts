import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { finalizeInvoice } from './finalize.ts';
import { attemptInvoice, markPaid } from './pay.ts';

const waitSeconds = 3600;
const waitSecondsMax = 72 * 3600;

/** The draft hour is over: final, and charged. Waits while `invoice.created` was not taken, 72 h long. */
export function finalizeDraft(ctx: Context, id: string): void {
  const invoice = ctx.store.find('invoice', id);
  if (invoice?.status !== 'draft' || !invoice.auto_advance) return;
  const isUndelivered = ctx.store
    .by('_delivery', 'invoiceCreated', id)
    .some(({ status }) => status === 'pending');
  if (isUndelivered && ctx.now < invoice.created + waitSecondsMax) {
    ctx.schedule(ctx.now + waitSeconds, 'invoice.finalize', id);
    return;
  }
  advanceInvoice(ctx, invoice);
}

/** Final, then paid by credit, charged, or (sent invoices) left to the customer until it is due. */
export function advanceInvoice(ctx: Context, draft: Stripe.Invoice): Stripe.Invoice {
  const invoice = finalizeInvoice(ctx, draft);
  if (invoice.amount_due === 0) return markPaid(ctx, invoice, { isAutomatic: true });
  if (invoice.collection_method === 'send_invoice') return sendInvoice(ctx, invoice);
  return attemptInvoice(ctx, invoice, { isAutomatic: true });
}

export function sendInvoice(ctx: Context, invoice: Stripe.Invoice): Stripe.Invoice {
  ctx.emit('invoice.sent', invoice);
  if (invoice.due_date !== null) ctx.schedule(invoice.due_date, 'invoice.overdue', invoice.id);
  return invoice;
}

/** A sent invoice was not paid in time. */
export function invoiceOverdue(ctx: Context, id: string): void {
  const invoice = ctx.store.find('invoice', id);
  if (invoice?.status !== 'open') return;
  ctx.emit('invoice.overdue', invoice);
  ctx.follow('invoice.overdue', { invoice });
}
