import { OpenAPIHono } from '@hono/zod-openapi';
import { BillingError } from '../../domain/errors.ts';
import type { AppEnv } from '../app-env.ts';

/**
 * A router whose requests are checked by zod before a handler runs: a request that does not fit is
 * answered 400 `invalid_request` with `details.issues: [{path, message}]`.
 */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const issues = result.error.issues.map(({ path, message }) => ({
        path: path.join('.'),
        message,
      }));
      const first = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message))[0];
      throw new BillingError('invalid_request', `The request is not valid (${first}).`, {
        data: { issues },
      });
    },
  });
}
