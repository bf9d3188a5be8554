import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context as HonoContext } from 'hono';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireBillingRole, requireUser, userOf } from '../middleware/auth.ts';
import { limitLeaving, limitStripeCalls } from '../middleware/stripe-calls.ts';
import { verifiedEmail } from '../middleware/verified-email.ts';
import type { Requester } from '../services/billing/requester.ts';
import { plainText } from './fields.ts';
import { errors, json, jsonBody, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import {
  changedSchema,
  checkoutSchema,
  overviewSchema,
  previewSchema,
  subscriptionSchema,
  upgradeSchema,
} from './subscription-schemas.ts';

const tags = ['Subscription'];
const signedOut = ['unauthenticated', 'token_expired'] as const;
const refused = [...signedOut, 'billing_role_required'] as const;
const away = ['stripe_unavailable', 'busy'] as const;
/** What can become of a change, whichever it is. */
const changed = [
  ...(['rate_limited', 'outcome_unknown', 'state_changed', 'no_subscription'] as const),
  ...refused,
  ...away,
] as const;

const priceId = z.string().trim().min(1).max(255);
const checkoutParam = z.object({
  sessionId: z
    .string()
    .min(1)
    .max(255)
    .openapi({ param: { name: 'sessionId', in: 'path' }, example: 'cs_…' }),
});
const priceBody = z.strictObject({ priceId });
const upgradeBody = z.strictObject({
  priceId,
  /** As the preview answered it, which is `null` for a change at the end of the period. */
  prorationDate: z.number().int().positive().nullish(),
});
const cancelBody = z.strictObject({
  immediately: z.boolean().optional(),
  reason: plainText(0, 500).optional(),
});

/** The person who asks, as the middleware authenticated them. */
export function requesterOf(c: HonoContext<AppEnv>): Requester {
  const { tenantId, userId, role } = userOf(c);
  return { tenantId, userId, role, requestId: c.get('requestId') };
}

/** The subscription of the requester's tenant: read by everybody in it, changed by owners and admins. */
export function subscriptionRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { subscriptions, purchases } = context.services;
  const router = createRouter();
  const member = { security: userToken, middleware: requireUser(context), tags };
  const limited = limitStripeCalls(context);
  const changing = limitStripeCalls(context, 'change');
  const verified = verifiedEmail(context).forPaying;
  const biller = { security: userToken, middleware: requireBillingRole(context), tags };

  router.openapi(
    createRoute({
      ...member,
      method: 'get',
      path: '/api/subscription',
      summary: 'Plan, usage, features and what each price would do',
      responses: { 200: json(overviewSchema, 'As it is now.'), ...errors(...signedOut) },
    }),
    async (c) => c.json(await subscriptions.getSubscription(requesterOf(c)), 200),
  );

  router.openapi(
    createRoute({
      ...biller,
      method: 'post',
      path: '/api/subscription/checkout',
      middleware: [requireBillingRole(context), verified, changing] as const,
      summary: 'Open a Checkout for a price',
      request: { body: jsonBody(priceBody) },
      responses: {
        200: json(z.object({ checkoutUrl: z.string() }), 'Where to pay.'),
        ...errors(
          'rate_limited',
          'email_unverified',
          'invalid_request',
          'unknown_price',
          'already_subscribed',
          ...refused,
          ...away,
          'currency_conflict',
          'state_changed',
        ),
      },
    }),
    async (c) => {
      const { priceId } = c.req.valid('json');
      const checkoutUrl = await subscriptions.createSubscription(requesterOf(c), priceId);
      return c.json({ checkoutUrl }, 200);
    },
  );

  router.openapi(
    createRoute({
      ...member,
      method: 'get',
      path: '/api/subscription/checkout/{sessionId}',
      middleware: [requireUser(context), limited] as const,
      summary: 'What is known of a Checkout that the team opened',
      request: { params: checkoutParam },
      responses: {
        200: json(checkoutSchema, 'As Stripe has it now.'),
        ...errors('rate_limited', 'busy', 'invalid_request', 'not_found', ...signedOut),
      },
    }),
    async (c) =>
      c.json(await subscriptions.getCheckout(requesterOf(c), c.req.valid('param').sessionId), 200),
  );

  router.openapi(
    createRoute({
      ...biller,
      method: 'post',
      path: '/api/subscription/portal',
      middleware: [requireBillingRole(context), limited] as const,
      summary: 'Open the customer portal',
      responses: {
        200: json(z.object({ portalUrl: z.string() }), 'Short-lived.'),
        ...errors('rate_limited', 'no_subscription', ...refused, ...away),
      },
    }),
    async (c) => c.json({ portalUrl: await subscriptions.createPortal(requesterOf(c)) }, 200),
  );

  router.openapi(
    createRoute({
      ...biller,
      method: 'post',
      path: '/api/subscription/cancel',
      middleware: [requireBillingRole(context), limitLeaving(context)] as const,
      summary: 'Cancel, at the end of the period unless asked otherwise or past due',
      request: { body: { content: { 'application/json': { schema: cancelBody } } } },
      responses: {
        200: json(changedSchema, 'Cancelled, now or before.'),
        ...errors('invalid_request', ...changed),
      },
    }),
    async (c) => {
      const { immediately = false, reason } = c.req.valid('json');
      const options = { immediately, reason };
      return c.json(await subscriptions.cancelSubscription(requesterOf(c), options), 200);
    },
  );

  router.openapi(
    createRoute({
      ...biller,
      method: 'post',
      path: '/api/subscription/resume',
      middleware: [requireBillingRole(context), changing] as const,
      summary: 'Take a planned cancellation or change back',
      responses: {
        200: json(changedSchema, 'It renews as it is.'),
        ...errors('not_resumable', ...changed),
      },
    }),
    async (c) => c.json(await subscriptions.resumeSubscription(requesterOf(c)), 200),
  );

  router.openapi(
    createRoute({
      ...biller,
      method: 'post',
      path: '/api/subscription/preview',
      middleware: [requireBillingRole(context), limited] as const,
      summary: 'What a change would cost, and what would be lost',
      request: { body: jsonBody(priceBody) },
      responses: {
        200: json(previewSchema, 'Nothing is changed.'),
        ...errors(
          'rate_limited',
          'unknown_price',
          'same_price',
          'currency_conflict',
          'subscription_paused',
          'invalid_request',
          'payment_required',
          ...refused,
          ...away,
          'no_subscription',
          'state_changed',
        ),
      },
    }),
    async (c) =>
      c.json(await subscriptions.previewChange(requesterOf(c), c.req.valid('json').priceId), 200),
  );

  router.openapi(
    createRoute({
      ...biller,
      method: 'post',
      path: '/api/subscription/upgrade',
      middleware: [requireBillingRole(context), verified, changing] as const,
      summary: 'Change plan or interval, up now, down at the end of the period',
      request: { body: jsonBody(upgradeBody) },
      responses: {
        200: json(upgradeSchema, 'Done, planned, or waiting for payment at `paymentUrl`.'),
        ...errors(
          ...(['email_unverified', 'invalid_request', 'unknown_price'] as const),
          ...(['payment_required', 'currency_conflict', 'subscription_paused'] as const),
          ...changed,
        ),
      },
    }),
    async (c) => {
      const { priceId, prorationDate: at } = c.req.valid('json');
      const who = requesterOf(c);
      return c.json(await subscriptions.upgradeSubscription(who, priceId, at ?? undefined), 200);
    },
  );

  router.openapi(
    createRoute({
      ...member,
      method: 'post',
      path: '/api/subscription/sync',
      middleware: [requireUser(context), limited] as const,
      summary: 'Look at Stripe now',
      responses: {
        200: json(z.object({ subscription: subscriptionSchema }), 'As Stripe has it.'),
        ...errors('rate_limited', ...signedOut, ...away),
      },
    }),
    async (c) => {
      const subscription = await subscriptions.syncTenant(requesterOf(c));
      await purchases.syncUnfinished(requesterOf(c));
      return c.json({ subscription }, 200);
    },
  );

  return router;
}
