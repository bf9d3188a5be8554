import type Stripe from 'stripe';
import { createSession } from '../checkout/create.ts';
import { expireSession, expireWhenDue, onClockOfSession } from '../checkout/expire.ts';
import { breakdownOf, sessionLineItems } from '../checkout/line-items.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { listPage } from '../kernel/list.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context, Params } from '../kernel/types.ts';

type Session = Stripe.Checkout.Session;

export const checkoutSessions = resource({
  kind: 'checkout.session',
  path: '/v1/checkout/sessions',
  noun: 'checkout.session',
  references: {
    customer: 'customer',
    invoice: 'invoice',
    payment_intent: 'payment_intent',
    setup_intent: 'setup_intent',
    subscription: 'subscription',
    'discounts.coupon': 'coupon',
    'discounts.promotion_code': 'promotion_code',
  },
  includes: {
    line_items: (ctx, session) => lineItemsOf(ctx, session, {}),
    'total_details.breakdown': breakdownOf,
  },
  indexes: {
    customer: ({ customer }) => idOrNull(customer),
    subscription: ({ subscription }) => idOrNull(subscription),
    payment_intent: ({ payment_intent }) => idOrNull(payment_intent),
  },
  list: {
    customer: (session, customer: string) => session.customer === customer,
    subscription: (session, subscription: string) => session.subscription === subscription,
    payment_intent: (session, intent: string) => session.payment_intent === intent,
    status: (session, status: string) => session.status === status,
    customer_details: (session, details: { email: string }) =>
      session.customer_details?.email === details.email,
  },
  create: createSession,
  update: updateSession,
  actions: [
    {
      name: 'expire',
      handle: (ctx, session) => expireSession(ctx, session),
    },
    {
      method: 'GET',
      name: 'line_items',
      handle: lineItemsOf,
    },
  ],
  due: { 'checkout.expire': expireWhenDue },
});

function lineItemsOf(ctx: Context, session: Session, params: Params): object {
  const url = `/v1/checkout/sessions/${session.id}/line_items`;
  return listPage(params, url, 'item', sessionLineItems(ctx, session));
}

/** Of an open session we change `metadata`; what else Stripe lets change is for embedded pages. */
function updateSession(
  global: Context,
  session: Session,
  params: Stripe.Checkout.SessionUpdateParams,
): Session {
  const other = Object.keys(params).find((name) => name !== 'metadata');
  if (other !== undefined) {
    throw invalidRequest(`The local Stripe changes only \`metadata\` of a session.`, other);
  }
  const ctx = onClockOfSession(global, session);
  return ctx.update('checkout.session', session, {
    metadata: mergeMetadata(session.metadata, params.metadata),
  });
}

/** Not of the API: the rows behind the sessions, found by the intent they wait for. */
export const checkoutRows = resource({
  kind: '_checkout',
  path: '',
  retrieve: false,
  indexes: { intent: ({ intent }) => intent },
});
