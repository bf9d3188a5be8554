import type { Stripe } from 'stripe';
import { SYNC_TIMEOUTS, type CallTimeouts } from '../client/client.ts';
import { isMissing, isRefused } from '../client/errors.ts';
import { readCreditNote, type CreditNoteSnapshot } from '../snapshots/credit-note-snapshot.ts';
import {
  INVOICE_EXPAND,
  readInvoice,
  type InvoiceSnapshot,
} from '../snapshots/invoice-snapshot.ts';

/** `undefined` for an invoice that is gone: drafts can be deleted. */
export async function findInvoice(
  stripe: Stripe,
  invoiceId: string,
  timeouts: CallTimeouts,
): Promise<InvoiceSnapshot | undefined> {
  try {
    const expand = [...INVOICE_EXPAND, 'customer'];
    const answer = await stripe.invoices.retrieve(invoiceId, { expand }, timeouts);
    return readInvoice(answer);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The customer's newest invoices, at most `limit` (up to 100). */
export async function listInvoices(
  stripe: Stripe,
  customerId: string,
  limit: number,
  timeouts: CallTimeouts,
): Promise<InvoiceSnapshot[]> {
  const expand = INVOICE_EXPAND.map((path) => `data.${path}`);
  const { data } = await stripe.invoices.list({ customer: customerId, limit, expand }, timeouts);
  return data.map(readInvoice);
}

/** The subscription's newest paid invoices, at most 100. */
export async function listPaidInvoices(
  stripe: Stripe,
  subscriptionId: string,
  timeouts: CallTimeouts,
): Promise<InvoiceSnapshot[]> {
  const expand = INVOICE_EXPAND.map((path) => `data.${path}`);
  const { data } = await stripe.invoices.list(
    { subscription: subscriptionId, status: 'paid', limit: 100, expand },
    timeouts,
  );
  return data.map(readInvoice);
}

/** Open invoices of the customer: what is owed. Nothing for an unknown customer. */
export async function findOpenInvoices(
  stripe: Stripe,
  customerId: string,
  timeouts: CallTimeouts,
): Promise<InvoiceSnapshot[]> {
  try {
    const wanted = { customer: customerId, status: 'open', limit: 100 } as const;
    const { data } = await stripe.invoices.list(wanted, timeouts);
    return data.map(readInvoice);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** So that nobody collects it any more. One that was paid or voided in the meantime is fine. */
export async function voidInvoice(
  stripe: Stripe,
  invoiceId: string,
  timeouts: CallTimeouts,
): Promise<void> {
  try {
    await stripe.invoices.voidInvoice(invoiceId, {}, timeouts);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const { status } = await stripe.invoices.retrieve(invoiceId, {}, timeouts);
    if (status === 'open') throw error;
  }
}

/** All credit notes of an invoice; those that were voided give nothing. */
export async function listCreditNotes(
  stripe: Stripe,
  invoiceId: string,
  timeouts: CallTimeouts,
): Promise<CreditNoteSnapshot[]> {
  const found: CreditNoteSnapshot[] = [];
  const pages = stripe.creditNotes.list({ invoice: invoiceId, limit: 100 }, timeouts);
  for await (const one of pages) found.push(readCreditNote(one));
  return found;
}

/** The same of an invoice that was read: Stripe is asked only where it has any. */
export async function notesOf(
  stripe: Stripe,
  { id, notedMinor }: Pick<InvoiceSnapshot, 'id' | 'notedMinor'>,
): Promise<CreditNoteSnapshot[]> {
  return notedMinor > 0 ? listCreditNotes(stripe, id, SYNC_TIMEOUTS) : [];
}
