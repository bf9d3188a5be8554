import type { Context as HonoContext } from 'hono';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { clientAddressReader } from '../middleware/client-address.ts';
import type { ClientInfo } from '../services/accounts/credentials.ts';

const USER_AGENT_MAX = 400;

/** Reads where a request comes from: address and browser. */
export function originReader(context: Context): (c: HonoContext<AppEnv>) => ClientInfo {
  const addressOf = clientAddressReader(context.config.trustedProxies, () =>
    context.services.health.noteUntrustedProxy(),
  );
  return (c) => ({
    ...addressOf(c),
    userAgent: c.req.header('user-agent')?.slice(0, USER_AGENT_MAX) ?? null,
  });
}
