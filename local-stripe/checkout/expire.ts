import type Stripe from 'stripe';
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
  const expired = ctx.store.put('checkout.session', { ...session, status: 'expired', url: null });
  ctx.emit('checkout.session.expired', expired);
  return expired;
}
