import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type Stripe from 'stripe';
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
export function sendEvent(url: string, secret: string, event: Stripe.Event): Promise<SendResult> {
  const body = JSON.stringify(event, null, 2);
  const startedAt = Date.now();
  const isHttps = url.startsWith('https:');
  return new Promise((resolve) => {
    const done = (status: number | null, error: string | null) => {
      resolve({ status, error, durationMs: Date.now() - startedAt });
    };
    const request = (isHttps ? httpsRequest : httpRequest)(
      url,
      {
        method: 'POST',
        agent: isHttps ? httpsAgent : httpAgent,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
          accept: '*/*; q=0.5, application/xml',
          'stripe-signature': signatureHeader(body, secret, Math.floor(startedAt / 1000)),
        },
      },
      (response) => {
        response.resume();
        response.on('end', () => done(response.statusCode ?? null, null));
        response.on('error', (error) => done(null, error.message));
      },
    );
    request.setTimeout(timeoutMs, () => request.destroy(new Error('timed out')));
    request.on('error', (error) => done(null, error.message || 'connection failed'));
    request.end(body);
  });
}

/** Closes connections kept open to endpoints. */
export function closeIdleConnections(): void {
  httpAgent.destroy();
  httpsAgent.destroy();
}
