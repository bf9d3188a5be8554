import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import {
  EVENT_STATES,
  type AlertsPage,
  type EventDetail,
  type EventsPage,
  type EventView,
  type Replayed,
  type RunbookEntry,
} from '../../../domain/accounts/operator-inbox.ts';
import type { AppEnv } from '../../app-env.ts';
import type { Context } from '../../context.ts';
import { operatorOf } from '../../middleware/operator.ts';
import { readRunbook } from '../../services/operators/runbook.ts';
import { idParam } from '../fields.ts';
import { errors, json, jsonBody } from '../responses.ts';
import { createRouter } from '../router.ts';
import { operatorRoute, pageQuery, reasonField, REFUSED } from './operator-route.ts';
import { alertSchema } from './tenant-schemas.ts';

const instant = z.iso.datetime();
const event = z.object({
  ...{ id: z.string(), type: z.string(), state: z.enum(EVENT_STATES) },
  ...{ objectId: z.string().nullable(), stripeCustomerId: z.string().nullable() },
  ...{ tenantId: z.uuid().nullable(), receivedAt: instant, processedAt: instant.nullable() },
  ...{ attempts: z.number().int(), lastError: z.string().nullable() },
}) satisfies z.ZodType<EventView>;
const eventsSchema = z
  .object({ events: z.array(event), nextCursor: z.string().nullable() })
  .openapi('InboxEvents') satisfies z.ZodType<EventsPage>;
const detailSchema = event
  .extend({ apiVersion: z.string().nullable(), payload: z.unknown() })
  .openapi('InboxEvent') satisfies z.ZodType<EventDetail>;
const replayedSchema = z
  .object({
    done: z.boolean(),
    events: z.array(z.object({ id: z.string(), error: z.string().nullable() })),
  })
  .openapi('Replayed') satisfies z.ZodType<Replayed>;
const alertsSchema = z
  .object({ alerts: z.array(alertSchema), nextCursor: z.string().nullable() })
  .openapi('Alerts') satisfies z.ZodType<AlertsPage>;
const runbookSchema = z
  .object({
    entries: z.array(
      z.object({ kind: z.string(), title: z.string(), text: z.string() }),
    ) satisfies z.ZodType<RunbookEntry[]>,
  })
  .openapi('Runbook');

const eventId = z.string().regex(/^evt_\w{1,100}$/, 'the id of an event, evt_…');
const eventsQuery = pageQuery.extend({ state: z.enum(EVENT_STATES).optional() });
const alertsQuery = pageQuery.extend({ state: z.enum(['open', 'resolved']).default('open') });
const runbookQuery = z.strictObject({ language: z.enum(['en', 'zh-CN']).default('en') });
const eventParam = z.object({ id: eventId.openapi({ param: { name: 'id', in: 'path' } }) });
const replayBody = z
  .strictObject({
    ids: z.array(eventId).min(1).max(1_000).optional().openapi({
      description: 'Which; all that were given up unless told.',
    }),
    ...{ reason: reasonField, dryRun: z.boolean().default(false) },
  })
  .openapi('ReplayEvents');
const resolveBody = z.strictObject({ reason: reasonField }).openapi('ResolveAlert');

/** What came from Stripe, and what waits for an operator. */
export function operatorInboxRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { inbox } = context.services.operators;
  const router = createRouter();
  const operator = operatorRoute(context);
  const bad = [...REFUSED, 'invalid_request'] as const;

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/events' },
      summary: 'Events of Stripe’s, by state',
      request: { query: eventsQuery },
      responses: { 200: json(eventsSchema, 'The newest first.'), ...errors(...bad) },
    }),
    async (c) => {
      const { state, cursor, limit } = c.req.valid('query');
      return c.json(await inbox.listEvents(state, cursor, limit), 200);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/events/{id}' },
      summary: 'An event with its body',
      request: { params: eventParam },
      responses: { 200: json(detailSchema, 'As Stripe sent it.'), ...errors(...bad) },
    }),
    async (c) => c.json((await inbox.readEvent(c.req.valid('param').id)) as never, 200),
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'post', path: '/api/admin/events/replay' },
      summary: 'Work on events again: on some, or on all that were given up',
      request: { body: jsonBody(replayBody) },
      responses: {
        200: json(replayedSchema, 'What became of each.'),
        ...errors(...bad, 'stripe_unavailable'),
      },
    }),
    async (c) => {
      const { ids, reason, dryRun } = c.req.valid('json');
      return c.json(await inbox.replay({ operator: operatorOf(c), reason, dryRun }, ids), 200);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/alerts' },
      summary: 'Alerts, open or resolved',
      request: { query: alertsQuery },
      responses: { 200: json(alertsSchema, 'The newest first.'), ...errors(...bad) },
    }),
    async (c) => {
      const { state, cursor, limit } = c.req.valid('query');
      return c.json(await inbox.listAlerts(state === 'open', cursor, limit), 200);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'post', path: '/api/admin/alerts/{id}/resolve' },
      summary: 'Close an alert by hand',
      request: { params: idParam, body: jsonBody(resolveBody) },
      responses: {
        200: json(alertSchema, 'What it tells of may raise it again.'),
        ...errors(...bad, 'state_changed'),
      },
    }),
    async (c) => {
      const { reason } = c.req.valid('json');
      const asked = { operator: operatorOf(c), reason, dryRun: false };
      return c.json(await inbox.resolve(asked, c.req.valid('param').id), 200);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/runbook' },
      summary: 'What the runbook says of each kind of alert',
      request: { query: runbookQuery },
      responses: { 200: json(runbookSchema, 'Markdown.'), ...errors(...bad) },
    }),
    async (c) => c.json({ entries: await readRunbook(c.req.valid('query').language) }, 200),
  );

  return router;
}
