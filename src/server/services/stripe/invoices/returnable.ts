import type { Stripe } from 'stripe';
import { leftToGiveBack } from '../../../../domain/billing/remedy.ts';
import { readChargeReturn, type ChargeReturn } from '../charges.ts';
import { SYNC_TIMEOUTS } from '../client/client.ts';
import { readInvoice } from '../snapshots/invoice-snapshot.ts';
import { idOrNull } from '../snapshots/schemas.ts';
import { notesOf } from './invoices.ts';

/** What paid an invoice, and what of it may still go back as money. */
export interface Returnable {
  charges: ChargeReturn[];
  /** By `leftToGiveBack`. */
  leftMinor: number;
}

/** Looks at what may still be given back of an invoice; changes nothing. */
export async function readReturnable(stripe: Stripe, invoiceId: string): Promise<Returnable> {
  const charges: ChargeReturn[] = [];
  for (const chargeId of await chargesOf(stripe, invoiceId)) {
    const found = await readChargeReturn(stripe, chargeId);
    if (found.paid) charges.push(found);
  }
  // Last, for staff credit an invoice while we look.
  const invoice = readInvoice(await stripe.invoices.retrieve(invoiceId, {}, SYNC_TIMEOUTS));
  const notes = await notesOf(stripe, invoice);
  return { charges, leftMinor: leftToGiveBack({ ...invoice, charges, notes }) };
}

async function chargesOf(stripe: Stripe, invoiceId: string): Promise<string[]> {
  const { data } = await stripe.invoicePayments.list({
    invoice: invoiceId,
    status: 'paid',
    limit: 100,
    expand: ['data.payment.payment_intent'],
  });
  return data.flatMap(({ payment }) => {
    const intent = payment.payment_intent;
    const latest = intent && typeof intent !== 'string' ? intent.latest_charge : null;
    return idOrNull.parse(payment.charge ?? latest) ?? [];
  });
}
