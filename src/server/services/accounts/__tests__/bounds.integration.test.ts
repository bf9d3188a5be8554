import { afterAll, beforeAll, expect, test } from 'vitest';
import { caller, type Caller } from '../../../../../tests/support/http.ts';
import { startTestServer, type TestServer } from '../../../../../tests/support/server.ts';
import type { ApiKeyCreated, SessionView } from '../../../../domain/api.ts';
import { BOUNDS } from '../../../../domain/accounts/retention.ts';

let server: TestServer;
let session: SessionView;
let person: Caller;
beforeAll(async () => {
  server = await startTestServer();
  ({ session, call: person } = await server.signUp());
  await server.database.pool.query(`update tenants set plan = 'pro'`);
});
afterAll(() => server?.stop());

const count = async (table: string) => {
  const { rows } = await server.database.pool.query<{ n: number }>(
    `select count(*)::int as n from ${table} where user_id = $1`,
    [session.user.id],
  );
  return rows[0]!.n;
};

async function signIn(): Promise<string> {
  const answer = await fetch(`${server.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: session.user.email, password: 'correct horse' }),
  });
  expect(answer.status).toBe(200);
  return answer.headers.getSetCookie()[0]!.split(';')[0]!;
}

/** The cookie of after it; `undefined` when the session is over. */
async function refresh(cookie: string): Promise<string | undefined> {
  const answer = await fetch(`${server.url}/api/auth/refresh`, {
    method: 'POST',
    headers: { cookie },
  });
  return answer.status === 200 ? answer.headers.getSetCookie()[0]!.split(';')[0]! : undefined;
}

/** Sessions, or tokens of one, that were made so many minutes ago. */
const plant = (rows: number, family: string) =>
  server.database.pool.query(
    `insert into refresh_tokens (user_id, tenant_id, family_id, token_hash, expires_at, used_at, created_at)
     select user_id, tenant_id, ${family}, gen_random_uuid()::text, now() + interval '1 day', now(),
       now() - make_interval(mins => n::int)
     from generate_series(1, $2::int) n, (select * from refresh_tokens where user_id = $1 limit 1) one`,
    [session.user.id, rows],
  );

test('10.23 a person has so many sessions, and the one longest not used ends at the next sign-in', async () => {
  const first = await signIn();
  const second = await refresh(await signIn());
  await plant(BOUNDS.sessions * 2, 'gen_random_uuid()');
  await signIn();
  expect(await count('refresh_tokens')).toBeLessThanOrEqual(BOUNDS.sessions + 1);
  expect(await refresh(first)).toBeDefined();
  expect(await refresh(second!)).toBeDefined();
  await server.database.pool.query(
    `update refresh_tokens set created_at = created_at - interval '1 hour'`,
  );
  for (let n = 0; n < BOUNDS.sessions; n += 1) await signIn();
  expect(await count('refresh_tokens')).toBe(BOUNDS.sessions);
  expect(await refresh(first)).toBeUndefined();
});

test('10.23 a session that is refreshed without end ends', async () => {
  const cookie = await signIn();
  const { rows } = await server.database.pool.query<{ family: string }>(
    'select family_id as family from refresh_tokens where user_id = $1 order by created_at desc limit 1',
    [session.user.id],
  );
  await plant(BOUNDS.refreshesOfASession - 2, `'${rows[0]!.family}'::uuid`);
  const next = await refresh(cookie);
  expect(next).toBeDefined();
  expect(await refresh(next!)).toBeUndefined();
});

test('10.23 of keys that are over a person leaves so many, and acts that are told of are so many an hour', async () => {
  const turns = BOUNDS.actsAnHour / 2;
  for (let n = 0; n < turns; n += 1) {
    const made = await person.post<ApiKeyCreated>('/api/api-keys', { name: `${n}` });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    expect((await person.delete(`/api/api-keys/${made.body.id}`)).status).toBe(204);
  }
  // The last one is over as well, and nothing was made after it.
  expect(await count('api_keys')).toBe(BOUNDS.endedKeys + 1);
  expect(await person.post('/api/api-keys', { name: 'one more' })).toMatchObject({
    status: 429,
    body: { code: 'rate_limited' },
  });
  expect((await person.get('/api/api-keys')).status).toBe(200);
  // Somebody else is not kept by it, nor a service.
  expect((await caller(server.url).get('/api/plans')).status).not.toBe(429);
  const audit = await server.database.pool.query('select from audit_log where actor_id = $1', [
    session.user.id,
  ]);
  expect(audit.rowCount).toBeLessThanOrEqual(BOUNDS.actsAnHour + 5);
});
