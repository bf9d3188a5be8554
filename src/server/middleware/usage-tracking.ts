import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { memberOf } from '../principal.ts';
import { RequestMeter } from '../services/usage/request-meter.ts';

/**
 * Gives the request a meter and closes it afterwards: what was reserved is settled before a good
 * answer leaves, released when it is none. An answer that streams on takes the meter over and
 * settles at its end.
 */
export function trackMessageUsage(context: Pick<Context, 'services'>) {
  const { usage } = context.services;
  return createMiddleware<AppEnv>(async (c, next) => {
    const principal = c.get('principal');
    const meter = new RequestMeter({
      usage,
      log: c.get('log')(),
      tenantId: principal.tenantId,
      userId: memberOf(principal),
    });
    c.set('meter', meter);
    await next();
    if (meter.handedOver) return;
    if (c.error !== undefined || c.res.status >= 400) await meter.release();
    else await meter.settleNow();
  });
}
