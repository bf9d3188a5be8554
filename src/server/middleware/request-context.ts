import { randomUUID } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app-env.ts';
import type { Logger } from '../log.ts';
import { presetHeaders } from './preset-headers.ts';

/**
 * Gives each request an id (answered as `X-Request-Id`) and a log that carries it, made when there is
 * something to log.
 */
export function requestContext(log: Logger) {
  const isTold = log.isLevelEnabled('debug');
  return createMiddleware<AppEnv>(async (c, next) => {
    const requestId = `req_${randomUUID().replaceAll('-', '')}`;
    const requestLog = () => log.child({ requestId });
    c.set('requestId', requestId);
    c.set('log', requestLog);
    presetHeaders(c, [['X-Request-Id', requestId]]);
    await next();
    if (!isTold) return;
    requestLog().debug({ method: c.req.method, path: c.req.path, status: c.res.status }, 'request');
  });
}
