import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { TAX_IDS_MAX, type BillingDetailsView } from '../../domain/billing/billing-details.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireBillingRole } from '../middleware/auth.ts';
import { limitStripeCalls } from '../middleware/stripe-calls.ts';
import { nameText, plainText } from './fields.ts';
import { errors, json, jsonBody, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';

const line = plainText(0, 200)
  .transform((text) => text || null)
  .nullable()
  .default(null);
const address = z.strictObject({
  country: z.string().regex(/^[A-Z]{2}$/, 'two capitals, as ISO 3166 has them'),
  line1: line,
  line2: line,
  postalCode: line,
  city: line,
  state: line,
});
const taxId = z.strictObject({
  type: z.string().regex(/^[a-z]{2}_[a-z_]{2,20}$/, "one of Stripe's kinds, as eu_vat"),
  value: plainText(1, 60),
});
const detailsBody = z
  .strictObject({
    name: nameText(150),
    address: address.nullable(),
    taxIds: z.array(taxId).max(TAX_IDS_MAX),
  })
  .openapi('NewBillingDetails');

const part = z.string().nullable();
const detailsSchema = z
  .object({
    name: part,
    address: z
      .object({
        country: z.string(),
        line1: part,
        line2: part,
        postalCode: part,
        city: part,
        state: part,
      })
      .nullable(),
    taxIds: z.array(z.object({ type: z.string(), value: z.string() })),
  })
  .openapi('BillingDetails') satisfies z.ZodType<BillingDetailsView>;

/** What invoices name of the team: for its owners and admins. */
export function billingDetailsRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { billingDetails } = context.services;
  const biller = {
    tags: ['Subscription'],
    security: userToken,
    path: '/api/billing/details' as const,
  };
  const refused = ['unauthenticated', 'token_expired', 'billing_role_required'] as const;
  const away = ['rate_limited', 'no_subscription', 'stripe_unavailable', 'busy'] as const;
  return createRouter()
    .openapi(
      createRoute({
        ...biller,
        middleware: [requireBillingRole(context), limitStripeCalls(context)] as const,
        method: 'get',
        summary: 'Company, address and tax ids, as invoices name them',
        responses: {
          200: json(detailsSchema, 'As Stripe has them.'),
          ...errors(...refused, ...away),
        },
      }),
      async (c) => c.json(await billingDetails.read(requesterOf(c)), 200),
    )
    .openapi(
      createRoute({
        ...biller,
        middleware: [requireBillingRole(context), limitStripeCalls(context, 'change')] as const,
        method: 'put',
        summary: 'Change them, for invoices from now on',
        request: { body: jsonBody(detailsBody) },
        responses: {
          200: json(detailsSchema, 'As Stripe has them now.'),
          ...errors('invalid_request', 'tax_id_invalid', 'state_changed', ...refused, ...away),
        },
      }),
      async (c) => c.json(await billingDetails.change(requesterOf(c), c.req.valid('json')), 200),
    );
}
