import { once } from 'node:events';
import type { HttpBindings } from '@hono/node-server';
import type { Context as HonoContext } from 'hono';
import type { Call } from './call-log.ts';
import { StripeError } from './errors.ts';
import type { Kernel } from './kernel.ts';
import type { FailureRule, FiredFailure } from './rows.ts';
import { changeChaos, readSettings } from './settings.ts';

/** Where a request goes, as a rule looks at it. `search` tells one list call from another. */
export interface IncomingRequest {
  method: string;
  path: string;
  search: string;
}

/**
 * The failure that is to strike this request, or null. Rules are asked in their order; each counts
 * the requests that match it until its `nth`, which it fails, and the later ones do not hear of that.
 */
export function takeFailure(
  kernel: Kernel,
  call: Call,
  arrival: IncomingRequest,
): FailureRule | null {
  const { chaos } = readSettings(kernel.store);
  const origin = originOf(call, arrival);
  const earlier = chaos.fired.find((one) => one.repeatsLeft > 0 && one.origin === origin);
  if (earlier !== undefined) {
    const fired = chaos.fired.map((one) =>
      one === earlier ? { ...one, repeatsLeft: one.repeatsLeft - 1 } : one,
    );
    kernel.run((ctx) => changeChaos(ctx.store, { fired }));
    return earlier.rule;
  }
  const failNext: FailureRule[] = [];
  let struck: FailureRule | null = null;
  for (const rule of chaos.failNext) {
    if (struck !== null || !matches(rule, call, arrival)) failNext.push(rule);
    else if ((rule.seen ?? 0) + 1 < (rule.nth ?? 1)) {
      failNext.push({ ...rule, seen: (rule.seen ?? 0) + 1 });
    } else struck = rule;
  }
  if (struck === null && failNext.every((rule, at) => rule === chaos.failNext[at])) return null;
  const fired = struck === null ? chaos.fired : [...chaos.fired, firedOf(struck, call, origin)];
  kernel.run((ctx) => changeChaos(ctx.store, { failNext, fired }));
  return struck;
}

/** What a request that fails so is answered. Only for rules with a number as `status`. */
export function failureError({ status, code, shouldRetry }: FailureRule): StripeError {
  const headers = {
    ...(status === 429 ? { 'stripe-rate-limited-reason': 'global-rate' } : {}),
    ...(shouldRetry === undefined ? {} : { 'stripe-should-retry': String(shouldRetry) }),
  };
  const named = code ?? (status === 429 ? 'rate_limit' : undefined);
  return new StripeError(
    Number(status),
    {
      type: Number(status) >= 500 ? 'api_error' : 'invalid_request_error',
      message: 'This failure was asked for by the chaos settings.',
      ...(named === undefined ? {} : { code: named }),
    },
    { headers },
  );
}

/** Answers nothing: holds the connection until the client gives up, or cuts it at once. */
export async function answerNothing(c: HonoContext, how: 'hang' | 'cut'): Promise<Response> {
  if (how === 'cut') (c.env as Partial<HttpBindings> | undefined)?.incoming?.socket.destroy();
  else if (!c.req.raw.signal.aborted) await once(c.req.raw.signal, 'abort');
  // Nobody reads this, but for callers of `fetch` without a socket.
  return new Response(null, { status: 499 });
}

/** True when a path written with `:id` or `*` for single segments is this one, or could be. */
export function pathMatches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, at) => isPlaceholder(part) || part === given[at])
  );
}

export function isPlaceholder(segment: string): boolean {
  return segment === '*' || segment.startsWith(':');
}

function matches(
  { match }: FailureRule,
  { customer }: Call,
  { method, path }: IncomingRequest,
): boolean {
  if (match?.method !== undefined && match.method !== method) return false;
  if (match?.customer !== undefined && match.customer !== customer) return false;
  return match?.path === undefined || pathMatches(match.path, path);
}

function firedOf(rule: FailureRule, call: Call, origin: string): FiredFailure {
  const { number, method, path } = call;
  return { rule, call: number, method, path, origin, repeatsLeft: rule.repeats ?? 0 };
}

/** Equal for a request and its repeat by the SDK, which sends a POST with the same key again. */
function originOf(
  { number, idempotencyKey }: Call,
  { method, path, search }: IncomingRequest,
): string {
  const key = method === 'POST' ? (idempotencyKey ?? `call ${number}`) : '';
  return `${method} ${path}${search} ${key}`;
}
