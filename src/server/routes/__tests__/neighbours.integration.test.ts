import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

let server: TestServer;
beforeAll(async () => void (server = await startTestServer()));
afterAll(() => server?.stop());

const SHEET = { description: 'd', greeting: 'Hello', shared: false };
const AT_ONCE = 60;

test('10 a team whose changes all wait for one row keeps no other team out', async () => {
  const [busy, neighbour] = [await server.signUp(), await server.signUp()];
  const made = await busy.call.post<{ id: string }>('/api/characters', { ...SHEET, name: 'Ada' });
  const { pool } = server.database;
  const holder = await pool.connect();
  try {
    await holder.query('begin');
    await holder.query('select from characters where id = $1 for update', [made.body.id]);
    const changes = Array.from({ length: AT_ONCE }, () =>
      busy.call.patch(`/api/characters/${made.body.id}`, { name: randomUUID() }),
    );
    const waiting = async () => {
      const { rows } = await holder.query<{ n: number }>(
        `select count(*)::int as n from pg_stat_clear_snapshot(), pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows[0]!.n;
    };
    await vi.waitFor(async () => expect(await waiting()).toBeGreaterThan(2), { timeout: 60_000 });
    // Theirs is answered while all of those wait, a transaction too.
    const theirs = await neighbour.call.post('/api/characters', { ...SHEET, name: 'Bob' });
    expect([theirs.status, (await neighbour.call.get('/api/characters')).status]).toEqual([
      201, 200,
    ]);
    await holder.query('commit');
    const statuses = new Set((await Promise.all(changes)).map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 200 && status !== 429)).toEqual([]);
  } finally {
    holder.release();
  }
});

test('10 changes that do not get their turn are 429 and not told as a database that is away', async () => {
  const busy = await server.signUp();
  const made = await busy.call.post<{ id: string }>('/api/characters', { ...SHEET, name: 'Ada' });
  const holder = await server.database.pool.connect();
  try {
    await holder.query('begin');
    await holder.query('select from characters where id = $1 for update', [made.body.id]);
    const changes = Array.from({ length: AT_ONCE }, () =>
      busy.call.patch<{ code?: string }>(`/api/characters/${made.body.id}`, { name: 'Bob' }),
    );
    const first = await Promise.race(changes);
    expect(first).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(first.headers.get('retry-after')).toBe('1');
    await holder.query('commit');
    const statuses = new Set((await Promise.all(changes)).map(({ status }) => status));
    expect(statuses).toEqual(new Set([200, 429]));
  } finally {
    holder.release();
  }
});
