import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';

interface ProxiedCall {
  method: string;
  path: string;
  body: string;
}

/** What to answer instead of Stripe; `undefined` lets the call through. */
export type Guard = (call: ProxiedCall) => number | undefined;

export interface StripeProxy {
  url: URL;
  /** Decides about every call from now on. */
  guard: Guard;
  /** What the answer waits for that Stripe has given already; by then it may be old. */
  answersAfter: (call: ProxiedCall) => Promise<void> | undefined;
  /** What becomes of an answer's text on its way; `undefined` leaves it as it is. */
  rewrites: (call: ProxiedCall, text: string) => string | undefined;
  /** Every call that came, as `GET /v1/…`. */
  calls: string[];
  close(): Promise<void>;
}

/** Stands before a local Stripe and fails the calls that a test picks, for one customer say. */
export async function openStripeProxy(stripeUrl: string): Promise<StripeProxy> {
  const behind = new URL(stripeUrl);
  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const { method = 'GET', url: path = '/' } = incoming;
      proxy.calls.push(`${method} ${path}`);
      const call = { method, path, body: body.toString() };
      const status = proxy.guard(call);
      if (status !== undefined) {
        answer.writeHead(status, { 'Content-Type': 'application/json' });
        answer.end(
          JSON.stringify({ error: { type: 'api_error', message: 'Failed by the test.' } }),
        );
        return;
      }
      const onward = request(
        { host: behind.hostname, port: behind.port, path, method, headers: incoming.headers },
        async (reply) => {
          await proxy.answersAfter(call);
          const text = await readText(reply);
          const {
            'content-length': _length,
            'transfer-encoding': _coding,
            ...headers
          } = reply.headers;
          answer.writeHead(reply.statusCode ?? 500, headers);
          answer.end(proxy.rewrites(call, text) ?? text);
        },
      );
      onward.on('error', () => answer.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: StripeProxy = {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    guard: () => undefined,
    answersAfter: () => undefined,
    rewrites: () => undefined,
    calls: [],
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return proxy;
}
