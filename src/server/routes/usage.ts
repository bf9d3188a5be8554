import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { canManageBilling, type TenantId } from '../../domain/ids.ts';
import { OTHERS, reportWords } from '../../domain/accounts/files/usage-files.ts';
import { periodOf, requestedPeriod } from '../../domain/period.ts';
import type { UsageBreakdown } from '../../domain/billing/usage/breakdown.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireAuth, requireUser, userOf, type UserPrincipal } from '../middleware/auth.ts';
import { memberOf, type Principal } from '../principal.ts';
import { withNames, type Names } from '../services/usage/ledger/breakdown.ts';
import { respondWithEvents, respondWithFile, type EventStream } from './response-stream.ts';
import { respondWithCsv, csvResponse, csvHeaders, langQuery } from './csv-file.ts';
import { errors, json, userToken, userTokenOrApiKey } from './responses.ts';
import { createRouter } from './router.ts';
import {
  breakdownQuery,
  breakdownSchema,
  historyQuery,
  periodQuery,
  usageHistorySchema,
  usageStatsSchema,
} from './usage-schemas.ts';

/** The days that were asked for: those of a month, or the last so many. */
function spanOf({ days, period }: { days: number; period?: string | undefined }) {
  const month = requestedPeriod(period);
  return month === undefined ? days : { period: month };
}

/** Whose use a reader is told apart; `undefined` for everybody's. A key reads what its maker may. */
function heldTo(reader: Principal): string | undefined {
  return canManageBilling(reader.role) ? undefined : memberOf(reader);
}

const signedOut = ['unauthenticated', 'token_expired', 'database_unavailable'] as const;

/** What the requester's tenant uses and has used; everybody in it may see. */
export function usageRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { streams } = context;
  const { auth, characters, members, usage } = context.services;
  const router = createRouter();
  const tags = ['Usage'];
  const member = { security: userToken, middleware: requireUser(context), tags };
  const reader = {
    security: userTokenOrApiKey,
    middleware: requireAuth(context, 'usage:read'),
    tags,
  };

  router.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/api/subscription/usage',
      summary: 'Usage of a month',
      request: { query: periodQuery },
      responses: {
        200: json(usageStatsSchema, 'Each resource, also those not used.'),
        ...errors('invalid_period', ...signedOut),
      },
    }),
    async (c) => {
      const period = requestedPeriod(c.req.valid('query').period);
      return c.json(await usage.getUsageStats(c.get('principal').tenantId, period), 200);
    },
  );

  router.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/api/subscription/usage/history',
      summary: 'Usage by UTC day',
      request: { query: historyQuery },
      responses: {
        200: json(usageHistorySchema, 'Oldest first; days without usage are zeros.'),
        ...errors('invalid_request', 'invalid_period', ...signedOut),
      },
    }),
    async (c) => {
      const wanted = spanOf(c.req.valid('query'));
      return c.json(await usage.getHistory(c.get('principal').tenantId, wanted), 200);
    },
  );

  router.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/api/subscription/usage/breakdown',
      summary: 'Usage of a month by member, model, character or day',
      description:
        'Units and credits; the parts add up to the total. By member, owners and admins see everybody; a member sees their own part, and the others together; a program’s key what its maker sees.',
      request: { query: breakdownQuery },
      responses: {
        200: json(breakdownSchema, 'Days in order; others the largest first.'),
        ...errors('invalid_request', 'invalid_period', 'not_found', 'busy', ...signedOut),
      },
    }),
    async (c) => {
      const { by, period } = c.req.valid('query');
      const principal = c.get('principal');
      const { tenantId } = principal;
      const found = await usage.breakDown({
        ...{ tenantId, by, period: requestedPeriod(period) },
        only: by === 'member' ? heldTo(principal) : undefined,
      });
      return c.json(withNames(found, await namesFor(tenantId, found)), 200);
    },
  );

  /** What its parts are called: people and characters by their names, models and days by themselves. */
  async function namesFor(tenantId: TenantId, { by, parts }: UsageBreakdown): Promise<Names> {
    const ids = parts.flatMap(({ id }) => (id === null ? [] : [id]));
    switch (by) {
      case 'member':
        return new Map((await members.listNames(tenantId)).map(({ id, name }) => [id, name]));
      case 'character':
        return characters.listNames(tenantId, ids);
      case 'model':
      case 'day':
        return new Map(ids.map((id) => [id, id]));
    }
  }

  router.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/api/subscription/usage/export.csv',
      summary: 'The ledger of a month',
      description: 'Owners and admins get all of it, a member the entries of what they used.',
      request: { query: periodQuery },
      responses: {
        200: { description: 'CSV.', content: { 'text/csv': { schema: z.string() } } },
        ...errors('invalid_period', 'not_found', 'rate_limited', 'busy', ...signedOut),
      },
    }),
    async (c) => {
      const period = requestedPeriod(c.req.valid('query').period) ?? periodOf(context.clock.now());
      const { tenantId } = c.get('principal');
      const only = heldTo(c.get('principal'));
      return respondWithFile(c, {
        slots: streams.exports,
        tenantId,
        headers: csvHeaders(`usage-${period}.csv`),
        open: () => usage.exportCsv(tenantId, period, only),
      });
    },
  );

  router.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/api/subscription/usage/report.csv',
      summary: 'Usage by day, resource, member and model',
      description:
        'Who asked and which model answered stand where the ledger knows them: for owners and admins of everybody, for a member of what they used, and the rest put together as “others”. Archived months have the days alone.',
      request: { query: historyQuery.extend(langQuery.shape) },
      responses: {
        200: csvResponse,
        ...errors('invalid_request', 'invalid_period', 'rate_limited', 'busy', ...signedOut),
      },
    }),
    async (c) => {
      const { lang, ...query } = c.req.valid('query');
      const wanted = spanOf(query);
      const { tenantId } = c.get('principal');
      const id = heldTo(c.get('principal'));
      const only = id === undefined ? undefined : { id, others: OTHERS[lang ?? 'en'] };
      const name = typeof wanted === 'number' ? `${wanted}-days` : wanted.period;
      return respondWithCsv(c, {
        ...{ slots: streams.exports, tenantId },
        ...{ name: `usage-by-day-${name}`, lang, words: reportWords },
        open: async () => {
          return usage.reportCsv(tenantId, wanted, await members.listNames(tenantId), only);
        },
      });
    },
  );

  router.openapi(
    createRoute({
      ...member,
      method: 'get',
      path: '/api/subscription/usage/stream',
      summary: 'Usage, live',
      description:
        'Server-sent events: the usage of the present month, at once and whenever it changes, from whichever process. Ends when the reader leaves the team or is signed out, not with the access token’s 15 minutes.',
      responses: {
        200: {
          description: 'The stream; each event’s data is a UsageStats.',
          content: { 'text/event-stream': { schema: z.string() } },
        },
        ...errors('rate_limited', 'busy', ...signedOut),
      },
    }),
    (c) => {
      const person = userOf(c);
      const { tenantId } = person;
      return respondWithEvents(c, {
        slots: streams.liveUsage,
        tenantId,
        until: context.drain.closed,
        run: (stream) => context.drain.during(streamUsage(person, stream)),
      });
    },
  );

  async function streamUsage(reader: UserPrincipal, { sse, signal }: EventStream): Promise<void> {
    const access = auth.access.watch(reader);
    const until = AbortSignal.any([signal, access.ended]);
    try {
      for await (const stats of usage.watch(reader.tenantId, until)) {
        await sse.writeSSE({ data: JSON.stringify(stats) });
      }
    } finally {
      access.stop();
    }
  }

  return router;
}
