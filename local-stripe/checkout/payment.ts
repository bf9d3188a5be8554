import type Stripe from 'stripe';
import { StripeError, invalidRequest } from '../kernel/errors.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { makeCustomer } from './customer.ts';
import type { CheckoutOrder, CheckoutResult, CheckoutTender } from './ordered.ts';
import { judgeCharge, judgeSetup } from '../billing/payment/behavior.ts';
import { methodOfEntry } from '../billing/payment/card-entry.ts';
import { createIntent } from '../billing/payment/create-intent.ts';
import { confirmIntent, failChallenge } from '../billing/payment/intent.ts';
import { giveTo } from '../billing/payment/methods.ts';
import { confirmSetup, createSetup, failSetupChallenge } from '../billing/payment/setup.ts';
import { createWalletMethod } from '../billing/payment/wallets.ts';
import { prepareSubscription } from '../billing/subscription/create.ts';
import { draftFirstInvoice, startBilling, startWithIntent } from '../billing/subscription/start.ts';
import { declinedBy, refusedBy, waitingFor } from './outcome.ts';
import { invoicePurchase } from './purchase-invoice.ts';

/**
 * Pays (or sets up) what the order asks, with the events of a first Checkout in their order, up to
 * and without `checkout.session.completed`. `tender` null: nothing is due and none was asked for.
 */
export function submitCheckout(
  global: Context,
  order: CheckoutOrder,
  tender: CheckoutTender | null,
): CheckoutResult {
  const ctx = onClockOf(global, order);
  if (tender === null) return completeWithoutCard(ctx, order);
  let method: string;
  try {
    method =
      'wallet' in tender
        ? createWalletMethod(ctx, tender.wallet, { billing: billingOf(order) }).id
        : methodOfEntry(ctx, tender).id;
  } catch (error) {
    if (!(error instanceof StripeError) || error.status !== 402) throw error;
    return { status: 'declined', intent: order.intent, error: error.body };
  }
  return dueNow(ctx, order) > 0
    ? payNow(ctx, order, method, false)
    : setUpNow(ctx, order, method, false);
}

/** Goes on after the challenge of `order.intent` was passed or failed. */
export function finishCheckout(
  global: Context,
  order: CheckoutOrder,
  passed: boolean,
): CheckoutResult {
  const ctx = onClockOf(global, order);
  const payment = ctx.store.find('payment_intent', order.intent ?? '');
  const setup = ctx.store.find('setup_intent', order.intent ?? '');
  const waiting = payment ?? setup;
  if (waiting?.status !== 'requires_action') {
    throw invalidRequest('This Checkout Session is not waiting for authentication.');
  }
  const method = idOrNull(waiting.payment_method)!;
  if (payment !== undefined) {
    if (passed) return payNow(ctx, order, method, true);
    return declinedBy(failChallenge(ctx, payment));
  }
  if (passed) return setUpNow(ctx, order, method, true);
  return refusedBy(failSetupChallenge(ctx, setup!));
}

function billingOf({ newCustomer }: CheckoutOrder): Partial<Stripe.PaymentMethod.BillingDetails> {
  return { email: newCustomer.email ?? null, name: newCustomer.name ?? null };
}

/** What is to be paid before anything comes into being. */
function dueNow(ctx: Context, order: CheckoutOrder): number {
  if (order.mode === 'setup') return 0;
  if (order.mode === 'payment') return order.payment!.amountMinor;
  return quoteSubscription(ctx, order).amount_due;
}

/** The first invoice an order would make: found out by doing it and undoing it. */
export function quoteSubscription(ctx: Context, order: CheckoutOrder): Stripe.Invoice {
  return ctx.preview(() => {
    const customer = makeCustomer(ctx, order);
    // The page asks where the payer is.
    const options = { isChosen: true, needsLocation: false };
    const params = { ...order.subscription, customer };
    const { subscription } = prepareSubscription(ctx, params, options);
    return draftFirstInvoice(ctx, subscription, order.subscription?.proration_behavior);
  });
}

/** Charges the card; customer, subscription and invoice exist only once that went well. */
function payNow(
  ctx: Context,
  order: CheckoutOrder,
  method: string,
  passed: boolean,
): CheckoutResult {
  const goesWell = judgeCharge(ctx, method, passed).kind === 'succeeds';
  const customer = goesWell ? ensureCustomer(ctx, order) : order.customer;
  const keeps = order.mode === 'subscription' || order.payment?.setupFutureUsage;
  if (goesWell && keeps && customer !== null) {
    giveTo(ctx, ctx.store.get('payment_method', method), customer);
  }
  const intent = confirmIntent(ctx, intentOf(ctx, order, customer), {
    paymentMethod: method,
    passed,
    returnUrl: order.returnUrl,
  });
  if (intent.status === 'requires_action') return waitingFor(ctx, intent.id);
  const isPending = intent.status === 'processing';
  if (intent.status !== 'succeeded' && !isPending) return declinedBy(intent);
  return {
    status: 'complete',
    isPending,
    customer,
    paymentMethod: method,
    paymentIntent: intent.id,
    setupIntent: null,
    ...(isPending ? nothingBegun : begin(ctx, order, customer, method, intent)),
  };
}

/** Nothing is due now: the card is only set up, for the trial's end or whatever comes. */
function setUpNow(
  ctx: Context,
  order: CheckoutOrder,
  method: string,
  passed: boolean,
): CheckoutResult {
  const goesWell = judgeSetup(ctx, method, passed).kind === 'succeeds';
  const customer = goesWell ? ensureCustomer(ctx, order) : order.customer;
  const before = ctx.store.find('setup_intent', order.intent ?? '');
  const setup =
    before === undefined
      ? createSetup(ctx, { customer })
      : ctx.update('setup_intent', before, { customer });
  const after = confirmSetup(ctx, setup, {
    paymentMethod: method,
    passed,
    returnUrl: order.returnUrl,
  });
  if (after.status === 'requires_action') return waitingFor(ctx, after.id);
  if (after.status !== 'succeeded') return refusedBy(after);
  return {
    status: 'complete',
    isPending: false,
    customer,
    paymentMethod: method,
    paymentIntent: null,
    setupIntent: after.id,
    ...begin(ctx, order, customer, method, null),
  };
}

function completeWithoutCard(ctx: Context, order: CheckoutOrder): CheckoutResult {
  if (order.mode === 'setup' || dueNow(ctx, order) > 0) {
    throw invalidRequest('A card is needed here.', 'card');
  }
  const customer = ensureCustomer(ctx, order);
  return {
    status: 'complete',
    isPending: false,
    customer,
    paymentMethod: null,
    paymentIntent: null,
    setupIntent: null,
    ...begin(ctx, order, customer, null, null),
  };
}

const nothingBegun = { subscription: null, invoice: null };

/** What the payment was for: a subscription with its first invoice, or the invoice of a purchase. */
function begin(
  ctx: Context,
  order: CheckoutOrder,
  customer: string | null,
  method: string | null,
  intent: Stripe.PaymentIntent | null,
): { subscription: string | null; invoice: string | null } {
  if (order.mode === 'subscription') return subscribe(ctx, order, customer!, method, intent);
  const invoice = order.payment?.invoice ?? null;
  if (invoice === null) return nothingBegun;
  return { subscription: null, invoice: invoicePurchase(ctx, customer!, order, intent).id };
}

/** The subscription with its first invoice, paid by the intent or (null) for nothing. */
function subscribe(
  ctx: Context,
  order: CheckoutOrder,
  customer: string,
  method: string | null,
  intent: Stripe.PaymentIntent | null,
): { subscription: string; invoice: string | null } {
  const params = {
    ...order.subscription,
    customer,
    ...(method === null ? {} : { default_payment_method: method }),
  };
  const { subscription } = prepareSubscription(ctx, params, { isChosen: true });
  const proration = order.subscription?.proration_behavior;
  const started =
    intent === null
      ? startBilling(ctx, subscription, { behavior: 'allow_incomplete', proration })
      : startWithIntent(ctx, subscription, intent, proration);
  return { subscription: started.id, invoice: idOrNull(started.latest_invoice) };
}

function ensureCustomer(ctx: Context, order: CheckoutOrder): string | null {
  if (order.customer !== null) return makeCustomer(ctx, order);
  const needsOne = order.mode === 'subscription' || (order.payment?.invoice ?? null) !== null;
  if (!needsOne && !order.createsCustomer) return null;
  return makeCustomer(ctx, order);
}

/** The intent of this session: that of an earlier attempt, or a new one. */
function intentOf(
  ctx: Context,
  order: CheckoutOrder,
  customer: string | null,
): Stripe.PaymentIntent {
  const amount = dueNow(ctx, { ...order, customer: customer ?? order.customer });
  const before = ctx.store.find('payment_intent', order.intent ?? '');
  if (before !== undefined) {
    return ctx.update('payment_intent', before, { amount, customer, next_action: null });
  }
  const isSubscription = order.mode === 'subscription';
  return createIntent(ctx, {
    amount,
    currency: order.currency,
    customer,
    description: isSubscription ? 'Subscription creation' : (order.payment?.description ?? null),
    ...(order.payment === null ? {} : { metadata: order.payment.metadata }),
    setupFutureUsage: isSubscription ? 'off_session' : (order.payment?.setupFutureUsage ?? null),
    captureMethod: order.payment?.captureMethod ?? 'automatic',
    ...(order.payment === null ? {} : { types: order.payment.types, kept: order.payment.kept }),
  });
}

function onClockOf(ctx: Context, { customer }: CheckoutOrder): Context {
  const named = customer === null ? undefined : ctx.store.find('customer', customer);
  return named === undefined ? ctx : ctx.onClock(idOrNull(named.test_clock));
}
