import type Stripe from 'stripe';
import { invalidRequest, missingParam, noSuch } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { changeBalance } from '../invoice/balance.ts';
import { chargeOfInvoice } from '../invoice/payments.ts';
import { createRefund } from '../payment/refund.ts';
import { refuseUnsupported } from '../unsupported.ts';
import { creditInvoice } from './apply.ts';
import { creditableOf, refundedOutside } from './limits.ts';
import { amountLine, readCreditLines } from './lines.ts';
import { creditTotals } from './totals.ts';

type Params = Stripe.CreditNoteCreateParams;

/**
 * `POST /v1/credit_notes`: takes something off a final invoice. First off what is still owed; what
 * goes beyond has been paid, and goes back: to the card, to the customer's balance, or by other means
 * than Stripe. Those parts must add up to it.
 */
export function issueCreditNote(global: Context, params: Params): Stripe.CreditNote {
  const invoice = findInvoice(global, params.invoice);
  const ctx = global.onClock(idOrNull(invoice.test_clock));
  const customer = ctx.store.find('customer', idOf(invoice.customer!));
  if (customer === undefined) throw invalidRequest('The customer of this invoice is deleted.');
  refuseUnsupported(params, ['shipping_cost']);
  const lines = linesOf(ctx, invoice, params);
  const totals = creditTotals(ctx, lines);
  const linked = (params.refunds ?? []).map((given, i) => {
    return linkedRefund(ctx, invoice, given, `refunds[${i}]`);
  });
  assertAmount(ctx, invoice, { amount: params.amount, total: totals.total, linked });
  const owed = invoice.status === 'paid' ? 0 : invoice.amount_remaining;
  const before = Math.min(totals.total, owed);
  const after = totals.total - before;
  const back = paidBack(params, linked, after);
  const id = ctx.newId('cn');
  const made = (params.refund_amount ?? 0) > 0 ? [refund(ctx, invoice, params.refund_amount!)] : [];
  const count = ctx.store.by('credit_note', 'invoice', invoice.id).length;
  const number = `${invoice.number}-CN-${String(count + 1).padStart(2, '0')}`;
  const balance =
    back.credit === 0
      ? null
      : changeBalance(ctx, customer, {
          amount: -back.credit,
          currency: invoice.currency,
          type: 'credit_note',
          invoice: invoice.id,
          creditNote: id,
        });
  const note = ctx.store.put('credit_note', {
    id,
    object: 'credit_note',
    ...totals,
    amount_shipping: 0,
    created: ctx.now,
    currency: invoice.currency,
    customer: customer.id,
    customer_account: null,
    customer_balance_transaction: balance?.id ?? null,
    effective_at: params.effective_at ?? ctx.now,
    invoice: invoice.id,
    lines: {
      object: 'list',
      data: lines,
      has_more: false,
      url: `/v1/credit_notes/${id}/lines`,
    },
    livemode: false,
    memo: params.memo ?? null,
    metadata: mergeMetadata({}, params.metadata),
    number,
    out_of_band_amount: params.out_of_band_amount ?? null,
    pdf: '',
    post_payment_amount: after,
    pre_payment_amount: before,
    reason: params.reason ?? null,
    refunds: [...back.refunds, ...made].map(({ refund: one, amount }) => ({
      amount_refunded: amount,
      payment_record_refund: null,
      refund: one,
      type: 'refund',
    })),
    shipping_cost: null,
    status: 'issued',
    type: before === 0 ? 'post_payment' : after === 0 ? 'pre_payment' : 'mixed',
    voided_at: null,
  });
  ctx.emit('credit_note.created', note);
  creditInvoice(ctx, invoice.id, before, after);
  return note;
}

function findInvoice(ctx: Context, id: string): Stripe.Invoice {
  const invoice = ctx.store.find('invoice', id);
  if (invoice === undefined) throw noSuch('invoice', id, 'invoice');
  if (invoice.status === 'draft' || invoice.status === 'void') {
    throw invalidRequest(
      `Credit notes can only be created for finalized invoices that are open, paid or uncollectible: this one is ${invoice.status}.`,
      'invoice',
    );
  }
  return invoice;
}

function linesOf(
  ctx: Context,
  invoice: Stripe.Invoice,
  { amount, lines }: Params,
): Stripe.CreditNoteLineItem[] {
  if (lines !== undefined && lines.length > 0) return readCreditLines(ctx, invoice, lines);
  if (amount === undefined) throw missingParam('amount');
  return [amountLine(ctx, amount)];
}

function assertAmount(
  ctx: Context,
  invoice: Stripe.Invoice,
  { amount, total, linked }: { amount: number | undefined; total: number; linked: Linked[] },
): void {
  if (amount !== undefined && amount !== total) {
    throw invalidRequest(
      `The amount (${amount}) must be the sum of the lines (${total}).`,
      'amount',
    );
  }
  if (total < 1) {
    throw invalidRequest('The amount of a credit note must be positive.', 'amount');
  }
  // What a refund that it names has taken already, it does not take again.
  const creditable = creditableOf(ctx, invoice) + sumOf(linked);
  if (total > creditable) {
    throw invalidRequest(
      `The credit note amount (${total}) is greater than what can still be credited of the invoice (${creditable}).`,
      'amount',
    );
  }
}

/** A part of a refund that a note names. */
interface Linked {
  refund: string;
  amount: number;
}

const sumOf = (linked: readonly Linked[]) => linked.reduce((sum, { amount }) => sum + amount, 0);

interface PaidBack {
  credit: number;
  refunds: Linked[];
}

/** How the part that was paid goes back; 400 unless the ways add up to it exactly. */
function paidBack(params: Params, refunds: Linked[], after: number): PaidBack {
  const credit = params.credit_amount ?? 0;
  const names = ['credit_amount', 'refund_amount', 'out_of_band_amount'] as const;
  for (const name of names) {
    if ((params[name] ?? 0) < 0) throw invalidRequest('Invalid non-negative integer', name);
  }
  const others = (params.refund_amount ?? 0) + (params.out_of_band_amount ?? 0);
  const sum = credit + others + sumOf(refunds);
  if (sum === after) return { credit, refunds };
  throw invalidRequest(
    `The sum of credit amount, refund amount, refunds and out of band amount (${sum}) must equal the post payment amount of the credit note (${after}).`,
    names.find((name) => params[name] !== undefined) ?? 'credit_amount',
  );
}

/** A refund that exists already, of a payment of this invoice. */
function linkedRefund(
  ctx: Context,
  invoice: Stripe.Invoice,
  given: Stripe.CreditNoteCreateParams.Refund,
  place: string,
): Linked {
  refuseUnsupported(given, ['payment_record_refund'], place);
  if (given.refund === undefined) throw missingParam(`${place}[refund]`);
  const found = ctx.store.find('refund', given.refund);
  const isOurs =
    found !== undefined && idOrNull(found.charge) === chargeOfInvoice(ctx, invoice.id)?.id;
  if (!isOurs) throw noSuch('refund', given.refund, `${place}[refund]`);
  const amount = given.amount_refunded ?? found.amount;
  const free = refundedOutside(ctx, invoice, found);
  if (amount < 1 || amount > free) {
    throw invalidRequest(
      `Of refund ${found.id} there are ${free} that no credit note names yet.`,
      `${place}[amount_refunded]`,
    );
  }
  return { refund: found.id, amount };
}

function refund(
  ctx: Context,
  invoice: Stripe.Invoice,
  amount: number,
): { refund: string; amount: number } {
  const charge = chargeOfInvoice(ctx, invoice.id);
  if (charge === null) {
    throw invalidRequest(
      'There is no charge on this invoice that could be refunded.',
      'refund_amount',
    );
  }
  return { refund: createRefund(ctx, { charge: charge.id, amount }).id, amount };
}
