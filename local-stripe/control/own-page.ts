import type { Context as HonoContext } from 'hono';
import { ControlError } from './errors.ts';

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses what a foreign web page makes a browser send: it could reset the state of whoever runs
 * this. Programs send no `Origin`, our own pages a loopback one; and a foreign name that was made to
 * point here shows in `Host`.
 */
export function assertOwnPage(c: HonoContext): void {
  const origin = c.req.header('origin');
  const site = c.req.header('sec-fetch-site');
  const isForeign =
    (origin !== undefined && !isLoopback(origin)) ||
    (c.req.method !== 'GET' && site === 'cross-site') ||
    !isLoopback(`http://${c.req.header('host') ?? 'localhost'}`);
  if (!isForeign) return;
  throw new ControlError(403, 'foreign_page', 'Only pages of this machine may control it.');
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && loopback.has(new URL(url).hostname);
}
