import { hash, timingSafeEqual } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { BillingError } from '../../domain/errors.ts';
import type { AppEnv } from '../app-env.ts';

const digest = (text: string) => hash('sha256', text, 'buffer');

/**
 * Lets in programs that show the token of `variable` as bearer; nobody where that is not set, which
 * the answer says.
 */
export function requireToken(
  token: string | undefined,
  variable: 'USAGE_INGEST_TOKEN' | 'METRICS_TOKEN',
) {
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`);
  const sentence =
    token === undefined
      ? `${variable} is not set; set it, and send it as \`Authorization: Bearer <${variable}>\`.`
      : `Send \`Authorization: Bearer <${variable}>\`.`;
  return createMiddleware<AppEnv>((c, next) => {
    const shown = digest(c.req.header('authorization') ?? '');
    if (expected === undefined || !timingSafeEqual(shown, expected)) {
      c.header('WWW-Authenticate', 'Bearer');
      throw new BillingError('unauthenticated', sentence);
    }
    return next();
  });
}
