import { hash, timingSafeEqual } from 'node:crypto';
import { BillingError } from '../../domain/errors.ts';
import type { Step } from './in-one-step.ts';

const digest = (text: string) => hash('sha256', text, 'buffer');

/**
 * Lets in programs that show the token of `variable` as bearer; nobody where that is not set, which
 * the answer says.
 */
export function requireToken(
  token: string | undefined,
  variable: 'USAGE_INGEST_TOKEN' | 'METRICS_TOKEN',
): Step {
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`);
  const sentence =
    token === undefined
      ? `${variable} is not set; set it, and send it as \`Authorization: Bearer <${variable}>\`.`
      : `Send \`Authorization: Bearer <${variable}>\`.`;
  return (c) => {
    const shown = digest(c.req.header('authorization') ?? '');
    if (expected === undefined || !timingSafeEqual(shown, expected)) {
      c.header('WWW-Authenticate', 'Bearer');
      throw new BillingError('unauthenticated', sentence);
    }
  };
}
