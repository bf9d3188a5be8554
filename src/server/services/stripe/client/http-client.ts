import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Stripe } from 'stripe';
import { noTrace, type Trace } from '../../operations/tracing/trace.ts';
import { requestTimeLeft } from './request-time.ts';

type HttpClient = ReturnType<typeof Stripe.createNodeHttpClient>;
type HttpResponse = Awaited<ReturnType<HttpClient['makeRequest']>>;

/** The first pause after a 429; each further one is twice as long. */
const PAUSE_MS = 250;

/**
 * The SDK's own HTTP client, with an end: a call takes as long as its timeout says in all, whatever
 * trickles in meanwhile (the SDK's is for silence alone), at most `maxMs`, and not beyond what the
 * request that waits for it has left. Within that time a 429 is asked again: Stripe did nothing.
 */
export function deadlineHttpClient(
  maxMs = Number.POSITIVE_INFINITY,
  trace: Trace = noTrace,
): HttpClient {
  const inner = Stripe.createNodeHttpClient();
  const client: HttpClient = {
    getClientName: () => inner.getClientName(),
    async makeRequest(host, port, path, method, headers, data, protocol, timeout) {
      const until = performance.now() + Math.min(timeout, maxMs, requestTimeLeft());
      for (let attempt = 0; ; attempt += 1) {
        const leftMs = until - performance.now();
        if (leftMs <= 0) throw timedOut();
        const response = await within(
          leftMs,
          inner.makeRequest(host, port, path, method, headers, data, protocol, leftMs),
        );
        cutBody(response, until);
        const waitMs = pauseAfter(response, attempt);
        if (waitMs === undefined || performance.now() + waitMs >= until) return response;
        await response.toJSON().catch(() => undefined);
        await pause(waitMs);
      }
    },
  };
  return trace.on ? traced(client, trace) : client;
}

/** Each call a part of the trace under way; its path without what was asked. */
function traced(client: HttpClient, trace: Trace): HttpClient {
  return {
    getClientName: () => client.getClientName(),
    makeRequest(...call) {
      const [, , path, method] = call;
      const name = `Stripe ${method} ${path.replace(/\?.*$/, '')}`;
      return trace.span(name, { kind: 'client' }, async (span) => {
        const response = await client.makeRequest(...call);
        const headers = response.getHeaders() as Record<string, string | undefined>;
        span.set({
          'http.request.method': method,
          'http.response.status_code': response.getStatusCode(),
          'stripe.request_id': headers['request-id'] ?? '',
        });
        return response;
      });
    },
  };
}

/** How long to wait before the call is made again; `undefined` where it is not to be. */
function pauseAfter(response: HttpResponse, attempt: number): number | undefined {
  if (response.getStatusCode() !== 429) return undefined;
  const headers = response.getHeaders() as Record<string, string | undefined>;
  if (headers['stripe-should-retry'] === 'false') return undefined;
  // Spread, so that those who were refused together do not come back together.
  const growing = PAUSE_MS * 2 ** attempt * (1 + Math.random());
  return Math.max(growing, Number(headers['retry-after'] ?? 0) * 1000 || 0);
}

/** The SDK tells a call that ran out of time by this code. */
const timedOut = () =>
  Object.assign(new Error('Stripe did not answer in time.'), { code: 'ETIMEDOUT' });

async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut()), Math.max(milliseconds, 1));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}

/** A body that is not there in time is a call that was not answered. */
function cutBody(response: HttpResponse, until: number): void {
  const body = response.getRawResponse() as IncomingMessage;
  const leftMs = Math.max(until - performance.now(), 1);
  const timer = setTimeout(() => body.destroy(timedOut()), leftMs).unref();
  body.once('close', () => clearTimeout(timer));
}
