import { Hono } from 'hono';
import { getPath } from 'hono/utils/url';
import { BillingError } from '../../domain/errors.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { errorHandler } from '../middleware/error-handler.ts';
import { withSteps, type Step } from '../middleware/in-one-step.ts';
import { requireToken } from '../middleware/service-auth.ts';

export const USAGE_EVENTS = '/api/usage/events';
const EVENTS_MAX = 1_000;

export const isUsageEvents = (request: Request) =>
  request.method === 'POST' && getPath(request) === USAGE_EVENTS;

/**
 * `POST /api/usage/events`, which other services of the platform call many thousands of times a second, as an app
 * of one handler: the `steps` of all requests are a part of it.
 */
export function usageEventsApp(
  { services, config }: Context,
  steps: readonly Step[],
): Hono<AppEnv> {
  const service = requireToken(config.usageIngestToken, 'USAGE_INGEST_TOKEN');
  const app = new Hono<AppEnv>();
  app.onError(errorHandler);
  // Not through a router's own validation: that would refuse a whole batch for one bad event.
  app.post(
    USAGE_EVENTS,
    withSteps([...steps, service], async (c) => {
      let body: unknown;
      try {
        body = await c.req.json();
      } catch (cause) {
        throw new BillingError('invalid_request', 'The body is not valid JSON.', { cause });
      }
      const results = await services.usage.ingestBatch(eventsIn(body));
      return c.json({ results }, 200);
    }),
  );
  return app;
}

function eventsIn(body: unknown): unknown[] {
  const said = typeof body === 'object' && body !== null ? body : {};
  const { events } = said as { events?: unknown };
  const unknown = Array.isArray(body)
    ? undefined
    : Object.keys(said).find((name) => name !== 'events');
  if (unknown !== undefined) {
    const name = JSON.stringify(unknown.slice(0, 40).toWellFormed());
    throw new BillingError('invalid_request', `The body has events alone, and no ${name}.`);
  }
  if (Array.isArray(events) && events.length >= 1 && events.length <= EVENTS_MAX) return events;
  throw new BillingError('invalid_request', `events must be an array of 1 to ${EVENTS_MAX}.`);
}
