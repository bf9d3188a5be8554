import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import {
  STATEMENT_KINDS,
  STATEMENT_STATES,
  type StatementDetailView,
  type StatementsView,
  type StatementView,
} from '../../domain/billing/statement.ts';
import type { Period } from '../../domain/period.ts';
import { RESOURCE_TYPES } from '../../domain/quota.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireBillingRole } from '../middleware/auth.ts';
import { limitStripeCalls } from '../middleware/stripe-calls.ts';
import { respondWithFile } from './response-stream.ts';
import { csvHeaders } from './csv-file.ts';
import { errors, json, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';

const instant = z.iso.datetime();
const whole = z.number().int();

export const statementSchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(STATEMENT_KINDS),
    state: z.enum(STATEMENT_STATES),
    period: z.string(),
    currency: z.string(),
    amountMinor: whole.openapi({ description: 'Of its own lines.' }),
    carriedInMinor: whole.openapi({
      description: 'What was too little to be invoiced before, and is collected with it.',
    }),
    totalMinor: whole,
    refundedMinor: whole,
    seqFrom: whole.openapi({ description: 'The first movement of credits that it covers.' }),
    seqTo: whole,
    sha256: z.string(),
    closedAt: instant,
    settledAt: instant.nullable(),
    invoice: z.object({ number: z.string(), url: z.string().nullable() }).nullable(),
    payUrl: z.string().nullable().openapi({ description: 'Where it is paid while it can be.' }),
    actionRequired: z.boolean().openapi({ description: 'The bank wants it confirmed.' }),
    nextAttemptAt: instant.nullable(),
  })
  .openapi('Statement') satisfies z.ZodType<StatementView>;

const statementsSchema = z
  .object({ statements: z.array(statementSchema) })
  .openapi('Statements') satisfies z.ZodType<StatementsView>;

const detailSchema = statementSchema
  .extend({
    previousSha256: z.string().nullable(),
    lines: z.array(
      z.object({
        period: z.string().transform((period) => period as Period),
        resourceType: z.enum(RESOURCE_TYPES),
        rateMicro: whole.openapi({ description: 'Microcredits a unit.' }),
        minorPerCredit: z.string(),
        units: whole,
        micro: whole,
        microBefore: whole.openapi({ description: 'What statements before billed of the same.' }),
        amountMinor: whole,
        details: z
          .array(
            z.object({
              model: z.string().nullable(),
              rateCard: whole.nullable().openapi({ description: 'The version of the rate card.' }),
              units: whole,
              micro: whole,
            }),
          )
          .openapi({
            description: 'The line by model and rate card; none where it is older than this.',
          }),
      }),
    ),
  })
  .openapi('StatementDetail') satisfies z.ZodType<StatementDetailView>;

const statementParam = z.object({
  id: z
    .string()
    .min(1)
    .max(100)
    .openapi({ param: { name: 'id', in: 'path' } }),
});

/** Bills of use beyond quota and credits, for owners and admins. */
export function statementRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { statements } = context.services;
  const router = createRouter();
  const reader = {
    security: userToken,
    tags: ['Subscription'],
    middleware: requireBillingRole(context),
  };
  const refused = [...signedOut, 'billing_role_required'] as const;
  const ofOne = { ...reader, request: { params: statementParam } };

  router.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/api/subscription/statements',
      summary: 'Statements of use beyond quota and credits',
      responses: { 200: json(statementsSchema, 'The newest hundred.'), ...errors(...refused) },
    }),
    async (c) => c.json({ statements: await statements.list(requesterOf(c)) }, 200),
  );

  router.openapi(
    createRoute({
      ...ofOne,
      method: 'get',
      path: '/api/subscription/statements/{id}',
      summary: 'A statement with its lines',
      responses: {
        200: json(detailSchema, 'What it bills.'),
        ...errors(...refused, 'invalid_request', 'not_found'),
      },
    }),
    async (c) => c.json(await statements.get(requesterOf(c), c.req.valid('param').id), 200),
  );

  router.openapi(
    createRoute({
      ...ofOne,
      middleware: [requireBillingRole(context), limitStripeCalls(context)] as const,
      method: 'post',
      path: '/api/subscription/statements/{id}/sync',
      summary: 'Look at Stripe now: whether a statement is paid',
      responses: {
        200: json(detailSchema, 'As Stripe has it.'),
        ...errors(
          ...refused,
          ...(['rate_limited', 'invalid_request', 'not_found'] as const),
          ...(['stripe_unavailable', 'busy'] as const),
        ),
      },
    }),
    async (c) => c.json(await statements.sync(requesterOf(c), c.req.valid('param').id), 200),
  );

  router.openapi(
    createRoute({
      ...ofOne,
      method: 'get',
      path: '/api/subscription/statements/{id}/proof.csv',
      summary: 'The file by which a statement can be computed anew',
      responses: {
        200: {
          description: 'Checked by `npm run statement:verify -- <file>`, without us.',
          content: { 'text/csv': { schema: z.string() } },
        },
        ...errors(
          ...refused,
          ...(['invalid_request', 'not_found', 'rate_limited', 'busy'] as const),
          'database_unavailable',
        ),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const requester = requesterOf(c);
      const statement = await statements.get(requester, id);
      return respondWithFile(c, {
        slots: context.streams.exports,
        tenantId: requester.tenantId,
        headers: csvHeaders(`statement-${statement.period}-${statement.seqFrom}.csv`),
        open: () => statements.proof(requester, id),
      });
    },
  );

  return router;
}
