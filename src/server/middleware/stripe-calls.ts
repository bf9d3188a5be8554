import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import {
  STRIPE_TIME_OF_READS_MS,
  withinRequestTime,
} from '../services/stripe/client/request-time.ts';
import type { Step } from './in-one-step.ts';

/**
 * Limits what a tenant may ask of Stripe through us, so that one account cannot use up what the
 * webhooks, the worker and everybody else need: 429 `rate_limited`. A change weighs more than a look.
 */
export function limitStripeCalls(
  context: Pick<Context, 'services'>,
  wish: 'look' | 'change' = 'look',
) {
  const { stripeCalls } = context.services;
  return createMiddleware<AppEnv>(async (c, next) => {
    await stripeCalls.count(c.get('principal').tenantId, wish);
    await next();
  });
}

/** The same for leaving, which nothing else that was asked for may keep anybody from. */
export function limitLeaving(context: Pick<Context, 'services'>) {
  const { stripeCalls } = context.services;
  return createMiddleware<AppEnv>(async (c, next) => {
    await stripeCalls.countLeaving(c.get('principal').tenantId);
    await next();
  });
}

/**
 * Somebody waits: all that a request asks of Stripe has one end, however many calls it is. Metering
 * for other services asks nothing of it, and is called too often to be watched for that.
 */
export const endStripeCallsInTime: Step = (c) => {
  const { path, method } = c.req;
  if (!path.startsWith('/api/') || path.startsWith('/api/usage/')) return;
  if (method !== 'GET') return withinRequestTime;
  return (rest) => withinRequestTime(rest, STRIPE_TIME_OF_READS_MS);
};
