import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { PurchaseRefunded, PurchasesView, PurchaseView } from '../../domain/api.ts';
import { PURCHASE_STATES } from '../../domain/billing/purchase.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireBillingRole, requireUser } from '../middleware/auth.ts';
import { limitStripeCalls } from '../middleware/stripe-calls.ts';
import { verifiedEmail } from '../middleware/verified-email.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';

const instant = z.iso.datetime();
const minor = z.number().int();

export const purchaseSchema = z
  .object({
    id: z.uuid(),
    packId: z.string(),
    trigger: z.enum(['user', 'auto']).openapi({ description: 'auto: an automatic purchase.' }),
    state: z.enum(PURCHASE_STATES),
    credits: z.number().int(),
    bonus: z.number().int(),
    amountMinor: minor.openapi({ description: 'Its price.' }),
    chargedMinor: minor.nullable().openapi({
      description: 'What was charged, less with a promotion code; null until it is paid.',
    }),
    currency: z.string(),
    refundedMinor: minor,
    refundPendingMinor: minor.openapi({ description: 'On its way back; it may still fail.' }),
    createdAt: instant,
    paidAt: instant.nullable(),
    expiresAt: instant.nullable().openapi({ description: 'The end of its credits.' }),
    refundUntil: instant.nullable().openapi({
      description: 'Until when what is unused can be given back; null when it cannot be.',
    }),
    returnableMinor: minor.nullable().openapi({
      description:
        'What would go back of the charge if it were given back now; null when it cannot be.',
    }),
    checkoutUrl: z.string().nullable().openapi({
      description: 'Where it is paid while it is open, for owners and admins.',
    }),
  })
  .openapi('Purchase') satisfies z.ZodType<PurchaseView>;

const purchasesSchema = z
  .object({ purchases: z.array(purchaseSchema) })
  .openapi('Purchases') satisfies z.ZodType<PurchasesView>;

const refundedSchema = z.object({
  refundMinor: minor,
  currency: z.string(),
  revokedCredits: z.number(),
}) satisfies z.ZodType<PurchaseRefunded>;

const checkoutBody = z.strictObject({
  packId: z.string().trim().min(1).max(100),
  currency: z
    .string()
    .regex(/^[a-z]{3}$/, { error: 'takes a currency such as cny' })
    .optional()
    .openapi({ description: 'One of the pack’s, where nothing binds the team to another.' }),
});
const purchaseParam = z.object({
  id: z
    .string()
    .min(1)
    .max(100)
    .openapi({ param: { name: 'id', in: 'path' } }),
});

const tags = ['Credits'];
const away = ['stripe_unavailable', 'busy'] as const;
const refused = [...signedOut, 'billing_role_required', 'rate_limited', 'invalid_request'] as const;

/** Packs that the requester's team buys: seen by everybody in it, bought and given back by its owners and admins. */
export function purchaseRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { purchases } = context.services;
  const router = createRouter();
  const limited = limitStripeCalls(context);
  const ofOne = {
    security: userToken,
    tags,
    request: { params: purchaseParam },
  };

  router.openapi(
    createRoute({
      security: userToken,
      tags,
      method: 'post',
      path: '/api/credits/checkout',
      middleware: [requireBillingRole(context), verifiedEmail(context).forPaying, limited] as const,
      summary: 'Open a Checkout for a pack of credits, or the one that is open',
      request: { body: jsonBody(checkoutBody) },
      responses: {
        200: json(z.object({ checkoutUrl: z.string() }), 'Where to pay.'),
        ...errors(
          ...refused,
          ...away,
          'unknown_pack',
          'email_unverified',
          'purchase_open',
          'spending_rule',
          'currency_conflict',
          'state_changed',
        ),
      },
    }),
    async (c) => {
      const { packId, currency } = c.req.valid('json');
      const wish = { packId, ...(currency === undefined ? {} : { currency }) };
      return c.json({ checkoutUrl: await purchases.begin(requesterOf(c), wish) }, 200);
    },
  );

  router.openapi(
    createRoute({
      security: userToken,
      middleware: [requireUser(context)] as const,
      tags,
      method: 'get',
      path: '/api/credits/purchases',
      summary: 'Packs that were bought, or begun to be',
      responses: { 200: json(purchasesSchema, 'The newest hundred.'), ...errors(...signedOut) },
    }),
    async (c) => c.json({ purchases: await purchases.list(requesterOf(c)) }, 200),
  );

  router.openapi(
    createRoute({
      ...ofOne,
      middleware: [requireUser(context), limited] as const,
      method: 'post',
      path: '/api/credits/purchases/{id}/sync',
      summary: 'Look at Stripe now: what has become of a purchase',
      responses: {
        200: json(purchaseSchema, 'As Stripe has it.'),
        ...errors(...signedOut, ...away, 'rate_limited', 'invalid_request', 'not_found'),
      },
    }),
    async (c) => c.json(await purchases.sync(requesterOf(c), c.req.valid('param').id), 200),
  );

  router.openapi(
    createRoute({
      ...ofOne,
      middleware: [requireBillingRole(context), limited] as const,
      method: 'post',
      path: '/api/credits/purchases/{id}/cancel',
      summary: 'Give up a purchase that is open',
      responses: {
        200: json(purchaseSchema, 'It can no longer be paid.'),
        ...errors(...refused, ...away, 'not_found', 'state_changed'),
      },
    }),
    async (c) => c.json(await purchases.giveUp(requesterOf(c), c.req.valid('param').id), 200),
  );

  router.openapi(
    createRoute({
      ...ofOne,
      middleware: [requireBillingRole(context), limitStripeCalls(context, 'change')] as const,
      method: 'post',
      path: '/api/credits/purchases/{id}/refund',
      summary: 'Give back what is unused, within seven days of the payment',
      responses: {
        200: json(refundedSchema, 'What goes back, and what is taken for it.'),
        ...errors(
          ...refused,
          ...away,
          'not_found',
          'refund_window_over',
          'nothing_to_refund',
          'nothing_charged',
          'outcome_unknown',
        ),
      },
    }),
    async (c) => c.json(await purchases.refund(requesterOf(c), c.req.valid('param').id), 200),
  );

  return router;
}
