import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { AppEnv } from '../app-env.ts';

/**
 * The address at the other end of the socket. `X-Forwarded-For` is not read, for anybody can send
 * it: behind a proxy this is the proxy's address, and limits that use it fall back to their other
 * part (the e-mail).
 */
export function clientAddress(c: Context<AppEnv>): string {
  const bindings = c.env as Partial<HttpBindings> | undefined;
  return bindings?.incoming?.socket.remoteAddress ?? 'unknown';
}
