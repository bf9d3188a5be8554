import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { BillingError } from '../../domain/errors.ts';
import type { AppEnv } from '../app-env.ts';

const NOT_PAGES = /^\/(api|webhooks|__dev|metrics|healthz|readyz)(\/|$)/;

/**
 * Serves the built client from `clientDir`. Files under `/assets/` carry a hash in their name and
 * may be kept for a year; every other page address answers `index.html`, which is never kept.
 */
export function clientRoutes(clientDir: string): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.use('/assets/*', async (c, next) => {
    await next();
    if (c.res.ok) c.header('Cache-Control', 'public, max-age=31536000, immutable');
  });
  routes.get('*', async (c, next) =>
    NOT_PAGES.test(c.req.path) ? next() : serveStatic<AppEnv>({ root: clientDir })(c, next),
  );
  routes.get('*', async (c, next) => {
    if (NOT_PAGES.test(c.req.path) || path.extname(c.req.path)) return next();
    const page = await readFile(path.join(clientDir, 'index.html'), 'utf8').catch(() => undefined);
    if (page === undefined) {
      throw new BillingError(
        'not_found',
        'The pages are not built; `npm run build:client` does it.',
      );
    }
    c.header('Cache-Control', 'no-cache');
    return c.html(page);
  });
  return routes;
}
