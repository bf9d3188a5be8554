import type Stripe from 'stripe';
import { cancelIntent } from '../billing/payment/intent.ts';
import { cancelSetup } from '../billing/payment/setup.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';

/** The context of the clock that rules a session: its customer's. */
export function onClockOfSession(ctx: Context, session: Stripe.Checkout.Session): Context {
  const customer = idOrNull(session.customer);
  const found = customer === null ? undefined : ctx.store.find('customer', customer);
  return ctx.onClock(idOrNull(found?.test_clock));
}

/** `POST /v1/checkout/sessions/:id/expire`. Only an open session can be expired. */
export function expireSession(
  global: Context,
  session: Stripe.Checkout.Session,
): Stripe.Checkout.Session {
  if (session.status !== 'open') {
    throw invalidRequest(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
    );
  }
  const ctx = onClockOfSession(global, session);
  ctx.unschedule('checkout.expire', session.id);
  return close(ctx, session);
}

/** Due work: an open session ends at its `expires_at`. */
export function expireWhenDue(ctx: Context, id: string): void {
  const session = ctx.store.find('checkout.session', id);
  if (session?.status === 'open') close(ctx, session);
}

function close(ctx: Context, session: Stripe.Checkout.Session): Stripe.Checkout.Session {
  const setup = ctx.store.find('setup_intent', idOrNull(session.setup_intent) ?? '');
  if (setup !== undefined && !['succeeded', 'canceled'].includes(setup.status)) {
    cancelSetup(ctx, setup, null);
  }
  // Nobody authorizes a payment any more that was begun for it, in their wallet or at their bank.
  const { intent } = ctx.store.get('_checkout', session.id);
  const payment = ctx.store.find('payment_intent', intent ?? '');
  if (payment !== undefined && payment.status !== 'canceled') cancelIntent(ctx, payment, 'expired');
  const expired = ctx.store.put('checkout.session', { ...session, status: 'expired', url: null });
  ctx.emit('checkout.session.expired', expired);
  return expired;
}

/** 400 for an intent that a session waits for: it is called off by expiring the session. */
export function assertNotOfCheckout(ctx: Context, intent: string, noun: string): void {
  const [row] = ctx.store.by('_checkout', 'intent', intent);
  if (row === undefined || ctx.store.get('checkout.session', row.id).status !== 'open') return;
  throw invalidRequest(
    `You cannot perform this action on ${noun}s created by Checkout. Expire the Checkout Session instead.`,
    undefined,
    noun === 'PaymentIntent' ? 'payment_intent_unexpected_state' : 'setup_intent_unexpected_state',
  );
}
