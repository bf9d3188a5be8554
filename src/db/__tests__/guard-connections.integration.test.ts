import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts';
import { openDatabase, type Database } from '../client.ts';
import { isDatabaseAway } from '../database-error.ts';
import { startListener } from '../listener.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** Ends every connection that goes by `name`, and answers how many there were. */
async function terminate(name: string): Promise<number> {
  const { rows } = await database.pool.query<{ ended: number }>(
    `select count(pg_terminate_backend(pid))::int as ended from pg_stat_activity
     where datname = current_database() and application_name = $1`,
    [name],
  );
  return rows[0]!.ended;
}

/** What a connection is doing when it is ended; resolves when its holder has found out. */
const moments: Record<string, (one: Database, end: () => Promise<void>) => Promise<unknown>> = {
  'lies idle in the pool': async ({ pool }, end) => {
    await pool.query('select 1');
    await end();
  },
  'is lent and does nothing': async ({ pool }, end) => {
    const client = await pool.connect();
    await end();
    await client.query('select 1').finally(() => client.release());
  },
  'is idle in a transaction': ({ db }, end) =>
    db.transaction(async (tx) => {
      await tx.execute(sql`select 1`);
      await end();
      await tx.execute(sql`select 1`);
    }),
  'is idle in a transaction that then only commits': ({ db }, end) =>
    db.transaction(async (tx) => {
      await tx.execute(sql`select 1`);
      await end();
    }),
  'was lent a moment before `begin`': async ({ db, pool }, end) => {
    pool.once('acquire', (client) => {
      // As when it breaks between being lent and its first statement.
      (
        client as unknown as { connection: { stream: { destroy(): void } } }
      ).connection.stream.destroy();
    });
    await end();
    await db.transaction((tx) => tx.execute(sql`select 1`));
  },
  'is at work': async ({ pool }, end) => {
    const work = pool.query('select pg_sleep(20)');
    const seen = work.catch((error: unknown) => error);
    await vi.waitFor(async () => {
      const { rows } = await database.pool.query(
        `select from pg_stat_activity where query = 'select pg_sleep(20)' and state = 'active'`,
      );
      expect(rows).toHaveLength(1);
    }, 60_000);
    await end();
    await seen;
    await work;
  },
};

test.each(Object.keys(moments))(
  '10.18 a connection that breaks when it %s ends nothing but its statement, and the pool makes another',
  async (moment) => {
    const name = `guarded ${moment}`.slice(0, 60);
    const told: Error[] = [];
    const one = openDatabase({
      url: database.url,
      max: 1,
      applicationName: name,
      onConnectionError: (error) => told.push(error),
    });
    const end = async () => {
      await terminate(name);
      await vi.waitFor(async () => expect(await terminate(name)).toBe(0), 60_000);
    };
    const outcome = await moments[moment]!(one, end).catch((error: unknown) => error);
    if (outcome !== undefined) expect(isDatabaseAway(outcome), String(outcome)).toBe(true);
    // With one connection at most, one that was lost to the pool would leave nothing.
    for (let n = 0; n < 3; n += 1) {
      await one.db.transaction((tx) => tx.execute(sql`select 1`)).catch(() => undefined);
    }
    expect((await one.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(one.pool.totalCount).toBe(1);
    await one.close();
  },
);

test('10.22 a statement that is not answered in time rejects as away, and its connection is not used again', async () => {
  const one = openDatabase({ url: database.url, max: 1, answerWithinMs: 200 });
  const began = performance.now();
  const failure = await one.db
    .transaction((tx) => tx.execute(sql`select pg_sleep(12)`))
    .catch((error: unknown) => error);
  expect(isDatabaseAway(failure), String(failure)).toBe(true);
  // The rollback did not wait behind the statement.
  expect(performance.now() - began).toBeLessThan(10_000);
  expect((await one.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await one.close();
});

test('10.18 a listening connection that is ended again and again listens again, once', async () => {
  const heard: string[] = [];
  const listener = startListener({
    url: database.url,
    applicationName: 'guarded listener',
    channels: { something: (payload) => heard.push(payload) },
    onGap: () => {},
  });
  for (let n = 0; n < 3; n += 1) {
    await vi.waitFor(() => expect(listener.connected).toBe(true), { timeout: 60_000 });
    expect(await terminate('guarded listener')).toBe(1);
    await vi.waitFor(() => expect(listener.connected).toBe(false), 60_000);
  }
  await vi.waitFor(() => expect(listener.connected).toBe(true), { timeout: 60_000 });
  await database.pool.query(`select pg_notify('something', 'told')`);
  await vi.waitFor(() => expect(heard).toEqual(['told']), 60_000);
  await listener.close();
});
