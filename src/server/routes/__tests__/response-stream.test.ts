import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, expect, test, vi } from 'vitest';
import type { AppEnv } from '../../app-env.ts';
import { respondWithEvents, respondWithFile } from '../response-stream.ts';
import { StreamSlots } from '../../streams/stream-slots.ts';

const slots = new StreamSlots('streams', { perTenant: 2, total: 3, idleMs: 400 });
/** For readers who take what they get, however slow the machine is. */
const patient = new StreamSlots('streams', { perTenant: 2, total: 3 });
const until = new AbortController();
const app = new Hono<AppEnv>();
let ended = 0;
const warnings: unknown[] = [];
app.use(async (c, next) => {
  c.set('log', () => ({ warn: (...told: unknown[]) => warnings.push(told) }) as never);
  await next();
});

/** More than sockets buffer, so that a reader who takes nothing is felt. */
const plenty = 'x'.repeat(1 << 20);

app.get('/events', (c) =>
  respondWithEvents(c, {
    ...{ slots, tenantId: 'one', until: until.signal },
    async run({ sse, signal }) {
      while (!signal.aborted) await sse.writeSSE({ data: plenty });
      ended += 1;
    },
  }),
);
app.get('/read', (c) =>
  respondWithEvents(c, {
    ...{ slots: patient, tenantId: 'one', until: until.signal },
    async run({ sse, signal }) {
      while (!signal.aborted) await sse.writeSSE({ data: plenty });
      ended += 1;
    },
  }),
);
/** As a live stream does that says from time to time that it lives. */
app.get('/beating', (c) =>
  respondWithEvents(c, {
    ...{ slots, tenantId: 'one', until: until.signal },
    async run({ sse, signal }) {
      const beat = setInterval(() => void sse.write(': \n\n'), 100);
      while (!signal.aborted) await sse.writeSSE({ data: plenty });
      clearInterval(beat);
      ended += 1;
    },
  }),
);
app.get('/file', (c) =>
  respondWithFile(c, {
    ...{ slots, tenantId: 'one', headers: { 'Content-Type': 'text/plain' } },
    open: () =>
      Promise.resolve(
        Readable.from(
          (function* () {
            for (;;) yield plenty;
          })(),
        ).once('close', () => (ended += 1)),
      ),
  }),
);
/** A byte, and nothing more for long: whoever leaves does so while it is read. */
app.get('/slow', (c) =>
  respondWithFile(c, {
    ...{ slots, tenantId: 'one', headers: { 'Content-Type': 'text/plain' } },
    open: () => {
      const file = new Readable({ read: () => undefined }).once('close', () => (ended += 1));
      file.push('x');
      return Promise.resolve(file);
    },
  }),
);
app.get('/refused', (c) =>
  respondWithFile(c, {
    ...{ slots, tenantId: 'one', headers: {} },
    open: () => Promise.reject(new Error('the disk is gone')),
  }),
);
app.get('/empty', (c) =>
  respondWithFile(c, {
    ...{ slots, tenantId: 'one', headers: {} },
    open: () => Promise.resolve(Readable.from([])),
  }),
);
app.get('/broken', (c) =>
  respondWithFile(c, {
    ...{ slots, tenantId: 'one', headers: {} },
    open: () =>
      Promise.resolve(new Readable({ read: () => undefined }).destroy(new Error('it is away'))),
  }),
);
/** Broken, and told so, before it is handed over. */
app.get('/broken-before', (c) =>
  respondWithFile(c, {
    ...{ slots, tenantId: 'one', headers: {} },
    async open() {
      const file = new Readable({ read: () => undefined }).on('error', () => undefined);
      await new Promise((closed) => file.destroy(new Error('it is away')).once('close', closed));
      return file;
    },
  }),
);
app.onError((error, c) => c.text(error.message, 503));

let server: ReturnType<typeof createAdaptorServer> | undefined;
afterEach(() => {
  if (server && 'closeAllConnections' in server) server.closeAllConnections();
  server?.close();
  ended = 0;
});

async function listen(): Promise<string> {
  server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each(['/events', '/beating', '/file'])(
  '10.8 %s drops a reader who takes nothing',
  async (path) => {
    const url = await listen();
    const request = http.get(url + path, { agent: false }, (response) => response.pause());
    request.on('error', () => {});
    await vi.waitFor(() => expect({ ended, open: slots.open }).toEqual({ ended: 1, open: 0 }), {
      timeout: 60_000,
      interval: 5,
    });
    request.destroy();
  },
);

test('10.8 a reader who leaves a download is nothing to warn of', async () => {
  const url = await listen();
  for (let n = 1; n <= 10; n += 1) {
    await new Promise<void>((resolve) => {
      const request = http.get(`${url}/slow`, { agent: false }, (response) => {
        response.once('data', () => request.destroy());
      });
      request.on('error', () => {});
      request.on('close', resolve);
    });
    await vi.waitFor(
      () => expect({ ended, open: slots.open }).toEqual({ ended: n, open: 0 }),
      60_000,
    );
  }
  expect(warnings).toEqual([]);
});

test('10.8 a file that cannot be opened gives its slot back', async () => {
  const answer = await app.request('/refused');
  expect([answer.status, await answer.text()]).toEqual([503, 'the disk is gone']);
  expect(slots.open).toBe(0);
});

test('10.8 a file that breaks before its first byte is refused, and an empty one is empty', async () => {
  for (const path of ['/broken', '/broken-before']) {
    const answer = await app.request(path);
    expect([answer.status, await answer.text()]).toEqual([503, 'it is away']);
  }
  const empty = await app.request('/empty');
  expect([empty.status, await empty.text()]).toEqual([200, '']);
  await vi.waitFor(() => expect(slots.open).toBe(0), 60_000);
});

test('10.8 the server’s own end ends the stream', async () => {
  const url = await listen();
  const answer = await fetch(`${url}/read`);
  const reader = answer.body!.getReader();
  await reader.read();
  until.abort();
  for (;;) if ((await reader.read()).done) break;
  expect({ ended, open: patient.open }).toEqual({ ended: 1, open: 0 });
});

test('10.8 slots: so many a tenant, so many in all, and a release counts once', async () => {
  const some = new StreamSlots('exports', { perTenant: 1, total: 2 });
  const first = await some.take('a');
  await expect(some.take('a')).rejects.toThrow('as many as it may');
  await some.take('b');
  await expect(some.take('c')).rejects.toThrow('Too many exports');
  first.release();
  first.release();
  expect(some.open).toBe(1);
  await some.take('a');
  await expect(some.take('c')).rejects.toThrow('Too many exports');
});

test('10.8 a place that cannot be had with the others leaves nothing counted here', async () => {
  const away = { take: () => Promise.reject(new Error('the database is away')) };
  const full = { take: () => Promise.resolve(undefined) };
  for (const [places, why] of [
    [away, 'the database is away'],
    [full, 'as many as it may'],
  ] as const) {
    const some = new StreamSlots('exports', { perTenant: 1, total: 2 }, places);
    await expect(some.take('a')).rejects.toThrow(why);
    await expect(some.take('a')).rejects.toThrow(why);
    expect(some.open).toBe(0);
  }
});
