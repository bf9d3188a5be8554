import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { caller } from '../../../../tests/support/http.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

const TOKEN = 'the token of other services, long enough';
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { USAGE_INGEST_TOKEN: TOKEN } });
});
afterAll(() => server.stop());
afterEach(() => mode('off'));

/** As after a failover to a standby, or when an operator holds writes back. */
async function mode(readOnly: 'on' | 'off'): Promise<void> {
  const { pool } = server.database;
  const { rows } = await pool.query<{ name: string }>('select current_database() as name');
  const set = `set default_transaction_read_only = ${readOnly}`;
  await pool.query(`begin read write; alter database "${rows[0]!.name}" ${set}; commit`);
  await pool
    .query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    )
    .catch(() => undefined);
  // The connection that asked lives on with what it knew.
  await pool.query(set).catch(() => undefined);
}

const part = async () =>
  (await caller(server.url).get<{ details?: { parts?: { database: string } } }>('/readyz')).body
    .details?.parts?.database;

test('10.12 a database that takes no writes is away: not ready, and 503 instead of 500', async () => {
  const { session, call } = await server.signUp();
  expect(await part()).toBe('ok');
  await mode('on');
  await vi.waitFor(async () => expect(await part()).toBe('failing'), 60_000);

  const service = caller(server.url, TOKEN);
  const unit = { tenantId: session.tenant.id, resourceType: 'images', amount: 1 };
  const refused = { status: 503, body: { code: 'database_unavailable' } };
  expect(
    await service.post('/api/usage/reservations', {
      ...{ ...unit, ttlSeconds: 60, idempotencyKey: 'a' },
    }),
  ).toMatchObject(refused);
  expect(await call.post('/api/images', { prompt: 'a tower' })).toMatchObject(refused);
  const registration = { email: 'late@example.com', password: 'correct horse' };
  const answer = await caller(server.url).post('/api/auth/register', registration);
  expect(answer).toMatchObject(refused);
  expect(answer.headers.get('retry-after')).toBe('5');
  const forgot = { email: session.user.email };
  expect(await caller(server.url).post('/api/auth/password/forgot', forgot)).toMatchObject(refused);
  // What only reads goes on.
  expect((await call.get('/api/subscription/usage')).status).toBe(200);

  await mode('off');
  await vi.waitFor(async () => expect(await part()).toBe('ok'), 60_000);
  expect((await call.post('/api/images', { prompt: 'a tower' })).status).toBe(200);
});
