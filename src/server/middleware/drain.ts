import type { HttpBindings } from '@hono/node-server';
import { createMiddleware } from 'hono/factory';
import { BillingError } from '../../domain/errors.ts';
import type { AppEnv } from '../app-env.ts';
import { RESTARTING, type Drain } from '../drain.ts';

/**
 * Refuses what comes on a kept connection when the process no longer takes new ones: 503 `busy`,
 * before anything is counted.
 */
export function refuseWhenClosed(drain: Drain) {
  return createMiddleware<AppEnv>((c, next) => {
    const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
    if (!drain.refuses(incoming)) return next();
    throw new BillingError('busy', RESTARTING, { retryAfterSeconds: 1 });
  });
}
