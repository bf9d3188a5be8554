import type Stripe from 'stripe';
import { markPaid } from '../billing/invoice/pay.ts';
import { dropPayment, invoiceOfIntent, linkPayment } from '../billing/invoice/payments.ts';
import { cancelIntent } from '../billing/payment/intent.ts';
import { refuseUnsupported } from '../billing/unsupported.ts';
import { invalidRequest, missingParam, noSuch } from '../kernel/errors.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { onClock } from './invoice-actions.ts';

/**
 * `POST /v1/invoices/:id/attach_payment`: a payment made (or begun) elsewhere pays an open invoice.
 * It takes the place of the payment that was waited for, and has to be of what remains.
 */
export function attachPayment(
  global: Context,
  invoice: Stripe.Invoice,
  params: Stripe.InvoiceAttachPaymentParams,
): Stripe.Invoice {
  refuseUnsupported(params, ['payment_record']);
  const ctx = onClock(global, invoice);
  if (params.payment_intent === undefined) throw missingParam('payment_intent');
  if (invoice.status !== 'open') {
    throw invalidRequest(
      `Payments can be attached to open invoices: this one is ${invoice.status}.`,
      undefined,
      'status_transition_invalid',
    );
  }
  const intent = payable(ctx, invoice, params.payment_intent);
  const waiting = dropPayment(ctx, invoice.id);
  if (waiting !== null && waiting.status !== 'canceled') cancelIntent(ctx, waiting, 'automatic');
  linkPayment(ctx, invoice, intent);
  if (intent.status !== 'succeeded') return invoice;
  return markPaid(ctx, invoice, { isAutomatic: false });
}

function payable(ctx: Context, invoice: Stripe.Invoice, id: string): Stripe.PaymentIntent {
  const intent = ctx.store.find('payment_intent', id);
  if (intent === undefined) throw noSuch('payment_intent', id, 'payment_intent');
  const refuse = (why: string) => invalidRequest(`PaymentIntent ${id} ${why}.`, 'payment_intent');
  if (invoiceOfIntent(ctx, id) !== null) throw refuse('already pays an invoice');
  if (intent.status === 'canceled') throw refuse('is canceled');
  if (intent.currency !== invoice.currency) {
    throw refuse(`is in ${intent.currency}, and the invoice in ${invoice.currency}`);
  }
  const customer = idOrNull(intent.customer);
  if (customer !== null && customer !== idOf(invoice.customer!)) {
    throw refuse('belongs to another customer');
  }
  const amount = intent.status === 'succeeded' ? intent.amount_received : intent.amount;
  if (amount !== invoice.amount_remaining) {
    throw refuse(
      `is of ${amount}, and the invoice of ${invoice.amount_remaining}: the local Stripe attaches payments of the whole amount alone`,
    );
  }
  return intent;
}
