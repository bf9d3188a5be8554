import type Stripe from 'stripe';
import { cardError, invalidRequest } from '../../kernel/errors.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { draftInvoice } from '../invoice/draft.ts';
import { ensureIntent, finalizeInvoice } from '../invoice/finalize.ts';
import { attemptInvoice, markPaid, methodFor } from '../invoice/pay.ts';
import { linkPayment } from '../invoice/payments.ts';
import { judgeCharge } from '../payment/behavior.ts';
import { declineError, thrownDecline } from '../payment/decline.ts';
import { createIntent } from '../payment/create-intent.ts';
import { confirmIntent } from '../payment/intent.ts';
import { createSetup } from '../payment/setup.ts';
import { announceEntitlements } from './changed.ts';
import { discountsAt, periodLines } from './charges.ts';
import { rememberDebits } from './debits.ts';
import { settleCurrency } from './currency.ts';
import { scheduleCycle } from './cycle-schedule.ts';
import { customerOf } from './end.ts';
import { useUpOnceDiscounts } from './once-discounts.ts';

const incompleteSeconds = 23 * 3600;

export interface Start {
  behavior: 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete';
  proration?: string | undefined;
}

/** The first invoice of a prepared subscription, as a draft that is not announced. */
export function draftFirstInvoice(
  ctx: Context,
  subscription: Stripe.Subscription,
  proration?: string,
): Stripe.Invoice {
  const isTrialing = subscription.trial_end !== null;
  const isPart = subscription.billing_cycle_anchor > ctx.now;
  const items = subscription.items.data;
  const kind = isTrialing ? 'trial' : isPart ? (proration === 'none' ? 'free' : 'part') : 'full';
  const lines = items.flatMap((item) => {
    const ofItem = periodLines(ctx, subscription, item, kind);
    const counts = ofItem.some(({ amount, quantity }) => amount !== 0 || quantity !== 0);
    return counts || isTrialing ? ofItem : [];
  });
  const draft = draftInvoice(ctx, {
    customer: customerOf(ctx, subscription),
    subscription,
    currency: subscription.currency,
    billingReason: 'subscription_create',
    lines,
    discounts: discountsAt(ctx, subscription, ctx.now),
    periodStart: ctx.now,
    periodEnd: ctx.now,
    sweepsPending: true,
    autoAdvance: false,
    finalizesAt: null,
  });
  rememberDebits(ctx, subscription, draft, kind);
  return draft;
}

/** Bills a prepared subscription for the first time: pays first where the card will do, as Stripe does. */
export function startBilling(
  ctx: Context,
  prepared: Stripe.Subscription,
  { behavior, proration }: Start,
): Stripe.Subscription {
  const draft = draftFirstInvoice(ctx, prepared, proration);
  const subscription = ctx.update('subscription', prepared, { latest_invoice: draft.id });
  const isAutomatic = subscription.collection_method === 'charge_automatically';
  if (draft.amount_due === 0 || !isAutomatic)
    return startUnpaid(ctx, subscription, draft, behavior);
  if (behavior === 'default_incomplete') return startIncomplete(ctx, subscription, draft, false);
  const method = methodFor(ctx, draft);
  if (method === null) throw noMethod();
  const verdict = judgeCharge(ctx, method, false);
  if (verdict.kind === 'succeeds') {
    const intent = payAhead(ctx, draft, method);
    return startPaid(ctx, subscription, draft, intent);
  }
  if (behavior === 'allow_incomplete') return startIncomplete(ctx, subscription, draft, true);
  if (verdict.kind === 'declines') {
    const error = declineError(verdict.decline, ctx.store.get('payment_method', method), null);
    throw thrownDecline(error, {}, { keepsChanges: false });
  }
  throw cardError(
    {
      code: 'subscription_payment_intent_requires_action',
      message:
        'Payment for this subscription requires additional user action before it can be completed successfully.',
    },
    { keepsChanges: false },
  );
}

export function noMethod() {
  return invalidRequest(
    'This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.',
    undefined,
    'resource_missing',
  );
}

/** Takes the money of an invoice that does not exist for anybody yet. */
function payAhead(
  ctx: Context,
  draft: Stripe.Invoice,
  paymentMethod: string,
): Stripe.PaymentIntent {
  const intent = createIntent(ctx, {
    amount: draft.amount_due,
    currency: draft.currency,
    customer: idOf(draft.customer!),
    description: 'Subscription creation',
    setupFutureUsage: 'off_session',
    captureMethod: 'automatic',
    invoice: draft.id,
  });
  return confirmIntent(ctx, intent, { paymentMethod });
}

/** For Checkout, which has taken the payment before anything else exists. */
export function startWithIntent(
  ctx: Context,
  prepared: Stripe.Subscription,
  intent: Stripe.PaymentIntent,
  proration?: string,
): Stripe.Subscription {
  const draft = draftFirstInvoice(ctx, prepared, proration);
  const subscription = ctx.update('subscription', prepared, { latest_invoice: draft.id });
  return startPaid(ctx, subscription, draft, intent);
}

/** The subscription and its invoice come into being, paid by an intent that has succeeded. */
function startPaid(
  ctx: Context,
  before: Stripe.Subscription,
  draft: Stripe.Invoice,
  intent: Stripe.PaymentIntent,
): Stripe.Subscription {
  const subscription = begin(ctx, before, 'active');
  ctx.emit('invoice.created', draft);
  const open = finalizeInvoice(ctx, draft);
  linkPayment(ctx, open, intent);
  markPaid(ctx, open, { isAutomatic: true });
  return finish(ctx, subscription);
}

/** Nothing is due now: a trial, a full discount, or an invoice that is sent. */
function startUnpaid(
  ctx: Context,
  before: Stripe.Subscription,
  draft: Stripe.Invoice,
  behavior: Start['behavior'],
): Stripe.Subscription {
  const method = methodFor(ctx, draft);
  const needsSetup = behavior === 'default_incomplete' && method === null && draft.amount_due === 0;
  const setup = needsSetup ? createSetup(ctx, { customer: idOf(before.customer) }).id : null;
  const started = begin(ctx, before, before.trial_end === null ? 'active' : 'trialing', setup);
  ctx.emit('invoice.created', draft);
  if (draft.amount_due === 0) {
    markPaid(ctx, finalizeInvoice(ctx, draft), { isAutomatic: true });
  } else {
    const at = ctx.now + 3600;
    ctx.update('invoice', draft, { auto_advance: true, automatically_finalizes_at: at });
    ctx.schedule(at, 'invoice.finalize', draft.id);
  }
  return finish(ctx, started);
}

/** Not paid, or not yet: there are 23 hours to do it. */
function startIncomplete(
  ctx: Context,
  before: Stripe.Subscription,
  draft: Stripe.Invoice,
  attempts: boolean,
): Stripe.Subscription {
  const subscription = begin(ctx, before, 'incomplete');
  ctx.schedule(ctx.now + incompleteSeconds, 'subscription.incomplete', subscription.id);
  ctx.emit('invoice.created', draft);
  const open = finalizeInvoice(ctx, draft);
  if (open.amount_due === 0) markPaid(ctx, open, { isAutomatic: true });
  else if (attempts) attemptInvoice(ctx, open, { isAutomatic: true });
  else ensureIntent(ctx, open);
  return finish(ctx, subscription);
}

function begin(
  ctx: Context,
  before: Stripe.Subscription,
  status: 'active' | 'incomplete' | 'trialing',
  setup: string | null = null,
): Stripe.Subscription {
  const subscription = ctx.update('subscription', before, { status, pending_setup_intent: setup });
  ctx.emit('customer.subscription.created', subscription);
  scheduleCycle(ctx, subscription);
  const { trial_end } = subscription;
  if (status === 'trialing' && trial_end !== null && trial_end - ctx.now <= 3 * 86_400) {
    ctx.emit('customer.subscription.trial_will_end', subscription);
  }
  return subscription;
}

function finish(ctx: Context, { id }: Stripe.Subscription): Stripe.Subscription {
  const subscription = ctx.store.get('subscription', id);
  settleCurrency(ctx, subscription);
  useUpOnceDiscounts(
    ctx,
    subscription,
    ctx.store.get('invoice', idOf(subscription.latest_invoice!)),
  );
  announceEntitlements(ctx, subscription);
  return ctx.store.get('subscription', id);
}
