import { connect } from 'node:net';
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

const INGEST_TOKEN = 'a token of other services, longer than 32';

const told: string[] = [];
const notes = new Writable({
  write(line, _encoding, done) {
    told.push(String(line));
    done();
  },
});

let server: TestServer;
let token: string;
beforeAll(async () => {
  const log = pino({ level: 'warn' }, notes);
  server = await startTestServer({ log, env: { USAGE_INGEST_TOKEN: INGEST_TOKEN } });
  token = (await server.signUp()).session.accessToken;
});
afterAll(() => server.stop());

/** How the beginning of a body is sent, by the header that announces it. */
const HALVES = {
  'of a length': ['Content-Length: 500', '{"a":'],
  'in chunks': ['Transfer-Encoding: chunked', '5\r\n{"a":\r\n'],
  'in a chunk that is none': ['Transfer-Encoding: chunked', '5\r\n{"a":\r\nzz\r\n'],
} as const;

/** Sends half of a body and leaves as soon as the server is reading it. */
function sendHalf(path: string, bearer: string, [announced, half]: readonly [string, string]) {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const head = [
    ...[`POST ${path} HTTP/1.1`, 'Host: here', `Authorization: Bearer ${bearer}`],
    ...['Content-Type: application/json', 'Expect: 100-continue', announced],
  ];
  socket.on('error', () => undefined);
  socket.once('data', () => socket.write(half, () => setImmediate(() => socket.destroy())));
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
}

/** Requests with bodies that came to their end, by status; one refused on its way has no route yet. */
async function ended(): Promise<Record<string, number>> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const counts: Record<string, number> = {};
  for (const [, status, n] of text.matchAll(/_count\{method="POST",.*status="(\d+)"\} (\d+)/g)) {
    counts[status!] = (counts[status!] ?? 0) + Number(n);
  }
  return counts;
}

test.each([
  '/webhooks/stripe',
  '/api/auth/login',
  '/api/usage/events',
  '/api/usage/reservations',
  '/api/chat',
  '/api/images',
])('a client that leaves in the middle of its body to %s is no failure of ours', async (path) => {
  const bearer = path.startsWith('/api/usage/') ? INGEST_TOKEN : token;
  const halves = Object.values(HALVES);
  const { 400: before = 0, ...others } = await ended();
  for (const half of halves) sendHalf(path, bearer, half);
  await vi.waitFor(
    async () => expect(await ended()).toEqual({ ...others, 400: before + halves.length }),
    60_000,
  );
  expect(told).toEqual([]);
});
