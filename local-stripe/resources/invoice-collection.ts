import type Stripe from 'stripe';
import { advanceInvoice, sendInvoice } from '../billing/invoice/advance.ts';
import { ensureIntent, finalizeInvoice } from '../billing/invoice/finalize.ts';
import { attemptInvoice, markPaid, methodFor } from '../billing/invoice/pay.ts';
import { defaultPayment } from '../billing/invoice/payments.ts';
import { markUncollectible, voidInvoice } from '../billing/invoice/void.ts';
import { findReadyMadeCard } from '../billing/cards.ts';
import { thrownDecline } from '../billing/payment/decline.ts';
import type { IntentError } from '../billing/payment/decline.ts';
import { resolveMethod } from '../billing/payment/methods.ts';
import { assertOwnMethod } from '../billing/subscription/read-params.ts';
import { refuseUnsupported } from '../billing/unsupported.ts';
import { cardError, invalidRequest } from '../kernel/errors.ts';
import { idOf } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { onClock } from './invoice-actions.ts';

type Invoice = Stripe.Invoice;

const draftSeconds = 3600;

/** `POST /v1/invoices/:id/finalize`. */
export function finalize(
  global: Context,
  before: Invoice,
  params: Stripe.InvoiceFinalizeInvoiceParams,
): Invoice {
  const ctx = onClock(global, before);
  const advances = params.auto_advance ?? before.auto_advance ?? false;
  const draft = ctx.update('invoice', before, { auto_advance: advances });
  const invoice = finalizeInvoice(ctx, draft);
  if (invoice.amount_due === 0) return markPaid(ctx, invoice, { isAutomatic: true });
  ensureIntent(ctx, invoice);
  if (advances) {
    if (invoice.collection_method === 'send_invoice') return sendInvoice(ctx, invoice);
    ctx.schedule(ctx.now + draftSeconds, 'invoice.retry', invoice.id);
    return ctx.update('invoice', invoice, { next_payment_attempt: ctx.now + draftSeconds });
  }
  return invoice;
}

/** `POST /v1/invoices/:id/pay`: 402 when the card says no, which leaves its trace all the same. */
export function payInvoice(
  global: Context,
  before: Invoice,
  params: Stripe.InvoicePayParams,
): Invoice {
  const ctx = onClock(global, before);
  refuseUnsupported(params, ['forgive', 'mandate', 'source']);
  if (before.status === 'paid') {
    throw invalidRequest('Invoice is already paid', undefined, 'invoice_already_paid');
  }
  if (before.status === 'void') {
    throw invalidRequest(
      `Invoice ${before.id} is void and cannot be paid.`,
      undefined,
      'status_transition_invalid',
    );
  }
  const invoice = before.status === 'draft' ? finalizeInvoice(ctx, before) : before;
  if (params.paid_out_of_band) {
    return markPaid(ctx, invoice, { isAutomatic: false, isOutOfBand: true });
  }
  if (invoice.amount_due === 0) return markPaid(ctx, invoice, { isAutomatic: false });
  const paymentMethod =
    params.payment_method === undefined
      ? methodFor(ctx, invoice)
      : given(ctx, params.payment_method, idOf(invoice.customer!));
  if (paymentMethod === null) {
    throw invalidRequest(
      'There is no default payment method set for this invoice. Please set one, or pass `payment_method`.',
      'payment_method',
      'missing',
    );
  }
  const after = attemptInvoice(ctx, invoice, { isAutomatic: false, paymentMethod });
  if (after.status === 'paid') return after;
  throw refusal(ctx, after);
}

/** One of the customer's own, or a test card by its name. */
function given(ctx: Context, reference: string, customer: string): string {
  const isTestCard = findReadyMadeCard(reference) !== undefined;
  return isTestCard
    ? resolveMethod(ctx, reference).id
    : assertOwnMethod(ctx, customer, reference, 'payment_method');
}

function refusal(ctx: Context, invoice: Invoice) {
  const payment = defaultPayment(ctx, invoice.id)!;
  const intent = ctx.store.get('payment_intent', idOf(payment.payment.payment_intent!));
  if (intent.status === 'requires_action') {
    return cardError(
      {
        code: 'invoice_payment_intent_requires_action',
        message:
          'The payment for this invoice requires additional user action before it can be completed successfully.',
        payment_intent: intent,
      },
      { keepsChanges: true },
    );
  }
  return thrownDecline(intent.last_payment_error as IntentError, { payment_intent: intent });
}

export function sendByHand(global: Context, before: Invoice): Invoice {
  const ctx = onClock(global, before);
  if (before.collection_method !== 'send_invoice') {
    throw invalidRequest(
      'You can only manually send an invoice whose collection_method is send_invoice.',
    );
  }
  if (before.status === 'draft') {
    advanceInvoice(ctx, before);
    return ctx.store.get('invoice', before.id);
  }
  return sendInvoice(ctx, before);
}

export function voidByHand(global: Context, before: Invoice): Invoice {
  return voidInvoice(onClock(global, before), before);
}

export function writeOff(global: Context, before: Invoice): Invoice {
  return markUncollectible(onClock(global, before), before);
}
