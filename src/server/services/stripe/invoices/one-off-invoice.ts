import type { Stripe } from 'stripe';
import { STEP_TIMEOUTS, SYNC_TIMEOUTS } from '../client/client.ts';
import { createOnce } from '../client/create-once.ts';
import { isLocationUnknown, isRefused } from '../client/errors.ts';
import {
  INVOICE_EXPAND,
  readInvoice,
  type InvoiceSnapshot,
} from '../snapshots/invoice-snapshot.ts';
import { toUnixSeconds } from '../snapshots/schemas.ts';

/** When at Stripe was what was made after `instant`, at the earliest: an hour before, the clocks are not the same. */
export const madeSince = (instant: Date): number => toUnixSeconds(instant) - 3_600;

/**
 * An invoice of ours, found by what its metadata say among the customer's since then: a key that aged
 * out at Stripe makes no second one. Listed, because search lags behind.
 */
export async function findMarkedInvoice(
  stripe: Stripe,
  customerId: string,
  { name, value, since }: { name: string; value: string; since: Date },
): Promise<InvoiceSnapshot | undefined> {
  const created = { gte: madeSince(since) };
  const expand = INVOICE_EXPAND.map((path) => `data.${path}`);
  const pages = stripe.invoices.list(
    { customer: customerId, created, limit: 100, expand },
    SYNC_TIMEOUTS,
  );
  for await (const one of pages) {
    if (one.metadata?.[name] === value) return readInvoice(one);
  }
  return undefined;
}

/**
 * Makes a draft, once under its key. Where Stripe is to work out the tax and does not know where the
 * customer is, the draft is made without: what is owed does not depend on an address, and a renewal's
 * automatic tax is switched off by Stripe in the same case.
 */
export async function createDraft(
  stripe: Stripe,
  params: Stripe.InvoiceCreateParams,
  once: { idempotencyKey: string; find: () => Promise<InvoiceSnapshot | undefined> },
): Promise<InvoiceSnapshot> {
  const make = (asked: Stripe.InvoiceCreateParams) =>
    createOnce({
      ...once,
      create: async (options) =>
        readInvoice(await stripe.invoices.create(asked, { ...STEP_TIMEOUTS, ...options })),
    });
  try {
    return await make(params);
  } catch (error) {
    if (!isLocationUnknown(error)) throw error;
    const { automatic_tax: _unknown, ...untaxed } = params;
    return make(untaxed);
  }
}

/** The line of a draft that is marked so. */
export async function findItem(
  stripe: Stripe,
  invoiceId: string,
  { name, value }: { name: string; value: string },
): Promise<Stripe.InvoiceItem | undefined> {
  const items = stripe.invoiceItems.list({ invoice: invoiceId, limit: 100 }, SYNC_TIMEOUTS);
  for await (const one of items) if (one.metadata?.[name] === value) return one;
  return undefined;
}

/** What of the lines of a draft is marked so. */
export async function listMarks(
  stripe: Stripe,
  invoiceId: string,
  name: string,
): Promise<Set<string>> {
  const there = new Set<string>();
  const items = stripe.invoiceItems.list({ invoice: invoiceId, limit: 100 }, SYNC_TIMEOUTS);
  for await (const { metadata } of items) if (metadata?.[name]) there.add(metadata[name]);
  return there;
}

/** Makes it final; `collects`: Stripe is to collect it. One that is so already stays as it is. */
export async function finalizeInvoice(
  stripe: Stripe,
  invoiceId: string,
  { collects, idempotencyKey }: { collects: boolean; idempotencyKey: string },
): Promise<void> {
  const options = { ...STEP_TIMEOUTS, idempotencyKey };
  try {
    await stripe.invoices.finalizeInvoice(invoiceId, { auto_advance: collects }, options);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const { status } = await stripe.invoices.retrieve(invoiceId, {}, SYNC_TIMEOUTS);
    if (status === 'draft') throw error;
  }
}

/** So that nobody pays it any more: a draft is deleted. One that was paid in the meantime stays so. */
export async function giveUpInvoice(
  stripe: Stripe,
  { id, status }: Pick<InvoiceSnapshot, 'id' | 'status'>,
): Promise<void> {
  try {
    if (status === 'draft') await stripe.invoices.del(id, {}, STEP_TIMEOUTS);
    else await stripe.invoices.voidInvoice(id, {}, STEP_TIMEOUTS);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const after = await stripe.invoices.retrieve(id, {}, SYNC_TIMEOUTS);
    if (after.status === 'open' || after.status === status) throw error;
  }
}
