import type { Context, Next } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app-env.ts';

/**
 * HEAD runs the route of GET for its status and headers. The router would drop the body unread,
 * and with it whatever the body holds open; here it is told that nobody reads it. Streams of ours
 * do not even open for HEAD (`routes/answer-stream.ts`).
 */
export const headWithoutBody = createMiddleware<AppEnv>((c, next) =>
  c.req.method === 'HEAD' ? dropBody(c, next) : next(),
);

async function dropBody(c: Context<AppEnv>, next: Next): Promise<void> {
  await next();
  await c.res.body?.cancel();
}
