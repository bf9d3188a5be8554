import type Stripe from 'stripe';
import { isWallet } from '../billing/payment/wallets.ts';
import { finishCheckout, submitCheckout } from './payment.ts';
import type { CheckoutResult, CheckoutTender } from './ordered.ts';
import type { ErrorBody } from '../kernel/errors.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { countRedemption } from './apply-promotion.ts';
import { answerCustomFields } from './custom-fields.ts';
import { onClockOfSession } from './expire.ts';
import { orderOf } from './order.ts';
import { sessionTotals } from './session.ts';
import type { CheckoutPayer, CheckoutRow } from './row.ts';
import type { PaymentFailure } from '../billing/payment/failure.ts';

type Session = Stripe.Checkout.Session;

/** What became of one press of the button. */
export type SubmitOutcome =
  | { status: 'complete'; session: Session }
  | { status: 'requires_action'; intent: string; challengeUrl: string }
  | { status: 'declined'; session: Session; failure: PaymentFailure };

/**
 * Pays an open session, or sets its card up. A decline leaves it open, to be tried again. `tender`
 * is null only where the page asks for none.
 */
export function submitSession(
  global: Context,
  session: Session,
  tender: CheckoutTender | null,
  payer: CheckoutPayer,
): SubmitOutcome {
  assertOpen(session);
  if (tender !== null) assertOffered(session, 'wallet' in tender ? tender.wallet : 'card');
  const ctx = onClockOfSession(global, session);
  const current = recordPayer(ctx, session, payer);
  const row = ctx.store.get('_checkout', session.id);
  return settle(ctx, current, row, submitCheckout(ctx, orderOf(ctx, current, row, payer), tender));
}

/** What the payer has typed, and what it costs them: where they are decides on the tax. */
export function recordPayer(global: Context, session: Session, payer: CheckoutPayer): Session {
  const ctx = onClockOfSession(global, session);
  const before = ctx.store.get('_checkout', session.id);
  const row = ctx.store.put('_checkout', { ...before, payer, failure: null });
  return ctx.store.put('checkout.session', { ...session, ...sessionTotals(ctx, session, row) });
}

/** Goes on after the bank's challenge of the attempt under way. */
export function finishSession(global: Context, session: Session, passed: boolean): SubmitOutcome {
  assertOpen(session);
  const ctx = onClockOfSession(global, session);
  const row = ctx.store.get('_checkout', session.id);
  if (row.payer === null || row.intent === null) {
    throw invalidRequest('This Checkout Session is not waiting for authentication.');
  }
  return settle(
    ctx,
    session,
    row,
    finishCheckout(ctx, orderOf(ctx, session, row, row.payer), passed),
  );
}

function assertOpen(session: Session): void {
  if (session.status === 'open') return;
  throw invalidRequest(`This Checkout Session is not open: it is ${session.status}.`);
}

/** In Stripe's words where the mode is the reason. */
function assertOffered(session: Session, type: string): void {
  if (session.payment_method_types.includes(type)) return;
  throw invalidRequest(
    session.mode === 'payment'
      ? `The payment method \`${type}\` is not offered by this Checkout Session, which takes ${session.payment_method_types.join(', ')}.`
      : `The payment method \`${type}\` cannot be used in \`${session.mode}\` mode.`,
    'method',
  );
}

function settle(
  ctx: Context,
  session: Session,
  row: CheckoutRow,
  result: CheckoutResult,
): SubmitOutcome {
  switch (result.status) {
    case 'complete':
      ctx.store.put('_checkout', { ...row, intent: null });
      return { status: 'complete', session: complete(ctx, session, row, result) };
    case 'requires_action':
      ctx.store.put('_checkout', { ...row, intent: result.intent });
      return result;
    case 'declined': {
      const failure = failureOf(result.error);
      ctx.store.put('_checkout', { ...row, intent: result.intent, failure });
      return { status: 'declined', session, failure };
    }
  }
}

function failureOf(error: ErrorBody): PaymentFailure {
  const type = (error.payment_method as Stripe.PaymentMethod | undefined)?.type ?? 'card';
  return {
    code: error.code ?? error.type,
    declineCode: error.decline_code ?? null,
    message: error.message,
    ...(isWallet(type) ? { wallet: type } : {}),
  };
}

function complete(
  ctx: Context,
  session: Session,
  row: CheckoutRow,
  result: Extract<CheckoutResult, { status: 'complete' }>,
): Session {
  const payer = row.payer!;
  countRedemption(ctx, session);
  const customerId = result.customer ?? idOrNull(session.customer);
  const customer = customerId === null ? undefined : ctx.store.find('customer', customerId);
  const isPaid = session.mode !== 'setup' && (session.amount_total ?? 0) > 0;
  const completed = ctx.store.put('checkout.session', {
    ...session,
    status: 'complete',
    url: null,
    payment_status: result.isPending ? 'unpaid' : isPaid ? 'paid' : 'no_payment_required',
    customer: customerId,
    customer_details: {
      address: payer.address ?? customer?.address ?? null,
      business_name: null,
      email: payer.email ?? customer?.email ?? null,
      individual_name: null,
      name: payer.name ?? customer?.name ?? null,
      phone: payer.phone ?? customer?.phone ?? null,
      tax_exempt: customer?.tax_exempt ?? 'none',
      tax_ids: customer === undefined ? [] : taxIdsOf(ctx, customer.id),
    },
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
    consent: payer.termsAccepted ? { promotions: null, terms_of_service: 'accepted' } : null,
    custom_fields: answerCustomFields(session.custom_fields, payer.customFields),
    // Of the intents a session shows only those of its own mode.
    payment_intent: session.mode === 'payment' ? result.paymentIntent : null,
    setup_intent: session.mode === 'setup' ? result.setupIntent : null,
    subscription: result.subscription,
    invoice: result.invoice,
  });
  ctx.unschedule('checkout.expire', session.id);
  ctx.emit('checkout.session.completed', completed);
  return completed;
}

function taxIdsOf(ctx: Context, customer: string): Stripe.Checkout.Session.CustomerDetails.TaxId[] {
  return ctx.store.by('tax_id', 'customer', customer).map(({ type, value }) => ({
    type: type as Stripe.Checkout.Session.CustomerDetails.TaxId.Type,
    value,
  }));
}
