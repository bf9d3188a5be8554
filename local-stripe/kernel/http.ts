import { Hono } from 'hono';
import type { Context as HonoContext } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { assertOwnAccount, assertTestKey, assertVersion } from './auth.ts';
import type { Call } from './call-log.ts';
import { answerNothing, failureError, takeFailure } from './chaos.ts';
import type { IncomingRequest } from './chaos.ts';
import { StripeError, invalidRequest } from './errors.ts';
import { apiVersion } from './events.ts';
import { expandAll } from './expand.ts';
import type { Known } from './expand.ts';
import { parseForm } from './form.ts';
import type { RawParams } from './form.ts';
import { findSavedAnswer, fingerprint, isSaved, saveAnswer } from './idempotency.ts';
import type { Kernel } from './kernel.ts';
import type { Context, Params, Route } from './types.ts';

const maxBodyBytes = 1024 * 1024;

/** Checks and coerces the raw form of a request to `METHOD path`; throws `StripeError`. */
export type ParseParams = (endpoint: string, raw: RawParams) => Params;

interface Answer {
  status: number;
  body: string;
  headers: Record<string, string>;
}

/** What the API needs of those above the kernel. */
export interface ApiDeps {
  parseParams: ParseParams;
  /** Does what is overdue. */
  catchUp: () => void;
  /** As `Known` says, for `expand`. */
  emptyValue: Known['emptyValue'];
  /** The customer whom a request with this path, query and body is about. */
  customerOf: (store: Kernel['store'], request: string) => string | null;
}

/** The API, `/v1/**`, over the kernel's resources. */
export function apiServer(kernel: Kernel, deps: ApiDeps): Hono {
  const { catchUp, customerOf } = deps;
  const app = new Hono();
  const base = {
    'content-type': 'application/json',
    'stripe-version': apiVersion,
    'cache-control': 'no-cache, no-store',
  };

  const answer = async (c: HonoContext, route: Route | null) => {
    const requestId = kernel.newRequestId();
    catchUp();
    const customer = customerOf(kernel.store, await wordsOf(c));
    const call = noteCall(kernel, c, route, { requestId, customer });
    const failure = route && takeFailure(kernel, call, arrivalOf(c));
    let result: Answer | null = null;
    if (failure === null || failure.when === 'after') {
      try {
        result = await answerRequest(kernel, deps, c, route, requestId);
      } catch (error) {
        result = errorAnswer(kernel, error, requestId);
      }
    }
    if (failure !== null) {
      const { status, when = 'before' } = failure;
      call.fault = { status, when };
      if (typeof status !== 'number') return answerNothing(c, status);
      result = errorAnswer(kernel, failureError(failure), requestId);
    }
    const answered = result as Answer;
    call.status = answered.status;
    call.isReplayed = answered.headers['idempotent-replayed'] === 'true';
    const headers = { ...base, 'request-id': requestId, ...answered.headers };
    return c.body(answered.body, answered.status as ContentfulStatusCode, headers);
  };

  for (const { routes } of kernel.resources) {
    for (const route of routes) app.on(route.method, route.path, (c) => answer(c, route));
  }
  app.all('/v1/*', (c) => answer(c, null));
  app.all('/v2/*', (c) => answer(c, null));
  return app;
}

function arrivalOf(c: HonoContext): IncomingRequest {
  const { pathname, search } = new URL(c.req.url);
  return { method: c.req.method, path: pathname, search };
}

/** Everything in which a request may name something. Too large a body is refused later. */
async function wordsOf(c: HonoContext): Promise<string> {
  const { path, search } = arrivalOf(c);
  const isLarge = Number(c.req.header('content-length') ?? 0) > maxBodyBytes;
  const body = c.req.method === 'POST' && !isLarge ? await c.req.text() : '';
  return `${path} ${search} ${body}`;
}

function noteCall(
  kernel: Kernel,
  c: HonoContext,
  route: Route | null,
  known: Pick<Call, 'requestId' | 'customer'>,
): Call {
  const { method, path } = arrivalOf(c);
  return kernel.calls.add({
    at: kernel.now(),
    ...known,
    method,
    path,
    endpoint: route === null ? null : `${route.method} ${route.path}`,
    idempotencyKey: c.req.header('idempotency-key') ?? null,
  });
}

async function answerRequest(
  kernel: Kernel,
  deps: ApiDeps,
  c: HonoContext,
  route: Route | null,
  requestId: string,
): Promise<Answer> {
  assertTestKey(c.req.header('authorization'));
  assertVersion(c.req.header('stripe-version'), apiVersion);
  assertOwnAccount(c.req.header('stripe-account'));
  const url = new URL(c.req.url);
  if (c.req.header('stripe-account') !== undefined) {
    throw invalidRequest('The local Stripe does not imitate Connect: leave `Stripe-Account` out.');
  }
  if (route === null) throw unknownUrl(kernel, c.req.method, url.pathname);
  const text = c.req.method === 'POST' ? await readBody(c) : url.search.slice(1);

  const key = c.req.method === 'POST' ? (c.req.header('idempotency-key') ?? null) : null;
  const echo: Record<string, string> = key === null ? {} : { 'idempotency-key': key };
  const print = fingerprint(c.req.method, url.pathname, text);
  const saved = key === null ? null : findSavedAnswer(kernel, key, print);
  if (saved !== null) {
    const replayed = { 'idempotent-replayed': 'true', 'original-request': saved.requestId };
    return { status: saved.status, body: saved.body, headers: { ...echo, ...replayed } };
  }

  const raw = parseForm(text);
  const params = deps.parseParams(`${route.method} ${route.path}`, raw);
  let result: Answer | null = null;
  kernel.runRecorded(
    (ctx) => JSON.stringify(execute(kernel, deps, ctx, route, params, c.req.param())),
    { id: requestId, idempotencyKey: key },
    (outcome) => {
      const error = 'error' in outcome ? outcome.error : null;
      result =
        'error' in outcome
          ? errorAnswer(kernel, error, requestId)
          : { status: 200, body: outcome.value, headers: {} };
      if (key === null || (error instanceof StripeError && !isSaved(error))) return;
      const { status, body } = result;
      saveAnswer(kernel, { id: key, fingerprint: print, requestId, status, body });
    },
  );
  const answered = result as unknown as Answer;
  return { ...answered, headers: { ...answered.headers, ...echo } };
}

function execute(
  kernel: Kernel,
  { emptyValue }: ApiDeps,
  ctx: Context,
  route: Route,
  params: Params,
  path: Record<string, string>,
): object {
  const { expand, ...rest } = params;
  const answer = present(kernel, ctx, route.handle(ctx, rest, path));
  const known = { resourceOf: kernel.resourceOf, emptyValue };
  const expanded =
    expand === undefined ? answer : expandAll(ctx, known, answer, expand as string[]);
  kernel.check?.response(`${route.method} ${route.path}`, expanded);
  return expanded;
}

function present(kernel: Kernel, ctx: Context, answer: object): object {
  const { object, data } = answer as { object?: string; data?: object[] };
  if ((object === 'list' || object === 'search_result') && data !== undefined) {
    return { ...answer, data: data.map((one) => present(kernel, ctx, one)) };
  }
  if ((answer as { deleted?: boolean }).deleted === true) return answer;
  const presenter = kernel.resourceOf(object ?? '')?.present as
    ((ctx: Context, object: object) => object) | undefined;
  return presenter === undefined ? answer : presenter(ctx, answer);
}

async function readBody(c: HonoContext): Promise<string> {
  const type = c.req.header('content-type') ?? '';
  const declared = Number(c.req.header('content-length') ?? 0);
  const tooLarge = new StripeError(413, {
    type: 'invalid_request_error',
    message: `The request body is larger than ${maxBodyBytes} bytes.`,
  });
  if (declared > maxBodyBytes) throw tooLarge;
  const bytes = await c.req.arrayBuffer();
  if (bytes.byteLength > maxBodyBytes) throw tooLarge;
  if (bytes.byteLength > 0 && /json|multipart/.test(type)) {
    throw invalidRequest(
      `Invalid request: send parameters as application/x-www-form-urlencoded, not ${type.slice(0, 100)}.`,
    );
  }
  return Buffer.from(bytes).toString('utf8');
}

function unknownUrl(kernel: Kernel, method: string, path: string): StripeError {
  const area = kernel.refusedArea(path);
  if (area !== null) {
    return new StripeError(404, {
      type: 'invalid_request_error',
      message: `The local Stripe does not imitate ${area}: ${method} ${path} exists at Stripe, not here.`,
    });
  }
  return new StripeError(404, {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/. (This is the local Stripe: it imitates what local-stripe/README.md lists.)`,
  });
}

function errorAnswer(kernel: Kernel, error: unknown, requestId: string): Answer {
  if (!(error instanceof StripeError)) {
    kernel.log(
      `${requestId}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
  const known =
    error instanceof StripeError
      ? error
      : new StripeError(500, {
          type: 'api_error',
          message: `The local Stripe has a bug: ${error instanceof Error ? error.message : String(error)}`,
        });
  const link = `${kernel.baseUrl}/_control#${requestId}`;
  const { code } = known.body;
  const doc_url = code && `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`;
  // Whoever has no valid key is not led to anybody's log.
  const log = known.status === 401 ? {} : { request_log_url: link };
  const body = JSON.stringify({ error: { ...known.body, doc_url, ...log } });
  return { status: known.status, body, headers: known.headers };
}
