import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStripeClient } from '../client.ts';
import { withinRequestTime } from '../request-time.ts';

/** Answers call after call as the test says; the last way for all that follow. */
let ways: ((response: ServerResponse) => void)[];
let calls: { method: string; key: string | undefined }[];
let server: Server;
let port: number;
beforeEach(async () => {
  calls = [];
  server = createServer((request, response) => {
    const key = request.headers['idempotency-key'];
    calls.push({ method: request.method!, key: key === undefined ? undefined : String(key) });
    (ways.length > 1 ? ways.shift() : ways[0])!(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const client = (timeout: number) =>
  createStripeClient(
    { secretKey: 'sk_test_x', apiBase: new URL(`http://127.0.0.1:${port}`) },
    { timeout, maxNetworkRetries: 0 },
  );
const answering =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify(status < 400 ? { id: 'cus_1' } : { error: { message: 'slower' } }));
  };
const silent = () => undefined;
/** A byte now and then, and never the end. */
const trickling = (response: ServerResponse) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const drip = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(drip));
};

describe('10.17 a 429 of Stripe', () => {
  test('is tried again within the call’s time, under the same key', async () => {
    ways = [answering(429), answering(429), answering(200)];
    const made = await client(30_000).customers.create({ name: 'A' }, { idempotencyKey: 'once' });
    expect(made.id).toBe('cus_1');
    expect(calls).toEqual(Array(3).fill({ method: 'POST', key: 'once' }));
  });

  test('is told when the time would be over before the next try', async () => {
    ways = [answering(429)];
    await expect(client(2_500).customers.list()).rejects.toMatchObject({
      type: 'StripeRateLimitError',
    });
    expect(calls.length).toBeGreaterThan(1);
  });

  test.each([
    ['that asks for a longer pause than there is time', { 'Retry-After': '60' }],
    ['that says that it is of no use', { 'Stripe-Should-Retry': 'false' }],
  ])('%s is told at once', async (_case, headers) => {
    ways = [answering(429, headers)];
    await expect(client(30_000).customers.list()).rejects.toMatchObject({ statusCode: 429 });
    expect(calls).toHaveLength(1);
  });

  test('is all that is tried again so: another refusal is told', async () => {
    ways = [answering(429), answering(402)];
    await expect(client(30_000).customers.list()).rejects.toMatchObject({ statusCode: 402 });
    expect(calls).toHaveLength(2);
  });
});

describe('10.22 a call to Stripe has an end,', () => {
  test.each([
    ['silent', silent],
    ['trickling', trickling],
  ])('also to one that is %s', async (_case, way) => {
    ways = [way];
    await expect(client(200).customers.list()).rejects.toMatchObject({
      type: 'StripeConnectionError',
    });
  });

  test('which all calls of a request share, and after it nothing is sent', async () => {
    ways = [silent];
    const end = performance.now() + 301;
    await withinRequestTime(async () => {
      const stripe = client(150);
      await expect(stripe.customers.list()).rejects.toThrow();
      await expect(client(60_000).customers.list()).rejects.toThrow();
      const sent = calls.length;
      expect(sent).toBeLessThanOrEqual(2);
      // A timer may come a part of a millisecond before the end that it was set to.
      while (performance.now() < end) await new Promise((next) => setImmediate(next));
      await expect(stripe.customers.create({ name: 'B' })).rejects.toMatchObject({
        type: 'StripeConnectionError',
      });
      expect(calls).toHaveLength(sent);
    }, 300);
  });
});
