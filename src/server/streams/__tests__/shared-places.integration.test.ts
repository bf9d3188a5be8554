import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { createTestDatabase, type TestDatabase } from '../../../../tests/support/test-database.ts';
import { SharedPlaces } from '../shared-places.ts';

const WAIT = { timeout: 20_000, interval: 20 };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 10 });
});
afterAll(async () => database?.drop());
afterEach(() => {
  vi.useRealTimers();
});

/** What one process knows. */
const process = () => new SharedPlaces(database.pool, 'files');
const expiries = async (tenantId: string) => {
  const { rows } = await database.pool.query<{ seconds: number }>(
    `select (expire - extract(epoch from clock_timestamp()) * 1000)::float8 / 1000 as seconds
     from rate_limits where key like 'stream:files:' || $1 || ':%' order by key`,
    [tenantId],
  );
  return rows.map(({ seconds }) => seconds);
};
/** As if `seconds` had passed for the database. */
const pass = (tenantId: string, seconds: number) =>
  database.pool.query(
    `update rate_limits set expire = expire - $2::bigint where key like 'stream:files:' || $1 || ':%'`,
    [tenantId, seconds * 1_000],
  );

test('10.8 as many places as a tenant may have are given, however many processes ask at once', async () => {
  const processes = Array.from({ length: 4 }, process);
  const asked = Array.from({ length: 40 }, (_, n) => processes[n % 4]!.take('many', 20));
  const given = (await Promise.all(asked)).filter((one) => one !== undefined);
  // Two may want the last ones at the same time, again and again.
  expect(given.length).toBeGreaterThan(15);
  expect(given.length).toBeLessThanOrEqual(20);
  while ((await expiries('many')).length < 20) await processes[0]!.take('many', 20);
  for (const each of processes) expect(await each.take('many', 20)).toBeUndefined();
  expect(await process().take('other', 1)).toBeDefined();
});

test('10.8 a place that is given back is free at once, here and elsewhere', async () => {
  const [here, there] = [process(), process()];
  for (let n = 0; n < 20; n += 1) {
    const giveBack = await here.take('one', 1);
    expect(giveBack).toBeDefined();
    expect(await there.take('one', 1)).toBeUndefined();
    giveBack!();
    (await here.take('one', 1))!();
    await vi.waitFor(async () => expect(await expiries('one')).toEqual([]), WAIT);
    const theirs = await there.take('one', 1);
    theirs!();
    await vi.waitFor(async () => expect(await expiries('one')).toEqual([]), WAIT);
  }
});

test('10.8 the place of a process that died is free within 60 s, that of one that lives is kept', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const [living, other] = [process(), process()];
  const giveBack = await living.take('kept', 1);
  expect((await expiries('kept'))[0]).toBeLessThan(60);
  for (let quarter = 0; quarter < 8; quarter += 1) {
    await pass('kept', 15);
    vi.advanceTimersByTime(15_000);
    await vi.waitFor(async () => expect((await expiries('kept'))[0]).toBeGreaterThan(40), WAIT);
    expect(await other.take('kept', 1)).toBeUndefined();
  }
  // It dies: nobody renews.
  vi.clearAllTimers();
  await pass('kept', 60);
  const theirs = await other.take('kept', 1);
  expect(theirs).toBeDefined();
  // It was not dead after all: what it leaves is not what others hold.
  giveBack!();
  expect(await living.take('kept', 1)).toBeUndefined();
});

test('10.8 a place whose end the database did not hear is its process’s own still', async () => {
  const lost = process();
  await lost.take('lost', 1);
  const query = vi.spyOn(database.pool, 'query').mockRejectedValueOnce(new Error('it is away'));
  await expect(lost.take('away', 1)).rejects.toThrow('it is away');
  query.mockRestore();
  const giveBack = await lost.take('own', 1);
  const again = vi.spyOn(database.pool, 'query').mockRejectedValueOnce(new Error('it is away'));
  giveBack!();
  await vi.waitFor(() => expect(again).toHaveBeenCalled(), WAIT);
  again.mockRestore();
  expect(await process().take('own', 1)).toBeUndefined();
  expect(await lost.take('own', 1)).toBeDefined();
});

test('10.8 two processes together: one export and 20 live streams a tenant', async () => {
  const EXPORT = '/api/subscription/usage/export.csv';
  const LIVE = '/api/subscription/usage/stream';
  const here = await startTestServer();
  let there: TestServer | undefined;
  try {
    there = await startTestServer({ databaseUrl: here.database.url });
    const { session } = await here.signUp('both');
    const hangUp = new AbortController();
    const get = ({ url }: TestServer, path: string) =>
      fetch(url + path, {
        headers: { Authorization: `Bearer ${session.accessToken}` },
        signal: hangUp.signal,
      });
    const twenty = Array.from({ length: 20 }, (_, n) => get(n % 2 ? here : there!, LIVE));
    const statuses = (await Promise.all(twenty)).map(({ status }) => status);
    for (let n = statuses.filter((one) => one === 200).length; n < 20; n += 1) {
      statuses.push((await get(here, LIVE)).status);
    }
    expect(statuses.filter((one) => one === 200)).toHaveLength(20);
    expect([(await get(here, LIVE)).status, (await get(there, LIVE)).status]).toEqual([429, 429]);
    const file = await here.context.streams.exports.take(session.tenant.id);
    const refused = await get(there, EXPORT);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    expect(await refused.json()).toMatchObject({ code: 'rate_limited', details: { max: 1 } });
    file.release();
    await vi.waitFor(async () => expect((await get(there!, EXPORT)).status).toBe(200), WAIT);
    hangUp.abort();
    const rows = `select key from rate_limits where key like 'stream:%'`;
    await vi.waitFor(
      async () => expect((await here.database.pool.query(rows)).rows).toEqual([]),
      WAIT,
    );
  } finally {
    await there?.stop();
    await here.stop();
  }
});
