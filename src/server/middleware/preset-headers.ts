import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { AppEnv } from '../app-env.ts';

/**
 * Sets headers of the answer before there is one; a route that sets one too has the last word. They
 * go straight into Node's answer: one header in Hono's own keeping, and every answer builds, copies
 * and sorts a `Headers` object, which takes longer than all else that is done for a request.
 */
export function presetHeaders(
  c: Context<AppEnv>,
  headers: readonly (readonly [name: string, value: string])[],
): void {
  // Tests may ask the app without a server.
  const outgoing = (c.env as Partial<HttpBindings> | undefined)?.outgoing;
  for (const [name, value] of headers) {
    if (outgoing) outgoing.setHeader(name, value);
    else c.header(name, value);
  }
}
