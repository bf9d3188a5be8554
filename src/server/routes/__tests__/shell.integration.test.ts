import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiError } from '../../../domain/api.ts';
import { createApp } from '../../app.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

type OpenApi = { paths: Record<string, Record<string, unknown>> };

const get = (path: string) => fetch(server.url + path);

describe('what operators ask', () => {
  test('the process is up', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
  });

  test('also by HTTP/1.0, which need not name a host', async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write('GET /healthz HTTP/1.0\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 .*\{"status":"ok"\}$/s);
  });

  test('a process whose jobs do not run is not ready, and says so', async () => {
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({
      code: 'not_ready',
      error: 'Not ready: jobs.',
      details: {
        parts: { database: 'ok', jobs: 'failing', migrations: 'ok', bucketServers: 'ok' },
      },
    });
  });

  test('figures are by route pattern, whatever addresses strangers make up', async () => {
    await get('/api/auth/me');
    await get(`/api/made-up/${'x'.repeat(50)}`);
    const text = await (await get('/metrics')).text();
    expect(text).toContain(
      'http_request_duration_seconds_count{method="GET",route="/api/auth/me",status="401"} 1',
    );
    expect(text).toContain('route="other",status="404"');
    expect(text).not.toContain('made-up');
    expect(text).toContain('process_resident_memory_bytes');
  });
});

describe('what a cache may keep', () => {
  const MAY: Record<string, string> = {
    '/api/plans': 'public, max-age=60',
    '/api/credits/packs': 'public, max-age=60',
    '/api/subscription/usage/stream': 'no-cache',
    // A page.
    '/api/docs': '',
  };

  test('is nothing that is somebody’s own: no answer of any route, by whatever method', async () => {
    const { session } = await server.signUp();
    const headers = { Authorization: `Bearer ${session.accessToken}` };
    const reference = (await (await get('/api/openapi.json')).json()) as OpenApi;
    const wrong: string[] = [];
    for (const [pattern, methods] of Object.entries(reference.paths)) {
      const path = pattern.replace(/\{[^}]+\}/g, '11111111-1111-4111-8111-111111111111');
      for (const method of Object.keys(methods).map((name) => name.toUpperCase())) {
        if (path.startsWith('/api/usage/events') || path.startsWith('/api/usage/reserv')) continue;
        for (const who of [headers, {}]) {
          const ends = AbortSignal.timeout(20_000);
          const answer = await fetch(server.url + path, { method, headers: who, signal: ends });
          await answer.body?.cancel();
          const said = answer.headers.get('cache-control') ?? '';
          const right = answer.ok ? (MAY[path] ?? 'no-store') : 'no-store';
          if (said !== right) wrong.push(`${method} ${path} ${answer.status}: ${said}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('the reference', () => {
  test('the page and all that it loads come from here', async () => {
    const page = await (await get('/api/docs')).text();
    const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
    expect(assets).toHaveLength(4);
    for (const address of assets) {
      expect(address).toMatch(/^\/api\/docs\//);
      const response = await get(address);
      expect(response.status, address).toBe(200);
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(50);
    }
  });

  test.each(['package.json', '..%2fpackage.json', 'swagger-ui.js.map', '__proto__'])(
    'it serves no %s',
    async (name) => {
      expect((await get(`/api/docs/${name}`)).status).toBe(404);
    },
  );
});

describe('headers', () => {
  test('an answer of the API loads nothing, stands in no frame and has an id', async () => {
    for (const path of ['/healthz', '/api/auth/me', '/api/nothing']) {
      const { headers } = await get(path);
      const policy = headers.get('content-security-policy');
      expect(policy).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('strict-transport-security')).toBeNull();
      expect(headers.get('x-request-id')).toMatch(/^req_/);
    }
  });

  test('a page loads from our own origin alone', async () => {
    const policy = (await get('/api/docs')).headers.get('content-security-policy');
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("script-src 'self';");
  });
});

test('11 all routes together are matched by one expression, not by a walk through a tree', async () => {
  const app = createApp(server.context);
  await app.request('/healthz');
  expect(app.router.name).toBe('SmartRouter + RegExpRouter');
});

const names = ({ headers }: Response) =>
  [...headers.keys()].filter((name) => !/^(connection|keep-alive|date|content-length)$/.test(name));

test('11 headers are the same without a server in between', async () => {
  const app = createApp(server.context);
  for (const path of ['/healthz', '/api/docs', '/api/nothing']) {
    expect(names(await app.request(path)), path).toEqual(names(await get(path)));
  }
});

test('11 what protects pages alone comes with pages, the rest with every answer', async () => {
  const always = [
    ...['content-security-policy', 'x-content-type-options', 'x-frame-options'],
    ...['cross-origin-resource-policy', 'referrer-policy', 'x-request-id'],
  ];
  const ofPages = ['cross-origin-opener-policy', 'origin-agent-cluster'];
  for (const path of [
    '/',
    '/login',
    '/api/docs',
    '/nothing.png',
    '/api/plans',
    '/api/x',
    '/readyz',
  ]) {
    const isPage = !/plans|x$|readyz/.test(path);
    const answered = names(await get(path));
    expect(answered, path).toEqual(expect.arrayContaining([...always]));
    for (const name of ofPages) expect(answered.includes(name), path).toBe(isPage);
  }
});

test('11 what other services meter is answered with what no browser needs', async () => {
  for (const path of ['events', 'reservations', 'reservations/x/settle']) {
    const response = await fetch(`${server.url}/api/usage/${path}`, { method: 'POST' });
    expect(response.status, path).toBe(401);
    const answered = names(response);
    expect(answered, path).toEqual(
      expect.arrayContaining(['x-content-type-options', 'x-request-id']),
    );
    expect(answered, path).not.toContain('content-security-policy');
  }
  for (const path of ['/api/usage', '/api/usage/eventsx', '/api/usage/daily']) {
    expect(names(await get(path)), path).toContain('content-security-policy');
  }
});

describe('what nobody serves', () => {
  test.each([
    ['GET', '/api/nothing'],
    ['GET', '/api'],
    ['DELETE', '/api/auth/login'],
    ['GET', '/api/auth/login'],
    ['PUT', '/healthz'],
    ['GET', '/webhooks/nothing'],
    ['GET', '/api/%E0%A4%A'],
    ['GET', '/api/docs/%00'],
  ])('%s %s is 404 in the shape of every error', async (method, path) => {
    const response = await fetch(server.url + path, { method });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: expect.any(String),
      code: 'not_found',
      requestId: response.headers.get('x-request-id') ?? '',
      details: {},
    } satisfies ApiError);
  });
});

describe('bodies nobody should send', () => {
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  const long = JSON.stringify({ email: 'a@example.com', password: 'x'.repeat(300_000) });
  const login = async (body: RequestInit['body'], contentType: string | undefined) => {
    const response = await fetch(`${server.url}/api/auth/login`, {
      method: 'POST',
      headers: contentType === undefined ? {} : { 'Content-Type': contentType },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    });
    return { status: response.status, body: (await response.json()) as ApiError };
  };
  const stream = (text: string) =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    });

  test.each([
    ['half of an object', '{"email":', 400],
    ['a number', '1', 400],
    ['null', 'null', 400],
    ['a string', '"x"', 400],
    ['a list', '[]', 400],
    ['nothing', '', 400],
    ['a deep nest', deep, 400],
    ['a deep nest in a field', `{"email":${deep},"password":"x"}`, 400],
    ['NUL in the e-mail', '{"email":"a\\u0000@example.com","password":"x"}', 400],
    ['half a surrogate pair', '{"email":"\\ud800@example.com","password":"x"}', 400],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22]), 400],
    ['a prototype', '{"__proto__":{"admin":true},"email":"a@b.co","password":"x"}', 400],
    ['an operator', '{"email":{"$gt":""},"password":{"$gt":""}}', 400],
    ['too much', long, 413],
  ])('%s', async (_case, body, status) => {
    const answer = await login(body, 'application/json');
    expect(answer.status).toBe(status);
    expect(answer.body.code).toBe(status === 413 ? 'payload_too_large' : 'invalid_request');
  });

  test('too much without a declared length', async () => {
    expect(await login(stream(long), 'application/json')).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large' },
    });
    expect(await login(stream('{"email":1}'), 'application/json')).toMatchObject({ status: 400 });
  });

  test.each([
    ['a form', 'email=a', 'application/x-www-form-urlencoded'],
    ['no type', undefined, undefined],
    ['a type that is none', '{}', 'nonsense'],
  ])('%s instead of JSON', async (_case, body, contentType) => {
    expect(await login(body, contentType)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });
});
