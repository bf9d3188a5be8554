import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { GIVEN_KINDS } from '../../../domain/billing/usage/allowance.ts';
import {
  ACT_FACT_KINDS,
  ACT_FACTS,
  type ActResult,
} from '../../../domain/accounts/operator-act.ts';
import { CAP_MINOR_MAX } from '../../../domain/billing/overage.ts';
import { requestedPeriod } from '../../../domain/period.ts';
import { RESOURCE_TYPES } from '../../../domain/quota.ts';
import type { AppEnv } from '../../app-env.ts';
import type { Context } from '../../context.ts';
import { operatorOf } from '../../middleware/operator.ts';
import { STATEMENT_ACTS } from '../../services/billing/statements/operate.ts';
import type { TenantActInput } from '../../services/operators/tenant-acts.ts';
import { idParam, instantField, plainText } from '../fields.ts';
import { errors, json, jsonBody } from '../responses.ts';
import { createRouter } from '../router.ts';
import { operatorRoute, reasonField, REFUSED } from './operator-route.ts';

const DAYS_MAX = 3_650;

const shared = {
  reason: reasonField,
  dryRun: z
    .boolean()
    .default(false)
    .openapi({ description: 'Say what it would do, and do nothing.' }),
};
const credits = z.number().positive().max(9_000_000);
const ref = plainText(1, 100).openapi({
  description: 'What for, as a ticket: a second time nothing is done.',
});

/** A day, or an instant. */
const until = z.union([z.iso.date(), instantField]);

const period = z.string().max(7).optional().openapi({ example: '2026-11' });

const actBody = z
  .discriminatedUnion('act', [
    z.strictObject({ ...shared, act: z.literal('sync') }),
    z.strictObject({
      ...{ ...shared, act: z.literal('grant_credits'), credits, ref },
      days: z.number().int().min(1).max(DAYS_MAX),
      isPromotion: z.boolean().default(false),
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('revoke_credits'), grantId: z.uuid(), ref },
      credits: credits.optional(),
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('correct_usage'), resourceType: z.enum(RESOURCE_TYPES) },
      amount: z
        .number()
        .int()
        .refine((amount) => amount !== 0)
        .nullable()
        .openapi({ description: 'Units to add, with a minus to take off; null takes all off.' }),
      period,
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('reverse_usage') },
      row: z
        .string()
        .regex(/^[1-9]\d{0,17}$/)
        .openapi({ description: 'The id of a row of the ledger.', example: '4711' }),
      extendTo: until.optional().openapi({
        description: 'Until then a grant that has ended takes what comes back; else that lapses.',
      }),
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('add_allowance'), resourceType: z.enum(RESOURCE_TYPES), ref },
      units: z
        .number()
        .int()
        .refine((units) => units !== 0)
        .openapi({ description: 'Units to add to the month’s quota, with a minus to take off.' }),
      kind: z.enum(GIVEN_KINDS),
      period,
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('trust_overage') },
      exposureMinor: z.number().int().min(0).max(CAP_MINOR_MAX).nullable().openapi({
        description: 'Minor units; null: by how many bills were paid.',
      }),
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('end_subscription') },
      when: z.enum(['now', 'period_end']),
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('extend_grace') },
      until: until.openapi({ example: '2026-12-24' }),
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('refund_invoice'), ref },
      invoice: plainText(1, 100).openapi({ description: 'Its number, or its id (`in_…`).' }),
      amountMinor: z.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('refund_purchase'), purchaseId: z.uuid() },
      amountMinor: z.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('operate_statement'), statementId: z.uuid() },
      verb: z.enum(STATEMENT_ACTS),
    }),
    z.strictObject({ ...shared, act: z.literal('resend_mail'), mailId: z.uuid() }),
    z.strictObject({
      ...{ ...shared, act: z.literal('hide_character'), characterId: z.uuid() },
      verb: z.enum(['hide', 'show']),
    }),
    z.strictObject({
      ...{ ...shared, act: z.literal('delete_tenant') },
      confirm: z.string().max(200).openapi({ description: 'The exact name of the team.' }),
    }),
  ])
  .openapi('TenantAct');

type Wish = DistributiveOmit<z.output<typeof actBody>, 'reason' | 'dryRun'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export const actResultSchema = z
  .object({
    done: z.boolean(),
    facts: z.array(
      z.object({
        name: z.enum(ACT_FACTS),
        kind: z.enum(ACT_FACT_KINDS),
        value: z.union([z.string(), z.number()]).nullable(),
        currency: z.string().optional(),
      }),
    ),
  })
  .openapi('ActResult') satisfies z.ZodType<ActResult>;

/** What operators do for tenants: beforehand it is said, afterwards it is told. */
export function tenantActRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { acts } = context.services.operators;
  const router = createRouter();
  router.openapi(
    createRoute({
      ...{ ...operatorRoute(context), method: 'post', path: '/api/admin/tenants/{id}/acts' },
      summary: 'Do something for a tenant, or hear what it would do',
      request: { params: idParam, body: jsonBody(actBody) },
      responses: {
        200: json(actResultSchema, 'What would be, or was, done.'),
        ...errors(
          ...REFUSED,
          'tenant_not_found',
          'invalid_request',
          'invalid_period',
          'no_subscription',
          'nothing_to_refund',
          'nothing_charged',
          'refund_elsewhere',
          'state_changed',
          'payment_required',
          'stripe_unavailable',
          'outcome_unknown',
          'database_unavailable',
          'busy',
        ),
      },
    }),
    async (c) => {
      const { reason, dryRun, ...wish } = c.req.valid('json');
      const { id: tenantId } = c.req.valid('param');
      const on = { operator: operatorOf(c), tenantId, reason, dryRun };
      return c.json(await acts.carryOut(on, named(wish)), 200);
    },
  );
  return router;
}

/** With what is more than it looks like in JSON. */
function named(wish: Wish): TenantActInput {
  if (wish.act === 'correct_usage' || wish.act === 'add_allowance') {
    return { ...wish, period: requestedPeriod(wish.period) };
  }
  if (wish.act === 'reverse_usage') {
    return { ...wish, extendTo: wish.extendTo === undefined ? undefined : new Date(wish.extendTo) };
  }
  return wish.act === 'extend_grace' ? { ...wish, until: new Date(wish.until) } : wish;
}
