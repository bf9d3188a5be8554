import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import {
  CAP_ALERTS_PERCENT,
  CAP_MINOR_MAX,
  OVERAGE_LAPSES,
  type LimitsView,
  type OverageUsed,
  type OverageView,
} from '../../domain/billing/overage.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireBillingRole, requireUser } from '../middleware/auth.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';

const minor = z.number().int().openapi({ description: 'In the smallest unit of the currency.' });
const price = z
  .strictObject({
    currency: z.string().regex(/^[a-z]{3}$/),
    minorPerCredit: z.string().regex(/^\d{1,8}(\.\d{1,12})?$/),
  })
  .openapi({ description: 'What a credit costs that was not bought before, as decimal text.' });

const usedFields = {
  enabled: z.boolean(),
  capMinor: minor.nullable(),
  currency: z.string().nullable(),
  usedMinor: minor,
  unpaidMinor: minor,
  suspended: z.enum(['unpaid']).nullable(),
};

/** The part that is told with the credits. */
export const overageUsedSchema = z
  .object(usedFields)
  .openapi('OverageUsed') satisfies z.ZodType<OverageUsed>;

const overageSchema = z
  .object({
    price: price.nullable().openapi({ description: 'What can be agreed to now.' }),
    paused: z.enum(['trialing', 'past_due']).nullable(),
    lapsed: z.enum(OVERAGE_LAPSES).nullable(),
    ...usedFields,
    exposureMinor: minor.nullable(),
  })
  .openapi('Overage') satisfies z.ZodType<OverageView>;

const alerts = z.array(z.literal(CAP_ALERTS_PERCENT)).max(CAP_ALERTS_PERCENT.length);

const limitsSchema = z
  .object({ overage: overageSchema, alerts })
  .openapi('Limits') satisfies z.ZodType<LimitsView>;

const limitsBody = z.strictObject({
  overage: z.strictObject({
    enabled: z.boolean(),
    capMinor: z
      .number()
      .optional()
      .openapi({
        description: `A month, whole, from 0 to ${CAP_MINOR_MAX}; what it was unless told.`,
      }),
    consent: price.optional().openapi({ description: 'What was shown; to switch it on.' }),
  }),
  alerts: alerts.optional(),
});

const tags = ['Credits'];

/** What may be used without having been bought, and up to where: seen by everybody in the team. */
export function limitRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { credits } = context.services.usage;
  const router = createRouter();

  router.openapi(
    createRoute({
      security: userToken,
      middleware: [requireUser(context)] as const,
      tags,
      method: 'get',
      path: '/api/billing/limits',
      summary: 'Whether overage is used, up to which cap, and what it costs',
      responses: {
        200: json(limitsSchema, 'Sums are of this month.'),
        ...errors(...signedOut, 'database_unavailable'),
      },
    }),
    async (c) => c.json(await credits.readLimits(requesterOf(c).tenantId), 200),
  );

  router.openapi(
    createRoute({
      security: userToken,
      middleware: [requireBillingRole(context)] as const,
      tags,
      method: 'put',
      path: '/api/billing/limits',
      summary: 'Switch overage on at the price that was shown, or off',
      request: { body: jsonBody(limitsBody) },
      responses: {
        200: json(limitsSchema, 'In force from the next call on.'),
        ...errors(
          ...signedOut,
          'billing_role_required',
          'invalid_request',
          'invalid_cap',
          'consent_stale',
          'overage_not_offered',
          'overage_paused',
          'database_unavailable',
        ),
      },
    }),
    async (c) => {
      const { overage, alerts: wanted } = c.req.valid('json');
      const { capMinor, consent, enabled } = overage;
      const wish = {
        enabled,
        ...(capMinor === undefined ? {} : { capMinor }),
        ...(consent ? { consent } : {}),
        ...(wanted ? { alerts: wanted } : {}),
      };
      return c.json(await credits.setLimits(requesterOf(c), wish), 200);
    },
  );

  return router;
}
