import { createHash, timingSafeEqual } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { BillingError } from '../../domain/errors.ts';
import type { AppEnv } from '../app-env.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Lets in other services of the platform: those that show `USAGE_INGEST_TOKEN`. */
export function requireService(token: string | undefined) {
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`);
  return createMiddleware<AppEnv>(async (c, next) => {
    const shown = digest(c.req.header('authorization') ?? '');
    if (expected === undefined || !timingSafeEqual(shown, expected)) {
      c.header('WWW-Authenticate', 'Bearer');
      throw new BillingError(
        'unauthenticated',
        'Send `Authorization: Bearer <USAGE_INGEST_TOKEN>`.',
      );
    }
    await next();
  });
}
