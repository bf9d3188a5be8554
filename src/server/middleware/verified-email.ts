import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';

/** What waits for a person to show that their e-mail address is theirs; for behind `requireAuth`. */
export function verifiedEmail(context: Pick<Context, 'services'>) {
  const { emailVerifier } = context.services.auth;
  return {
    /**
     * The first few messages need no proof; one that comes to nothing is given back. One that its reader hung
     * up on has come to something where the model was called: it is charged.
     */
    forMessages: createMiddleware<AppEnv>(async (c, next) => {
      const principal = c.get('principal');
      if (principal.kind !== 'user') return next();
      const isCounted = await emailVerifier.countMessage(principal);
      await next();
      if (!isCounted || c.res.status < 400 || c.get('meter')?.isOwed) return;
      await emailVerifier.uncountMessage(principal.userId);
    }),

    forPaying: createMiddleware<AppEnv>(async (c, next) => {
      const principal = c.get('principal');
      if (principal.kind === 'user') await emailVerifier.assertVerified(principal);
      await next();
    }),
  };
}
