import { createRoute, z } from '@hono/zod-openapi';
import { BillingError } from '../../domain/errors.ts';
import type { Context } from '../context.ts';
import { instantField } from './fields.ts';
import { createRouter } from './router.ts';

/** The end of the year 9999. */
const SECONDS_MAX = 253_402_300_799;

const now = z.union([instantField, z.number().int().positive().max(SECONDS_MAX)]);

const moveClockRoute = createRoute({
  method: 'post',
  path: '/__dev/clock',
  hide: true,
  request: {
    body: { content: { 'application/json': { schema: z.strictObject({ now }) } }, required: true },
  },
  responses: {
    200: {
      description: 'The time it is now.',
      content: { 'application/json': { schema: z.object({ now: z.string() }) } },
    },
  },
});

/**
 * Turns the app's clock forwards to `now` (ISO 8601, or unix seconds). Only mounted beside a local
 * Stripe, never in production.
 */
export function devClockRoutes(moveClock: NonNullable<Context['moveClock']>) {
  return createRouter().openapi(moveClockRoute, async (c) => {
    const { now } = c.req.valid('json');
    const instant = new Date(typeof now === 'number' ? now * 1000 : now);
    try {
      return c.json({ now: (await moveClock(instant)).toISOString() }, 200);
    } catch (error) {
      if (error instanceof RangeError) throw new BillingError('invalid_request', error.message);
      throw error;
    }
  });
}
