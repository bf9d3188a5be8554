import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { story, timed } from '../race/hanging.ts';
import type { Answer, Caller } from '../support/http.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const WRITE_WITHIN_MS = 15_000;
const READ_WITHIN_MS = 10_000;
const LENGTH = { 'Content-Type': 'application/json', 'Content-Length': '100000' };

/** The ways in which an answer does not come, though somebody is there. */
const FORMS: Record<string, (answer: ServerResponse) => void> = {
  'the headers come and no body': (answer) => answer.writeHead(200, LENGTH).flushHeaders(),
  'half a body comes, and then nothing': (answer) =>
    void answer.writeHead(200, LENGTH).write('{"object":"list","data":['),
  'a byte comes each second': (answer) => {
    answer.writeHead(200, LENGTH).flushHeaders();
    const drip = setInterval(() => answer.write(' '), 1_000);
    answer.on('close', () => clearInterval(drip));
  },
  // As one does that died while nobody used it.
  'the connection ends without an answer': (answer) => answer.destroy(),
  'the connection ends within the body': (answer) => {
    answer.writeHead(200, LENGTH).write('{');
    setImmediate(() => answer.destroy());
  },
};

let form: (answer: ServerResponse) => void;
let stripe: Server;
let server: TestServer;
beforeAll(async () => {
  stripe = createServer((request, answer) => {
    request.resume();
    answer.on('error', () => undefined);
    form(answer);
  });
  await new Promise<void>((resolve) => stripe.listen(0, '127.0.0.1', resolve));
  const { port } = stripe.address() as AddressInfo;
  server = await startTestServer({
    env: {
      STRIPE_SECRET_KEY: 'sk_test_squaretable',
      STRIPE_API_BASE: `http://127.0.0.1:${port}`,
      STRIPE_CALLS_PER_MINUTE: '1000',
    },
  });
});
afterAll(async () => {
  await server?.stop();
  stripe?.closeAllConnections();
  stripe?.close();
});

type Call = (caller: Caller) => Promise<Answer>;

const READS = ['/api/subscription', '/api/billing/details', '/api/credits/packs', '/api/plans'];
const post =
  (path: string, body: object = {}) =>
  ({ post: send }: Caller) =>
    send(path, body);
const WRITES: Record<string, Call> = {
  sync: post('/api/subscription/sync'),
  portal: post('/api/subscription/portal'),
  cancel: post('/api/subscription/cancel'),
  resume: post('/api/subscription/resume'),
  preview: post('/api/subscription/preview', { priceId: 'price_1' }),
  upgrade: post('/api/subscription/upgrade', { priceId: 'price_1' }),
  checkout: post('/api/subscription/checkout', { priceId: 'price_1' }),
  pack: post('/api/credits/checkout', { packId: 'small' }),
  'billing details': (caller) =>
    caller.put('/api/billing/details', {
      ...{ name: 'A', taxIds: [] },
      address: { country: 'DE', line1: 'Weg 1', city: 'Ulm', postalCode: '89073' },
    }),
  'delete the team': (caller) => caller.delete('/api/tenant', { confirm: 'x' }),
};

test.each(Object.keys(FORMS))('10.22 where %s, everybody is answered in time', async (name) => {
  form = FORMS[name]!;
  const read = (path: string) => ({
    ...{ what: path, withinMs: READ_WITHIN_MS },
    call: (caller: Caller) => caller.get(path),
  });
  const write = ([what, call]: [string, Call]) => ({ what, withinMs: WRITE_WITHIN_MS, call });
  const asked = [...READS.map(read), ...Object.entries(WRITES).map(write)];
  const people = await Promise.all(
    asked.map((_, n) => server.signUp(`${Object.keys(FORMS).indexOf(name)}-${n}`)),
  );
  await server.database.pool.query(
    `update tenants set stripe_customer_id = 'cus_' || id, synced_at = now() - interval '1 hour'`,
  );
  const answers = await Promise.all(
    asked.map(async ({ what, withinMs, call }, n) => ({
      withinMs,
      one: await timed(what, call(people[n]!.call)),
    })),
  );
  for (const { withinMs, one } of answers) {
    expect(one.tookMs, story(one)).toBeLessThan(withinMs);
    expect(one.answer.body['code'], story(one)).not.toBe('database_unavailable');
    if (one.answer.status < 500) continue;
    expect(one.answer.status, story(one)).toBe(503);
    expect(Number(one.answer.headers.get('retry-after')), story(one)).toBeGreaterThan(0);
  }
  const away = answers.filter(({ one }) => one.answer.status === 503);
  expect(away.length, answers.map(({ one }) => story(one)).join('\n')).toBeGreaterThan(5);
});
