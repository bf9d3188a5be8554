import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { caller } from '../../../../tests/support/http.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

const TOKEN = 'the token of other services, long enough';
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { USAGE_INGEST_TOKEN: TOKEN } });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await server.stop();
});

/** Every write of every table fails as PostgreSQL fails when it can get no more room. */
async function fillDisk(): Promise<void> {
  await server.database.pool.query(`
    create function no_room() returns trigger language plpgsql as $$
    begin
      raise exception using errcode = '53100', message = 'could not extend file',
        hint = 'Check free disk space.';
    end $$;
    do $$ declare target regclass; begin
      for target in select oid from pg_class
        where relnamespace in ('public'::regnamespace, 'u00'::regnamespace)
          and relkind in ('r', 'p') and not relispartition
      loop
        execute format('create trigger no_room before insert or update on %s
          for each statement execute function no_room()', target);
      end loop;
    end $$`);
}

const freeDisk = () => server.database.pool.query('drop function no_room() cascade');

test('10.22 a full disk of the database is 503 for what writes, and not ready', async () => {
  const { session, call } = await server.signUp();
  const service = caller(server.url, TOKEN);
  const stranger = caller(server.url);
  const unit = { tenantId: session.tenant.id, resourceType: 'images', amount: 1 };
  const held = await service.post<{ reservationId: string }>('/api/usage/reservations', {
    ...{ ...unit, ttlSeconds: 600, idempotencyKey: 'before' },
  });
  const { reservationId } = held.body;
  const credentials = { email: session.user.email, password: 'correct horse' };
  expect((await stranger.get('/readyz')).body).toMatchObject({
    details: { parts: { database: 'ok' } },
  });

  await fillDisk();
  const character = { name: 'A', description: 'B', greeting: 'C', shared: false };
  const refused = await Promise.all([
    stranger.post('/api/auth/login', credentials),
    stranger.post('/api/auth/register', { ...credentials, email: 'late@example.com' }),
    call.post('/api/chat', { message: 'Hello' }),
    call.post('/api/images', { prompt: 'a tower' }),
    call.post('/api/characters', character),
    service.post('/api/usage/events', { events: [{ ...unit, idempotencyKey: 'a' }] }),
    service.post('/api/usage/reservations', { ...unit, ttlSeconds: 60, idempotencyKey: 'b' }),
    service.post(`/api/usage/reservations/${reservationId}/settle`, { amount: 1 }),
    service.delete(`/api/usage/reservations/${reservationId}`),
    call.post('/api/subscription/sync'),
  ]);
  for (const [place, answer] of refused.entries()) {
    const story = `${place}: ${answer.status} ${JSON.stringify(answer.body)}`;
    expect(answer.status, story).toBe(503);
    expect(answer.body['code'], story).toBe('database_unavailable');
    expect(Number(answer.headers.get('retry-after')), story).toBeGreaterThan(0);
  }
  expect(await stranger.get('/readyz')).toMatchObject({
    status: 503,
    body: { code: 'not_ready', details: { parts: { database: 'failing' } } },
  });
  // What only reads goes on.
  expect((await call.get('/api/subscription/usage')).status).toBe(200);

  await freeDisk();
  expect((await call.post('/api/images', { prompt: 'a tower' })).status).toBe(200);
  const later = performance.now() + 61_000;
  vi.spyOn(performance, 'now').mockReturnValue(later);
  expect((await stranger.get('/readyz')).body).toMatchObject({
    details: { parts: { database: 'ok' } },
  });
});
