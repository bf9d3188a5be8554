import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SubscriptionOverview } from '../../src/domain/api.ts';
import type { Caller } from '../support/http.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Takes every connection and never says a word: worse than being away. */
let silent: Server;
const held = new Set<Socket>();
let server: TestServer;

beforeAll(async () => {
  silent = createServer((socket) => {
    held.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => held.delete(socket));
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  server = await startTestServer({
    env: {
      STRIPE_SECRET_KEY: 'sk_test_squaretable',
      STRIPE_API_BASE: `http://127.0.0.1:${port}`,
    },
  });
});
afterAll(async () => {
  await server?.stop();
  for (const socket of held) socket.destroy();
  silent?.close();
});

test('while Stripe hangs, readers are answered from our copy, and chat goes on', async () => {
  const people: Caller[] = [];
  for (let n = 0; n < 12; n += 1) people.push((await server.signUp(`reader${n}`)).call);
  await server.database.pool.query(
    `update tenants set stripe_customer_id = 'cus_' || id, synced_at = now() - interval '1 hour'`,
  );
  const began = performance.now();
  const reads = people.map((one) => one.get<SubscriptionOverview>('/api/subscription'));
  const chats = people.map((one) => one.post('/api/chat', { message: 'Hello' }));
  for (const answer of await Promise.all(chats))
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  for (const { status, body } of await Promise.all(reads)) {
    expect({ status, stale: body.subscription.stale }).toEqual({ status: 200, stale: true });
  }
  // One look of 2 s for the customer and one for prices; one after another for each reader would be 24 s.
  expect(performance.now() - began).toBeLessThan(15_000);
});
