import { request } from 'node:http';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { imbalances } from '../../../../tests/support/metered-tenant.ts';
import { countersOf, putOnPlan } from '../../../../tests/support/metering.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

const CALLS = 60;

let server: TestServer;
let token: string;
let tenantId: string;
let apiKey: string;
beforeAll(async () => {
  server = await startTestServer();
  const { session, call } = await server.signUp();
  token = session.accessToken;
  tenantId = session.tenant.id;
  await putOnPlan(server.database, tenantId, 'team');
  apiKey = (await call.post<{ key: string }>('/api/api-keys', { name: 'Leaver' })).body.key;
});
afterAll(async () => {
  expect(await imbalances(server.database.pool)).toEqual([]);
  await server.stop();
});

const drawn = async () => {
  const { used, held } = (await countersOf(server.database.pool, tenantId)).images;
  return { used, held };
};

/** Sends a request that has surely begun, and is gone `afterMs` later: before, while or after it is answered. */
function leave(bearer: string, body: object, afterMs: number): Promise<void> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve) => {
    const sent = request({
      ...{ hostname, port, path: '/api/images', method: 'POST', agent: false },
      headers: {
        Authorization: `Bearer ${bearer}`,
        'Content-Type': 'application/json',
        // The server says so when the request has come to it.
        Expect: '100-continue',
      },
    });
    sent.on('continue', () => {
      sent.end(JSON.stringify(body), () => setTimeout(() => sent.destroy(), afterMs));
    });
    sent.on('response', (answer) => answer.resume());
    sent.on('error', () => undefined);
    sent.on('close', resolve);
    sent.flushHeaders();
  });
}

/** Requests for pictures that came to their end, by status. */
async function handled(): Promise<Record<string, number>> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const counts: Record<string, number> = {};
  for (const [, labels, value] of text.matchAll(/^\w+_count\{(.*)\} (\d+)$/gm)) {
    if (!labels!.includes('route="/api/images"')) continue;
    const status = /status="(\d+)"/.exec(labels!)?.[1] ?? '?';
    counts[status] = (counts[status] ?? 0) + Number(value);
  }
  return counts;
}

/** All leave, each at a moment of its own; resolves when the server is done with all of them. */
async function allLeave(bearer: string, before: number): Promise<Record<string, number>> {
  await Promise.all(
    Array.from({ length: CALLS }, (_, n) =>
      leave(bearer, { prompt: `tower ${n}` }, Math.random() * 60),
    ),
  );
  let counts: Record<string, number> = {};
  await vi.waitFor(
    async () => {
      counts = await handled();
      expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(before + CALLS);
    },
    { timeout: 60_000, interval: 50 },
  );
  return counts;
}

test('10.1 who hangs up on a picture owes it when it was drawn, and holds nothing', async () => {
  const { 200: good = 0, ...others } = await allLeave(token, 0);
  // A body that was cut is no request; whatever else came was drawn.
  expect(Object.keys(others).filter((status) => status !== '400')).toEqual([]);
  expect(good).toBeGreaterThan(0);
  await expect.poll(drawn).toEqual({ used: good, held: 0 });
});

test('10.1 who hangs up on a call with an API key owes the call', async () => {
  const before = await drawn();
  await allLeave(apiKey, CALLS);
  const { used, held } = await drawn();
  expect((await countersOf(server.database.pool, tenantId)).api_calls).toEqual({
    used: CALLS,
    held: 0,
  });
  expect(held).toBe(0);
  expect(used - before.used).toBeLessThanOrEqual(CALLS);
});
