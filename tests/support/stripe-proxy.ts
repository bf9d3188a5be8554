import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What to answer instead of Stripe; `undefined` lets the call through. */
export type Guard = (call: { method: string; path: string; body: string }) => number | undefined;

export interface StripeProxy {
  url: URL;
  /** Decides about every call from now on. */
  guard: Guard;
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
      const status = proxy.guard({ method, path, body: body.toString() });
      if (status !== undefined) {
        answer.writeHead(status, { 'Content-Type': 'application/json' });
        answer.end(
          JSON.stringify({ error: { type: 'api_error', message: 'Failed by the test.' } }),
        );
        return;
      }
      const onward = request(
        { host: behind.hostname, port: behind.port, path, method, headers: incoming.headers },
        (reply) => {
          answer.writeHead(reply.statusCode ?? 500, reply.headers);
          reply.pipe(answer);
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
    calls: [],
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return proxy;
}
