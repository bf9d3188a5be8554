import { existsSync } from 'node:fs';
import path from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type MiddlewareHandler } from 'hono';
import { BillingError } from '../../domain/errors.ts';
import type { AppEnv } from '../app-env.ts';
import { compressionFor } from './accept-encoding.ts';

const NOT_PAGES = /^\/(api|webhooks|__dev|metrics|healthz|readyz)(\/|$)/;

/** Files of the build that are for the server alone: its notes, and what is sent compressed. */
const NOT_SERVED = /(^|\/)\.|\.(br|gz)$/;

const FOR_A_YEAR = 'public, max-age=31536000, immutable';

/**
 * Serves the built client from `clientDir`, each file as the build compressed it to who accepts
 * that. Files under `/assets/` carry a hash in their name and may be kept for a year; everything
 * else is asked for again. A page address answers `index.html`; an unknown one that names a file
 * (it has an extension, or lies under `/assets/`) is 404, or a missing picture would be a page.
 */
export function clientRoutes(clientDir: string): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  const file = whenBuilt(clientDir, { root: clientDir });
  const page = whenBuilt(clientDir, { path: path.join(clientDir, 'index.html') });
  routes.get('*', async (c, next) => {
    if (NOT_PAGES.test(c.req.path)) return next();
    const hashed = c.req.path.startsWith('/assets/');
    c.header('Cache-Control', hashed ? FOR_A_YEAR : 'no-cache');
    const answer = await (NOT_SERVED.test(c.req.path) ? undefined : file(c, nothing));
    if (answer) return answerOf(answer, hashed);
    if (hashed || path.extname(c.req.path) || NOT_SERVED.test(c.req.path)) return next();
    const shell = await page(c, nothing);
    return shell ? answerOf(shell, false) : next();
  });
  return routes;
}

/** A page comes with dozens of files, so headers weigh: what is never asked for again needs no date. */
function answerOf(answer: Response, hashed: boolean): Response {
  answer.headers.set('Vary', 'Accept-Encoding');
  if (hashed) answer.headers.delete('Last-Modified');
  return answer;
}

const nothing = () => Promise.resolve();

/** The files of a build that may be made after the start, as `npm run dev:client` does. */
function whenBuilt(clientDir: string, options: { root?: string; path?: string }) {
  let serve: MiddlewareHandler<AppEnv> | undefined;
  return (async (c, next) => {
    if (!serve) {
      if (!existsSync(path.join(clientDir, 'index.html'))) {
        throw new BillingError('not_found', 'The pages are not built; `npm run build` does it.');
      }
      serve = serveStatic<AppEnv>({ ...options, precompressed: true });
    }
    const asked = c.req.raw;
    c.req.raw = forFiles(asked);
    try {
      return await serve(c, next);
    } finally {
      c.req.raw = asked;
    }
  }) satisfies MiddlewareHandler<AppEnv>;
}

/**
 * The request as the files' server reads it right: it takes weights of encodings for their names. Parts
 * of files are not given, for no file is large, and a part without a validator may be of another build.
 */
function forFiles(asked: Request): Request {
  const encoding = compressionFor(asked.headers.get('Accept-Encoding') ?? '');
  const headers = encoding ? { 'Accept-Encoding': encoding } : undefined;
  return new Request(asked.url, { method: asked.method, ...(headers && { headers }) });
}
