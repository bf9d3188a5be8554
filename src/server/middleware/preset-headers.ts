import {
  ServerResponse,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
} from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { AppEnv } from '../app-env.ts';

/** Headers by their names in small letters. */
export type PresetHeaders = Readonly<Record<Lowercase<string>, string>>;

/**
 * Node's answer with headers that are known before there is one, and go with those that it is written with.
 * Node keeps, checks and copies each header that is set by itself, and then all of them once more.
 */
export class PresetResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  preset: PresetHeaders = {};

  /** As Node's; what it is written with has the last word. */
  override writeHead(
    status: number,
    reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): this {
    const [text, own] = typeof reason === 'string' ? [reason, headers] : [undefined, reason];
    const all: OutgoingHttpHeaders = { ...this.preset };
    if (Array.isArray(own)) {
      for (let at = 0; at < own.length; at += 2) {
        all[String(own[at]).toLowerCase()] = own[at + 1];
      }
    } else {
      for (const name in own) all[name.toLowerCase()] = own[name];
    }
    return text === undefined ? super.writeHead(status, all) : super.writeHead(status, text, all);
  }
}

/**
 * Sets headers of the answer before there is one; a route that sets one too has the last word. They
 * go straight into Node's answer: one header in Hono's own keeping, and every answer builds, copies
 * and sorts a `Headers` object, which takes longer than all else that is done for a request.
 */
export function presetHeaders(c: Context<AppEnv>, headers: PresetHeaders): void {
  // Tests may ask the app without a server.
  const outgoing = (c.env as Partial<HttpBindings> | undefined)?.outgoing;
  if (outgoing instanceof PresetResponse) outgoing.preset = { ...outgoing.preset, ...headers };
  else for (const [name, value] of Object.entries(headers)) c.header(name, value);
}
