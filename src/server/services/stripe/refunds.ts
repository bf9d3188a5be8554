import type { Stripe } from 'stripe';
import { leftOfCharge } from '../../../domain/billing/remedy.ts';
import type { ChargeReturn } from './charges.ts';
import { APP_MARK } from './customers.ts';
import { createOnce } from './client/create-once.ts';
import { callStripe, isRefused } from './client/errors.ts';
import { readReturnable } from './invoices/returnable.ts';
import { readCharge, readRefund, type RefundSnapshot } from './snapshots/charge-snapshot.ts';

export interface InvoiceRefund {
  /** What of the invoice had been paid by charges. */
  paidMinor: number;
  /** What went back now, or had gone back by the same remedy before. */
  returnedMinor: number;
  currency: string | null;
  chargeIds: string[];
}

/** What invoices were paid with, given back. */
export class InvoiceRefunds {
  readonly #stripe: Stripe;

  constructor(stripe: Stripe) {
    this.#stripe = stripe;
  }

  /** All that may go back; asking again gives nothing twice. */
  giveAllBack(values: Parameters<typeof refundInvoice>[1]): Promise<InvoiceRefund> {
    return callStripe(() => refundInvoice(this.#stripe, values));
  }

  /** What may still go back. */
  read(invoiceId: string): Promise<RefundableReading> {
    return callStripe(() => readRefundable(this.#stripe, invoiceId));
  }

  /** A sum, once a `sumId`. */
  giveBack(values: Parameters<typeof refundSum>[1]): Promise<InvoiceRefund> {
    return callStripe(() => refundSum(this.#stripe, values));
  }
}

/**
 * Gives back everything of an invoice that may go back and did not yet. Asking again gives nothing twice: what
 * is left is asked for anew, and each charge has its own key. What the bank took back by a dispute is left out.
 */
async function refundInvoice(
  stripe: Stripe,
  values: { invoiceId: string; cause: string; reason: 'duplicate' | 'requested_by_customer' },
): Promise<InvoiceRefund> {
  const { invoiceId, cause, reason } = values;
  const { charges, leftMinor } = await readReturnable(stripe, invoiceId);
  let left = leftMinor;
  let returnedMinor = 0;
  for (const charge of charges) {
    const amount = Math.min(left, leftOfCharge(charge));
    if (amount > 0) {
      const metadata = { app: APP_MARK, invoice: invoiceId, cause };
      await refundOnce(stripe, { charge: charge.id, amount, reason, metadata });
      left -= amount;
    }
    const { data } = await stripe.refunds.list({ charge: charge.id, limit: 100 });
    returnedMinor += sumOf(
      data
        .map(readRefund)
        .filter((one) => one.metadata.cause === cause && one.status !== 'failed')
        .map((one) => one.amountMinor),
    );
  }
  return { ...paidBy(charges), returnedMinor };
}

/** What of an invoice may still be given back. */
export interface RefundableReading {
  paidMinor: number;
  /** By `leftToGiveBack`. */
  leftMinor: number;
  currency: string | null;
  /** Which of our sums are among its refunds. */
  sums: ReadonlySet<string>;
}

/** In a refund of ours: which sum it is of. */
const SUM_TAG = 'squaretable_sum';

/** Looks at what may still be given back of an invoice; changes nothing. */
async function readRefundable(stripe: Stripe, invoiceId: string): Promise<RefundableReading> {
  const { charges, leftMinor } = await readReturnable(stripe, invoiceId);
  const { paidMinor, currency } = paidBy(charges);
  const sums = new Set(charges.flatMap(({ refunds }) => refunds.flatMap(sumTagOf)));
  return { paidMinor, currency, leftMinor, sums };
}

/**
 * Gives a sum of an invoice back, from the charges that paid it: at most what may still go back of it now.
 * `sumId` gives it once however often it is asked for: what Stripe has of it already is counted, and each charge
 * has a key for the rest. A refusal is thrown where nothing went back; else `returnedMinor` says how much did.
 */
async function refundSum(
  stripe: Stripe,
  values: { invoiceId: string; amountMinor: number; sumId: string },
): Promise<InvoiceRefund> {
  const { invoiceId, amountMinor, sumId } = values;
  const { charges, leftMinor } = await readReturnable(stripe, invoiceId);
  const made = charges.map(({ refunds }) =>
    sumOf(refunds.filter((one) => sumTagOf(one).includes(sumId)).map((one) => one.amountMinor)),
  );
  let rest = amountMinor - sumOf(made);
  let left = leftMinor;
  let refusal: unknown;
  for (const [at, charge] of charges.entries()) {
    const amount = made[at]! > 0 ? 0 : Math.min(rest, left, leftOfCharge(charge));
    if (amount <= 0) continue;
    const metadata = { app: APP_MARK, invoice: invoiceId, cause: 'operator', [SUM_TAG]: sumId };
    const params = { charge: charge.id, amount, metadata };
    try {
      // What is left may be another sum when it is asked for again: what went back counts, not what was asked.
      const { amountMinor: back } = await createOnce({
        idempotencyKey: `refund-sum:${sumId}:${charge.id}`,
        create: async (options) =>
          readRefund(
            await stripe.refunds.create({ ...params, reason: 'requested_by_customer' }, options),
          ),
        find: () => findRefund(stripe, { charge: charge.id }, (tags) => tags[SUM_TAG] === sumId),
      });
      rest -= back;
      left -= back;
    } catch (error) {
      if (!isRefused(error)) throw error;
      refusal = error;
    }
  }
  if (refusal !== undefined && rest === amountMinor) throw refusal;
  return { ...paidBy(charges), returnedMinor: amountMinor - rest };
}

const sumOf = (amounts: readonly number[]) => amounts.reduce((sum, one) => sum + one, 0);
const paidBy = (charges: readonly ChargeReturn[]) => ({
  paidMinor: sumOf(charges.map(({ amountMinor }) => amountMinor)),
  currency: charges[0]?.currency ?? null,
  chargeIds: charges.map(({ id }) => id),
});
const sumTagOf = ({ metadata }: RefundSnapshot) =>
  metadata[SUM_TAG] === undefined ? [] : [metadata[SUM_TAG]];

/** A refund of ours of a payment, by its metadata. */
export async function findRefund(
  stripe: Stripe,
  payment: { charge: string } | { payment_intent: string },
  isIt: (metadata: RefundSnapshot['metadata']) => boolean,
): Promise<RefundSnapshot | undefined> {
  for await (const one of stripe.refunds.list({ ...payment, limit: 100 })) {
    const refund = readRefund(one);
    if (isIt(refund.metadata)) return refund;
  }
  return undefined;
}

async function refundOnce(
  stripe: Stripe,
  params: Stripe.RefundCreateParams & {
    charge: string;
    amount: number;
    metadata: { cause: string };
  },
): Promise<void> {
  const { charge, metadata } = params;
  try {
    await createOnce({
      // Two causes may give the same charge back.
      idempotencyKey: `refund:${charge}`,
      create: async (options) => readRefund(await stripe.refunds.create(params, options)),
      find: () => findRefund(stripe, { charge }, ({ cause }) => cause === metadata.cause),
    });
  } catch (error) {
    // Given back in the meantime, by staff or by the call whose answer was lost.
    if (!isRefused(error)) throw error;
    const { amountMinor, amountRefundedMinor } = readCharge(
      await stripe.charges.retrieve(params.charge ?? ''),
    );
    if (amountRefundedMinor < amountMinor) throw error;
  }
}
