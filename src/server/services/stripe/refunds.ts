import type { Stripe } from 'stripe';
import { APP_MARK } from './customers.ts';
import { createOnce } from './client/create-once.ts';
import { callStripe, isRefused } from './client/errors.ts';
import {
  readCharge,
  readRefund,
  type ChargeSnapshot,
  type RefundSnapshot,
} from './snapshots/charge-snapshot.ts';
import { idOrNull } from './snapshots/schemas.ts';

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

  /** All that was charged; asking again gives nothing twice. */
  giveAllBack(values: Parameters<typeof refundInvoice>[1]): Promise<InvoiceRefund> {
    return callStripe(() => refundInvoice(this.#stripe, values));
  }

  /** What the charges can still give back. */
  read(invoiceId: string): Promise<RefundableReading> {
    return callStripe(() => readRefundable(this.#stripe, invoiceId));
  }

  /** A sum, once a `sumId`. */
  giveBack(values: Parameters<typeof refundSum>[1]): Promise<InvoiceRefund> {
    return callStripe(() => refundSum(this.#stripe, values));
  }
}

/**
 * Gives back everything that was charged for an invoice and is not back yet. Asking again gives
 * nothing twice: Stripe never returns more than the charge, and each charge has its own key. What
 * the bank took back by a dispute is left out.
 */
async function refundInvoice(
  stripe: Stripe,
  values: { invoiceId: string; cause: string; reason: 'duplicate' | 'requested_by_customer' },
): Promise<InvoiceRefund> {
  const { invoiceId, cause, reason } = values;
  const result: InvoiceRefund = { paidMinor: 0, returnedMinor: 0, currency: null, chargeIds: [] };
  for (const chargeId of await chargesOf(stripe, invoiceId)) {
    const charge = readCharge(await stripe.charges.retrieve(chargeId));
    if (!charge.paid) continue;
    result.paidMinor += charge.amountMinor;
    result.currency = charge.currency;
    result.chargeIds.push(charge.id);
    if (charge.disputed) continue;
    if (charge.amountRefundedMinor < charge.amountMinor) {
      const metadata = { app: APP_MARK, invoice: invoiceId, cause };
      await refundOnce(stripe, { charge: charge.id, reason, metadata });
    }
    const { data } = await stripe.refunds.list({ charge: charge.id, limit: 100 });
    result.returnedMinor += data
      .map(readRefund)
      .filter((one) => one.metadata.cause === cause && one.status !== 'failed')
      .reduce((sum, one) => sum + one.amountMinor, 0);
  }
  return result;
}

/** What an invoice's charges can still give back. */
export interface RefundableReading {
  paidMinor: number;
  /** Neither given back nor questioned at the bank. */
  leftMinor: number;
  currency: string | null;
  /** Which of our sums are among its refunds. */
  sums: ReadonlySet<string>;
}

/** In a refund of ours: which sum it is of. */
const SUM_TAG = 'squaretable_sum';

/** Looks at what an invoice's charges can still give back; changes nothing. */
async function readRefundable(stripe: Stripe, invoiceId: string): Promise<RefundableReading> {
  const charges = await readCharges(stripe, invoiceId);
  return {
    paidMinor: sumOf(charges.map(({ charge }) => charge.amountMinor)),
    leftMinor: sumOf(charges.map(leftOf)),
    currency: charges[0]?.charge.currency ?? null,
    sums: new Set(charges.flatMap(({ refunds }) => refunds.flatMap(sumTagOf))),
  };
}

/**
 * Gives a sum of an invoice back, from the charges that paid it. `sumId` gives it once however often it is
 * asked for: what Stripe has of it already is counted, and each charge has a key for the rest. A refusal is
 * thrown where nothing went back; else `returnedMinor` says how much did.
 */
async function refundSum(
  stripe: Stripe,
  values: { invoiceId: string; amountMinor: number; sumId: string },
): Promise<InvoiceRefund> {
  const { invoiceId, amountMinor, sumId } = values;
  const charges = await readCharges(stripe, invoiceId);
  const made = charges.map(({ refunds }) =>
    sumOf(refunds.filter((one) => sumTagOf(one).includes(sumId)).map((one) => one.amountMinor)),
  );
  let rest = amountMinor - sumOf(made);
  let refusal: unknown;
  for (const [at, one] of charges.entries()) {
    const amount = made[at]! > 0 ? 0 : Math.min(rest, leftOf(one));
    if (amount <= 0) continue;
    const metadata = { app: APP_MARK, invoice: invoiceId, cause: 'operator', [SUM_TAG]: sumId };
    const params = { charge: one.charge.id, amount, metadata };
    try {
      // What is left may be another sum when it is asked for again: what went back counts, not what was asked.
      const { amountMinor: back } = await createOnce({
        idempotencyKey: `refund-sum:${sumId}:${one.charge.id}`,
        create: async (options) =>
          readRefund(
            await stripe.refunds.create({ ...params, reason: 'requested_by_customer' }, options),
          ),
        find: () =>
          findRefund(stripe, { charge: one.charge.id }, (tags) => tags[SUM_TAG] === sumId),
      });
      rest -= back;
    } catch (error) {
      if (!isRefused(error)) throw error;
      refusal = error;
    }
  }
  if (refusal !== undefined && rest === amountMinor) throw refusal;
  return {
    paidMinor: sumOf(charges.map(({ charge }) => charge.amountMinor)),
    returnedMinor: amountMinor - rest,
    currency: charges[0]?.charge.currency ?? null,
    chargeIds: charges.map(({ charge }) => charge.id),
  };
}

interface ChargeWithRefunds {
  charge: ChargeSnapshot;
  refunds: RefundSnapshot[];
}

async function readCharges(stripe: Stripe, invoiceId: string): Promise<ChargeWithRefunds[]> {
  const found: ChargeWithRefunds[] = [];
  for (const chargeId of await chargesOf(stripe, invoiceId)) {
    const charge = readCharge(await stripe.charges.retrieve(chargeId));
    if (!charge.paid) continue;
    const { data } = await stripe.refunds.list({ charge: chargeId, limit: 100 });
    found.push({ charge, refunds: data.map(readRefund) });
  }
  return found;
}

const sumOf = (amounts: readonly number[]) => amounts.reduce((sum, one) => sum + one, 0);
const leftOf = ({ charge }: ChargeWithRefunds) =>
  charge.disputed ? 0 : charge.amountMinor - charge.amountRefundedMinor;
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
  params: Stripe.RefundCreateParams & { charge: string; metadata: { cause: string } },
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
