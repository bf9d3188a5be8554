import { randomUUID } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app-env.ts';
import type { Logger } from '../log.ts';

/** Gives each request an id (answered as `X-Request-Id`) and a log that carries it. */
export function requestContext(log: Logger) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const requestId = `req_${randomUUID().replaceAll('-', '')}`;
    c.set('requestId', requestId);
    c.set('log', log.child({ requestId }));
    c.header('X-Request-Id', requestId);
    await next();
    c.get('log').debug({ method: c.req.method, path: c.req.path, status: c.res.status }, 'request');
  });
}
