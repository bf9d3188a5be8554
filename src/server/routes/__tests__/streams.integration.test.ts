import http from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { caller } from '../../../../tests/support/http.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { readEvents } from '../../../../tests/support/sse.ts';
import type { SessionView } from '../../../domain/api.ts';

/** How often each way of ending is walked: STREAM_RUNS=1000 in the long suite. */
const RUNS = Number(process.env['STREAM_RUNS'] ?? 15);
const EXPORT = '/api/subscription/usage/export.csv';
const LIVE = '/api/subscription/usage/stream';

let server: TestServer;
let token: string;
let tenantId: string;
let owner: SessionView['user'];

beforeAll(async () => {
  server = await startTestServer();
  const { session } = await server.signUp();
  tenantId = session.tenant.id;
  owner = session.user;
  // Enough rows that a reader who stops leaves most of them unsent.
  await server.context.services.usage.ensurePartitions();
  await server.database.pool.query(
    `insert into u00.usage (tenant_id, period, resource_type, amount, occurred_at, idempotency_key)
     select $1, to_char(now() at time zone 'UTC', 'YYYY-MM'), 'images', 1, now(), repeat('k', 200) || n
     from generate_series(1, 40000) n`,
    [tenantId],
  );
});
afterAll(() => server.stop());

// A thousand runs of each way take longer than a token lives.
beforeEach(async () => {
  const { email } = owner;
  const answer = await caller(server.url).post<SessionView>('/api/auth/login', {
    email,
    password: 'correct horse',
  });
  expect(answer.status).toBe(200);
  token = answer.body.accessToken;
});

const held = () => {
  const { pool } = server.database;
  const { streams } = server.context;
  return {
    connections: pool.totalCount - pool.idleCount,
    exports: streams.exports.open,
    live: streams.liveUsage.open,
  };
};
const nothing = { connections: 0, exports: 0, live: 0 };
const released = () =>
  vi.waitFor(() => expect(held()).toEqual(nothing), { timeout: 10_000, interval: 2 });

const headers = () => ({ Authorization: `Bearer ${token}` });
const get = (path: string, signal?: AbortSignal) =>
  fetch(server.url + path, { headers: headers(), ...(signal ? { signal } : {}) });

/** Sends a request and breaks the socket as `when` says. */
function broken(path: string, when: 'sent' | 'headers' | 'first byte'): Promise<void> {
  return new Promise((resolve) => {
    const request = http.get(server.url + path, { headers: headers(), agent: false });
    const drop = () => {
      request.destroy();
      resolve();
    };
    request.on('error', () => resolve());
    request.on('close', () => resolve());
    if (when === 'sent') request.on('finish', () => setImmediate(drop));
    else {
      request.on('response', (response) => {
        if (when === 'headers') drop();
        else response.once('data', drop);
      });
    }
  });
}

async function readAll(path: string): Promise<void> {
  const answer = await get(path);
  expect(answer.status).toBe(200);
  expect((await answer.text()).length).toBeGreaterThan(1_000_000);
}

async function cancelled(path: string): Promise<void> {
  const hangUp = new AbortController();
  const answer = await get(path, hangUp.signal);
  await answer.body?.getReader().read();
  hangUp.abort();
}

async function head(path: string): Promise<void> {
  const answer = await fetch(server.url + path, { method: 'HEAD', headers: headers() });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe('');
}

describe('10.8 a stream releases what it holds in every way it can end', () => {
  test.each<[string, string, (path: string) => Promise<void>]>([
    ['an export asked for by HEAD', EXPORT, head],
    ['an export broken off when sent', EXPORT, (path) => broken(path, 'sent')],
    ['an export broken off at the headers', EXPORT, (path) => broken(path, 'headers')],
    ['an export broken off at the first byte', EXPORT, (path) => broken(path, 'first byte')],
    ['an export whose reader cancels', EXPORT, cancelled],
    ['live usage asked for by HEAD', LIVE, head],
    ['live usage broken off when sent', LIVE, (path) => broken(path, 'sent')],
    ['live usage broken off at the headers', LIVE, (path) => broken(path, 'headers')],
    ['live usage broken off at the first event', LIVE, (path) => broken(path, 'first byte')],
    ['live usage whose reader cancels', LIVE, cancelled],
  ])(
    '%s',
    async (_, path, end) => {
      for (let run = 0; run < RUNS; run += 1) {
        await end(path);
        // One after the other, as a tenant may have one export: the next must find room.
        await released();
      }
    },
    60_000 + RUNS * 2_000,
  );

  test(
    'an export read to its end',
    async () => {
      for (let run = 0; run < Math.ceil(RUNS / 20); run += 1) {
        await readAll(EXPORT);
        await released();
      }
    },
    60_000 + RUNS * 2_000,
  );

  test('exports whose tenant refuses a second', async () => {
    const hangUp = new AbortController();
    const first = await get(EXPORT, hangUp.signal);
    const second = await get(EXPORT);
    expect([first.status, second.status]).toEqual([200, 429]);
    expect(await second.json()).toMatchObject({ code: 'rate_limited', details: { max: 1 } });
    expect(second.headers.get('retry-after')).toBe('5');
    hangUp.abort();
    await released();
    await readAll(EXPORT);
  });

  test('live usage: 20 a tenant, and others are not kept out by it', async () => {
    const hangUp = new AbortController();
    const streams = await Promise.all(Array.from({ length: 20 }, () => get(LIVE, hangUp.signal)));
    expect(streams.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect((await get(LIVE)).status).toBe(429);
    const other = await server.signUp('neighbour');
    const theirs = await fetch(server.url + LIVE, {
      headers: { Authorization: `Bearer ${other.session.accessToken}` },
      signal: hangUp.signal,
    });
    for await (const { data } of readEvents(theirs)) {
      expect(data).toMatchObject({ resources: expect.any(Array) });
      break;
    }
    hangUp.abort();
    await released();
  });

  test('a failing database releases the slot too', async () => {
    const answer = await get(`${EXPORT}?period=2019-13`);
    expect(answer.status).toBe(400);
    await released();
  });
});

describe('10.8 HEAD is not GET', () => {
  const paths = ['/', '/healthz', '/readyz', '/api/plans', '/api/openapi.json', '/api/docs'];
  const signedIn = ['/api/auth/me', '/api/subscription/usage', '/api/characters', '/api/api-keys'];

  test.each([...paths, ...signedIn])(
    'HEAD %s has the status and headers of GET, and no body',
    async (path) => {
      const [asGet, asHead] = await Promise.all(
        ['GET', 'HEAD'].map((method) => fetch(server.url + path, { method, headers: headers() })),
      );
      expect(asHead!.status).toBe(asGet!.status);
      expect(asHead!.headers.get('content-type')).toBe(asGet!.headers.get('content-type'));
      expect(await asHead!.text()).toBe('');
      await asGet!.body?.cancel();
    },
  );
});
