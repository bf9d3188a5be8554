import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SessionView } from '../../src/domain/api.ts';
import { caller, type Caller } from '../support/http.ts';
import { makeBucketThere, startSecondServer, type SecondServer } from '../support/second-server.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { READ_WITHIN_MS, readPaths, signalServer, story, timed } from './hanging.ts';

const TOKEN = 'the token of other services, long enough';
const THERE = 40;

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let server: TestServer;
let second: SecondServer;
let session: SessionView;
let person: Caller;
beforeAll(async () => {
  server = await startTestServer({ env: { USAGE_INGEST_TOKEN: TOKEN } });
  second = await startSecondServer(server.database.url);
  await makeBucketThere(server.database.url, THERE, second.node);
  // A new tenant lies in one of the buckets that exist; of the first that lies there this is about.
  for (;;) {
    ({ session, call: person } = await server.signUp());
    const { rowCount } = await server.database.pool.query(
      'select from tenants where id = $1 and usage_bucket = $2',
      [session.tenant.id, THERE],
    );
    if (rowCount === 1) break;
  }
});
afterAll(async () => {
  const pid = second?.pid();
  if (pid) signalServer(pid, 'SIGCONT');
  await server?.stop();
  await second?.remove();
});

interface Readiness {
  error: string;
  details: { parts: Record<string, string> };
}

/** This server's job queue takes nothing, which is all that it lacks. */
const readiness = async () => {
  const { body } = await person.get<Readiness>('/readyz');
  return { error: body.error, bucketServers: body.details.parts['bucketServers'] };
};

test('10.22 beside a bucket server that hangs every read has its answer within 10 s, and the others are served', async () => {
  const paths = (await readPaths(person, session.tenant.id)).filter(
    (name) => !name.endsWith('/stream'),
  );
  expect(paths.length).toBeGreaterThan(50);
  const service = caller(server.url, TOKEN);
  const readers = [person, service];
  const readAll = () =>
    Promise.all(paths.flatMap((name) => readers.map((one) => timed(name, one.get(name)))));
  // Which of a team's exports is refused as its second is a matter of moments.
  const statuses = async () =>
    (await readAll()).map(({ answer: { status } }) => (status === 429 ? 200 : status));
  const before = await statuses();
  expect(await readiness()).toEqual({ error: 'Not ready: jobs.', bucketServers: 'ok' });

  signalServer(second.pid()!, 'SIGSTOP');
  expect(await readiness()).toEqual({ error: 'Not ready: jobs.', bucketServers: 'failing' });
  // One read by itself waits longest: beside others its first question may be refused sooner.
  const away = new Set<string>();
  for (const one of [await timed('limits', person.get('/api/billing/limits'))].concat(
    ...[await readAll(), await readAll()],
  )) {
    expect(one.tookMs, story(one)).toBeLessThan(READ_WITHIN_MS);
    if (one.answer.status < 500) continue;
    expect(one.answer.status, story(one)).toBe(503);
    // This server has no Stripe either, and says so as before.
    expect(['database_unavailable', 'not_ready', 'stripe_unavailable'], story(one)).toContain(
      one.answer.body['code'],
    );
    expect(Number(one.answer.headers.get('retry-after')), story(one)).toBeGreaterThan(0);
    away.add(one.what);
  }
  expect([...away]).toEqual(expect.arrayContaining(['/api/billing/limits', '/api/credits']));
  // Who is metered elsewhere notices nothing.
  expect([...away]).not.toContain('/api/auth/me');

  signalServer(second.pid()!, 'SIGCONT');
  await vi.waitFor(async () => expect(await statuses()).toEqual(before), {
    timeout: 30_000,
    interval: 500,
  });
  expect(await readiness()).toEqual({ error: 'Not ready: jobs.', bucketServers: 'ok' });
});

test('11.2 a full disk of a bucket server is told as that server’s, not as the database’s', async () => {
  const there = server.database.buckets.pool(second.node);
  await expect(
    there.query(`do $$ begin raise exception using errcode = '53100', message = 'full'; end $$`),
  ).rejects.toThrow('full');
  expect(await readiness()).toEqual({ error: 'Not ready: jobs.', bucketServers: 'failing' });
  const later = performance.now() + 61_000;
  vi.spyOn(performance, 'now').mockReturnValue(later);
  expect(await readiness()).toEqual({ error: 'Not ready: jobs.', bucketServers: 'ok' });
  vi.restoreAllMocks();
});
