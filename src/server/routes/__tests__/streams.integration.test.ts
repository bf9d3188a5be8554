import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BrowserSession } from '../../../../tests/support/browser-session.ts';
import { startTestServer } from '../../../../tests/support/server.ts';
import { readEvents } from '../../../../tests/support/sse.ts';
import { teamsOf, type Person } from '../../../../tests/support/team.ts';
import { StreamSlots } from '../../streams/stream-slots.ts';
import { databaseFault, streamsWorld, type StreamsWorld } from './streams-world.ts';

/** How often each way of ending is walked, over all files in turn: STREAM_RUNS=1000 in the long suite. */
const RUNS = Number(process.env['STREAM_RUNS'] ?? 8);
const TIMEOUT_MS = 60_000 + RUNS * 2_000;
const EXPORT = '/api/subscription/usage/export.csv';
const LIVE = '/api/subscription/usage/stream';

let world: StreamsWorld;
let small: Person;
let fault: Awaited<ReturnType<typeof databaseFault>>;
beforeAll(async () => {
  world = await streamsWorld();
  fault = await databaseFault(world.server.database.url);
});
afterAll(async () => {
  await fault?.close();
  await world?.server.stop();
});
beforeEach(() => world.signInAgain());

const paths = (kind: 'file' | 'events') =>
  world.streams.filter((one) => one.kind === kind).map(({ path }) => path);

/** Its file is short in every installation of a test. */
const isLarge = (path: string) => !path.startsWith('/api/admin/business/');

/** One after the other unless told, as a tenant may have one file: the next must find room. */
async function walk(of: string[], end: (path: string) => Promise<void>, atOnce = 1): Promise<void> {
  for (let run = 0; run < RUNS; run += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, (_, n) => end(of[(run + n) % of.length]!)));
    await world.released();
  }
}

async function cancelled(path: string): Promise<void> {
  const hangUp = new AbortController();
  const answer = await world.get(path, hangUp.signal);
  expect(answer.status, path).toBe(200);
  await answer.body?.getReader().read();
  hangUp.abort();
}

async function head(path: string): Promise<void> {
  const answer = await fetch(world.server.url + path, {
    ...{ method: 'HEAD', headers: world.headers(path) },
  });
  expect(answer.status, path).toBe(200);
  expect(await answer.text()).toBe('');
}

/** As the owner of a team that has next to nothing, so that a thousand are read in time. */
async function readToEnd(path: string): Promise<void> {
  const headers = { Authorization: `Bearer ${small.session.accessToken}` };
  const answer = await fetch(world.server.url + path, { headers });
  expect(answer.status, path).toBe(200);
  expect((await answer.text()).length).toBeGreaterThan(0);
}

async function readWhole(path: string): Promise<void> {
  const answer = await world.get(path);
  expect(answer.status, path).toBe(200);
  expect((await answer.text()).length, path).toBeGreaterThan(5_000_000);
}

/** The database ends every connection while the file is read from it. */
async function cutByDatabase(path: string): Promise<void> {
  const answer = await world.get(path);
  expect(answer.status, path).toBe(200);
  const reader = answer.body!.getReader();
  await reader.read();
  await fault.cut();
  try {
    while (!(await reader.read()).done);
  } catch {
    // A download that broke off; what was sent by then is whole.
  }
}

async function databaseAway(path: string): Promise<void> {
  await fault.away();
  try {
    expect((await world.get(path)).status, path).toBeGreaterThanOrEqual(500);
  } finally {
    await fault.heal();
  }
}

const WAYS: [string, (path: string) => Promise<void>][] = [
  ['asked for by HEAD', head],
  ['broken off when sent', (path) => world.broken(path, 'sent')],
  ['broken off at the headers', (path) => world.broken(path, 'headers')],
  ['broken off at the first byte', (path) => world.broken(path, 'first byte')],
  ['whose reader cancels', cancelled],
];

describe('10.8 a stream releases what it holds in every way it can end', () => {
  test('and the document names all there are', () => {
    expect(world.streams.map(({ path }) => path)).toEqual(
      expect.arrayContaining([EXPORT, LIVE, '/api/auth/me/export.json', '/api/tenant/audit.csv']),
    );
    expect(world.streams.length).toBeGreaterThanOrEqual(9);
    expect(world.streams.map(({ path }) => path).join()).not.toContain('{');
  });

  test.each(WAYS)('a file %s', (_, end) => walk(paths('file'), end), TIMEOUT_MS);
  test.each(WAYS)('live usage %s', (_, end) => walk(paths('events'), end), TIMEOUT_MS);

  test(
    'a file read to its end',
    async () => {
      small = await teamsOf(world.server).owner('small');
      const own = paths('file').filter((path) => !/[0-9a-f-]{36}|admin/.test(path));
      expect(own.length).toBeGreaterThanOrEqual(5);
      await walk(own, readToEnd);
      for (const path of RUNS < 1_000 ? [EXPORT] : paths('file').filter(isLarge)) {
        await readWhole(path);
        await world.released();
      }
    },
    TIMEOUT_MS,
  );
  test('a file whose database goes', () => walk(paths('file'), cutByDatabase), TIMEOUT_MS);
  test('a file whose database is away', () => walk(paths('file'), databaseAway), TIMEOUT_MS);

  test(
    'a file whose reader takes nothing',
    async () => {
      const { streams } = world.server.context;
      const { exports } = streams;
      streams.exports = new StreamSlots('exports', { perTenant: 5, total: 5, idleMs: 50 });
      try {
        const stall = async (path: string) => {
          const reader = await world.stalled(path);
          await world.released();
          reader.end();
        };
        await walk(paths('file').filter(isLarge), stall, 5);
      } finally {
        streams.exports = exports;
      }
    },
    TIMEOUT_MS,
  );

  test(
    'live usage whose session ends',
    () =>
      walk(paths('events'), async (path) => {
        const browser = new BrowserSession(world.server.url);
        const token = await browser.signIn(world.owner.session.user.email, 'correct horse');
        const answer = await fetch(world.server.url + path, {
          headers: { Authorization: `Bearer ${token}` },
        });
        expect(answer.status).toBe(200);
        const out = browser.send('POST', '/api/auth/logout');
        // The server ends it.
        await answer.text();
        expect((await out).status).toBe(204);
      }),
    TIMEOUT_MS,
  );

  test(
    'live usage whose reader leaves the team',
    async () => {
      const { owner, server } = world;
      const member = await teamsOf(server).join(owner, `leaver${RUNS}`);
      const userId = member.session.user.id;
      await walk(paths('events'), async (path) => {
        await server.database.pool.query(
          `insert into memberships (tenant_id, user_id, role, joined_at)
           values ($1, $2, 'member', now()) on conflict do nothing`,
          [owner.session.tenant.id, userId],
        );
        const answer = await fetch(server.url + path, {
          headers: { Authorization: `Bearer ${member.session.accessToken}` },
        });
        expect(answer.status).toBe(200);
        // The hour is over in which nobody may do so many acts.
        await server.database.pool.query(`delete from rate_limits where key like 'act:%'`);
        expect((await owner.call.delete(`/api/members/${userId}`)).status).toBe(204);
        await answer.text();
      });
    },
    TIMEOUT_MS,
  );

  test(
    'streams of a process that leaves',
    async () => {
      const { url } = world.server.database;
      for (let left = RUNS; left > 0; left -= 100) {
        const leaving = await startTestServer({ databaseUrl: url });
        try {
          const streams: Response[] = [];
          for (let n = 0; n < Math.min(left, 100); n += 20) {
            const { session } = await leaving.signUp(`left${left}-${n}`);
            const headers = { Authorization: `Bearer ${session.accessToken}` };
            const twenty = Array.from({ length: 20 }, () => fetch(leaving.url + LIVE, { headers }));
            streams.push(...(await Promise.all(twenty)));
          }
          streams.push(await fetch(leaving.url + EXPORT, { headers: world.headers(EXPORT) }));
          expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
          expect(leaving.context.streams.liveUsage.open).toBe(streams.length - 1);
          await leaving.leave({ pauseSeconds: 0, graceSeconds: 0 });
          await Promise.all(streams.map((one) => one.text().catch(() => '')));
          await world.releasedBy(leaving);
        } finally {
          await leaving.stop();
        }
      }
    },
    TIMEOUT_MS,
  );

  test('exports whose tenant refuses a second', async () => {
    const hangUp = new AbortController();
    const first = await world.get(EXPORT, hangUp.signal);
    const second = await world.get(EXPORT);
    expect([first.status, second.status]).toEqual([200, 429]);
    expect(await second.json()).toMatchObject({ code: 'rate_limited', details: { max: 1 } });
    expect(second.headers.get('retry-after')).toBe('5');
    hangUp.abort();
    await world.released();
    await cancelled(EXPORT);
    await world.released();
  });

  test('live usage: 20 a tenant, and others are not kept out by it', async () => {
    const { server } = world;
    const hangUp = new AbortController();
    const twenty = Array.from({ length: 20 }, () => world.get(LIVE, hangUp.signal));
    const streams = await Promise.all(twenty);
    expect(streams.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect((await world.get(LIVE)).status).toBe(429);
    const other = await server.signUp('neighbour');
    const theirs = await fetch(server.url + LIVE, {
      headers: { Authorization: `Bearer ${other.session.accessToken}` },
      signal: hangUp.signal,
    });
    for await (const { data } of readEvents(theirs)) {
      expect(data).toMatchObject({ resources: expect.any(Array) });
      break;
    }
    expect(world.held().watchers).toEqual({ usage: 21, memberships: 21, sessions: 21 });
    hangUp.abort();
    await world.released();
  });
});

describe('10.8 HEAD is not GET', () => {
  test('on every route: the status and headers of GET, no body, nothing held', async () => {
    expect(world.gets.length).toBeGreaterThan(50);
    const found = new Map<number, number>();
    for (const { path } of world.gets) {
      const hangUp = new AbortController();
      const asGet = await world.get(path, hangUp.signal);
      const type = asGet.headers.get('content-type');
      hangUp.abort();
      await world.released();
      const asHead = await fetch(world.server.url + path, {
        ...{ method: 'HEAD', headers: world.headers(path) },
      });
      expect([path, asHead.status]).toEqual([path, asGet.status]);
      expect([path, asHead.headers.get('content-type')]).toEqual([path, type]);
      expect([path, await asHead.text()]).toEqual([path, '']);
      await world.released();
      found.set(asGet.status, (found.get(asGet.status) ?? 0) + 1);
    }
    expect(found.get(200)).toBeGreaterThan(40);
  });
});
