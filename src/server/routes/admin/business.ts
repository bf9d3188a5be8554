import { Readable } from 'node:stream';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import {
  BUSINESS_LISTS,
  type BusinessRows,
  type BusinessScreen,
} from '../../../domain/accounts/operator-business.ts';
import { requestedPeriod } from '../../../domain/period.ts';
import { PLANS } from '../../../domain/plans.ts';
import type { AppEnv } from '../../app-env.ts';
import type { Context } from '../../context.ts';
import { operatorOf } from '../../middleware/operator.ts';
import { respondWithFile } from '../response-stream.ts';
import { errors, json } from '../responses.ts';
import { createRouter } from '../router.ts';
import { operatorRoute, pageQuery, REFUSED } from './operator-route.ts';

const sum = z.number().int();
const month = z.object({
  ...{ month: z.string(), newMinor: sum, reactivationMinor: sum, expansionMinor: sum },
  ...{ contractionMinor: sum, churnMinor: sum, mrrMinor: sum, paidMinor: sum },
  ...{ refundedMinor: sum, netMinor: sum, taxMinor: sum, usageMinor: sum },
  ...{ recovered: sum, recoveredMinor: sum },
});
const businessSchema = z
  .object({
    currencies: z.array(
      z.object({
        ...{ currency: z.string(), mrrMinor: sum, months: z.array(month) },
        failed: z.object({ count: sum, amountMinor: sum }),
      }),
    ),
    subscriptions: z.array(
      z.object({
        plan: z.enum(PLANS),
        status: z.enum(['active', 'canceled', 'past_due', 'trialing']),
        count: sum,
      }),
    ),
    trials: z.object({ running: sum, converted: sum, lost: sum }),
    creditsMicro: z.object({ paid: sum, promotional: sum }),
  })
  .openapi('Business') satisfies z.ZodType<BusinessScreen>;

const rowsSchema = z
  .object({
    rows: z.array(
      z.object({
        ...{ key: z.string(), tenantId: z.uuid(), tenant: z.string(), at: z.iso.datetime() },
        ...{ what: z.string(), amount: sum.nullable(), currency: z.string().nullable() },
      }),
    ),
    nextCursor: z.string().nullable(),
  })
  .openapi('BusinessRows') satisfies z.ZodType<BusinessRows>;

const listParam = z.object({
  list: z.enum(BUSINESS_LISTS).openapi({ param: { name: 'list', in: 'path' } }),
});
const monthField = z.string().max(7).optional().openapi({ example: '2026-11' });

/** The installation's business, and what is behind each number. */
export function businessRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { business } = context.services.operators;
  const router = createRouter();
  const operator = operatorRoute(context);
  const bad = [...REFUSED, 'invalid_request', 'invalid_period', 'database_unavailable'] as const;

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/business' },
      summary: 'Recurring revenue and its movements, trials, revenue, credits, failed payments',
      request: {
        query: z.strictObject({ months: z.coerce.number().int().min(1).max(36).default(12) }),
      },
      responses: { 200: json(businessSchema, 'By currency and month.'), ...errors(...bad) },
    }),
    async (c) => c.json(await business.read(c.req.valid('query').months), 200),
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/business/{list}' },
      summary: 'What is behind a number',
      request: { params: listParam, query: pageQuery.extend({ month: monthField }) },
      responses: { 200: json(rowsSchema, 'The newest first.'), ...errors(...bad) },
    }),
    async (c) => {
      const { month: wanted, cursor, limit } = c.req.valid('query');
      const { list } = c.req.valid('param');
      const wish = { list, month: requestedPeriod(wanted), cursor, limit };
      return c.json(await business.list(wish), 200);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/business/{list}/export.csv' },
      summary: 'All of it as CSV',
      request: { params: listParam, query: z.strictObject({ month: monthField }) },
      responses: {
        200: { description: 'CSV.', content: { 'text/csv': { schema: z.string() } } },
        ...errors(...bad, 'rate_limited', 'busy'),
      },
    }),
    async (c) => {
      const { list } = c.req.valid('param');
      const wanted = requestedPeriod(c.req.valid('query').month);
      return respondWithFile(c, {
        ...{ slots: context.streams.exports, tenantId: operatorOf(c).userId },
        headers: {
          'Content-Type': 'text/csv; charset=utf-8',
          'Content-Disposition': `attachment; filename="${list}.csv"`,
        },
        open: async () => Readable.from(business.csv(list, wanted)),
      });
    },
  );

  return router;
}
