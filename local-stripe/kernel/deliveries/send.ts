import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { EventBody } from '../rows.ts';
import { signatureHeader } from './signature.ts';

/** Longer than this an endpoint may not think, in real milliseconds. */
const timeoutMs = 10_000;
const httpAgent = new HttpAgent({ keepAlive: true, maxSockets: 32 });
const httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets: 32 });

export interface SendResult {
  /** Null when no answer came. */
  status: number | null;
  error: string | null;
  durationMs: number;
}

/** POSTs one event to an endpoint, freshly signed. Never throws; redirects are not followed. */
export async function sendEvent(
  url: string,
  secret: string,
  event: EventBody,
  signal: AbortSignal,
): Promise<SendResult> {
  const body = JSON.stringify(event, null, 2);
  const startedAt = Date.now();
  for (;;) {
    const answer = await post(url, secret, body, signal);
    // The endpoint closed a connection kept open just as we used it: that was no attempt.
    if (answer.isStale) continue;
    return { status: answer.status, error: answer.error, durationMs: Date.now() - startedAt };
  }
}

interface Answer {
  status: number | null;
  error: string | null;
  isStale: boolean;
}

function post(url: string, secret: string, body: string, signal: AbortSignal): Promise<Answer> {
  const isHttps = url.startsWith('https:');
  return new Promise((resolve) => {
    const request = (isHttps ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      signal,
      agent: isHttps ? httpsAgent : httpAgent,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        accept: '*/*; q=0.5, application/xml',
        'stripe-signature': signatureHeader(body, secret, Math.floor(Date.now() / 1000)),
      },
    });
    const failed = (error: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && error.code === 'ECONNRESET';
      resolve({ status: null, error: error.message || 'connection failed', isStale });
    };
    request.on('response', (response) => {
      const status = response.statusCode ?? null;
      response.resume();
      response.on('end', () => resolve({ status, error: null, isStale: false }));
      response.on('error', failed);
    });
    request.setTimeout(timeoutMs, () => request.destroy(new Error('timed out')));
    request.on('error', failed);
    request.end(body);
  });
}
