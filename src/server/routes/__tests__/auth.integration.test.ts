import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiError, MeView, SessionView } from '../../../domain/api.ts';
import { caller } from '../../../../tests/support/http.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const post = (path: string, body: unknown, cookie?: string) =>
  fetch(server.url + path, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(cookie === undefined ? {} : { Cookie: cookie }),
    },
    body: JSON.stringify(body),
  });
const cookieOf = (response: Response) => response.headers.get('set-cookie')?.split(';')[0] ?? '';
const people = async (where: string) => {
  const { rows } = await server.database.pool.query<{ n: number }>(
    `select count(*)::int n from users u join tenants t on t.id = u.tenant_id where ${where}`,
  );
  return rows[0]?.n;
};

describe('register', () => {
  test('makes a tenant on free and its owner, signed in', async () => {
    const body = { email: 'Mei@Example.com', password: 'correct horse', tenantName: 'Square 桌' };
    const response = await post('/api/auth/register', body);
    expect(response.status).toBe(201);
    const session = (await response.json()) as SessionView;
    expect(session).toEqual({
      accessToken: expect.any(String),
      user: {
        id: expect.any(String),
        email: 'mei@example.com',
        displayName: 'mei',
        role: 'owner',
        emailVerified: true,
        tenantId: session.tenant.id,
      },
      tenant: { id: expect.any(String), name: 'Square 桌', plan: 'free' },
    });
    expect(response.headers.get('set-cookie')).toMatch(
      /^squaretable_refresh=[\w-]{43}; Max-Age=2592000; Path=\/api\/auth; HttpOnly; SameSite=Lax$/,
    );
    const me = await caller(server.url, session.accessToken).get<MeView>('/api/auth/me');
    expect(me.body).toEqual({ user: session.user, tenant: session.tenant });
  });

  test('ten people racing for one e-mail: one account, nine refusals, no tenant left over', async () => {
    const race = Array.from({ length: 10 }, () =>
      post('/api/auth/register', {
        email: 'race@example.com',
        password: 'correct horse',
        tenantName: 'Racers',
      }),
    );
    const statuses = (await Promise.all(race)).map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array<number>(9).fill(409)]);
    const { rowCount } = await server.database.pool.query(
      `select from tenants where name = 'Racers'`,
    );
    expect(rowCount).toBe(1);
  });

  const valid = { email: 'new@example.com', password: 'correct horse' };
  test.each([
    ['nothing', {}],
    ['a list', []],
    ['null', null],
    ['no e-mail', { ...valid, email: 'mei' }],
    ['an e-mail of another type', { ...valid, email: { $ne: null } }],
    ['an endless e-mail', { ...valid, email: `${'a'.repeat(300)}@example.com` }],
    ['a short password', { ...valid, password: '1234567' }],
    ['an endless password', { ...valid, password: 'x'.repeat(201) }],
    ['a field that is not there', { ...valid, role: 'admin' }],
    ['a tenant of its choice', { ...valid, tenantId: '0' }],
    ['NUL in a name', { ...valid, displayName: 'a\0b' }],
    ['half a surrogate pair in a name', { ...valid, tenantName: 'a\ud800b' }],
    ['a blank name', { ...valid, displayName: '   ' }],
    ['further lines in a team’s name', { ...valid, tenantName: 'Acme\n\nPay here' }],
  ])('%s is refused and makes nobody', async (_case, body) => {
    const response = await post('/api/auth/register', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_request' });
    expect(await people(`email like '%new@%'`)).toBe(0);
  });
});

describe('login', () => {
  test('takes the e-mail in any case and the password in none but its own', async () => {
    await server.signUp('login');
    const right = await post('/api/auth/login', {
      email: ' LOGIN@example.com ',
      password: 'correct horse',
    });
    expect(right.status).toBe(200);
    const answers = await Promise.all([
      post('/api/auth/login', { email: 'login@example.com', password: 'Correct horse' }),
      post('/api/auth/login', { email: 'nobody@example.com', password: 'correct horse' }),
    ]);
    const bodies = await Promise.all(answers.map((a) => a.json() as Promise<ApiError>));
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    expect(bodies.map(({ code, error }) => ({ code, error }))).toEqual(
      Array(2).fill({
        code: 'invalid_credentials',
        error: 'The e-mail or the password is wrong.',
      }),
    );
  });
});

describe('sessions', () => {
  const start = async (name: string) => {
    await server.signUp(name);
    const body = { email: `${name}@example.com`, password: 'correct horse' };
    return cookieOf(await post('/api/auth/login', body));
  };
  const refresh = (cookie: string) => post('/api/auth/refresh', {}, cookie);
  const age = (seconds: number) =>
    server.database.pool.query(
      `update refresh_tokens set used_at = used_at - make_interval(secs => $1)`,
      [seconds],
    );

  test('a refresh token leads to a session and to the next refresh token', async () => {
    const first = await refresh(await start('rotating'));
    expect(first.status).toBe(200);
    const session = (await first.json()) as SessionView;
    const me = await caller(server.url, session.accessToken).get('/api/auth/me');
    expect(me.status).toBe(200);
    expect((await refresh(cookieOf(first))).status).toBe(200);
  });

  test('10.17 a token sent twice within its grace has one successor, not a fork', async () => {
    const cookie = await start('forked');
    const answers = await Promise.all([refresh(cookie), refresh(cookie), refresh(cookie)]);
    expect(new Set(answers.map(cookieOf)).size).toBe(1);
    expect(cookieOf(await refresh(cookie))).toBe(cookieOf(answers[0]!));
    // Whoever follows a successor goes on in the same line.
    const next = await refresh(cookieOf(answers[0]!));
    expect(cookieOf(await refresh(cookieOf(answers[0]!)))).toBe(cookieOf(next));
    const { rows } = await server.database.pool.query<{ n: number }>(
      `select count(*)::int as n from refresh_tokens
       where family_id in (select family_id from refresh_tokens t join users u on u.id = t.user_id
         where u.email like 'forked%')`,
    );
    // The registration's own family of one, and the sign-in's line of three.
    expect(rows[0]!.n).toBe(4);
  });

  test('two tabs that refresh at once both stay signed in', async () => {
    const cookie = await start('tabs');
    const both = await Promise.all([refresh(cookie), refresh(cookie)]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    const next = await Promise.all(both.map((response) => refresh(cookieOf(response))));
    expect(next.map(({ status }) => status)).toEqual([200, 200]);
  });

  test('a stolen token that comes back later ends every session of its family', async () => {
    const stolen = await start('stolen');
    const current = cookieOf(await refresh(stolen));
    const elsewhere = await start('elsewhere');
    await age(60);
    expect((await refresh(stolen)).status).toBe(401);
    expect((await refresh(current)).status).toBe(401);
    expect((await refresh(elsewhere)).status).toBe(200);
  });

  test('logging out ends the session, twice is no error', async () => {
    const cookie = await start('leaving');
    const left = await post('/api/auth/logout', {}, cookie);
    expect(left.status).toBe(204);
    expect(left.headers.get('set-cookie')).toMatch(/^squaretable_refresh=;.*Max-Age=0/);
    expect((await refresh(cookie)).status).toBe(401);
    expect((await post('/api/auth/logout', {}, cookie)).status).toBe(204);
    expect((await post('/api/auth/logout', {})).status).toBe(204);
  });

  test.each([undefined, 'squaretable_refresh=', 'squaretable_refresh=made-up'])(
    'no session comes from the cookie %s',
    async (cookie) => {
      const response = await post('/api/auth/refresh', {}, cookie);
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
    },
  );

  test('expired refresh tokens are refused and forgotten', async () => {
    const cookie = await start('expiring');
    await server.database.pool.query(`update refresh_tokens set expires_at = now()`);
    expect((await refresh(cookie)).status).toBe(401);
    expect(await server.context.services.auth.refreshTokens.deleteExpired()).toBeGreaterThan(0);
  });
});

describe('me', () => {
  test.each([
    ['no header', undefined],
    ['another scheme', 'Basic bWVpOm1laQ=='],
    ['an empty token', 'Bearer '],
    ['nonsense', 'Bearer nonsense'],
  ])('%s is unauthenticated', async (_case, authorization) => {
    const response = await fetch(`${server.url}/api/auth/me`, {
      headers: authorization === undefined ? {} : { Authorization: authorization },
    });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
  });

  test('a deleted tenant has no users any more', async () => {
    const { session, call } = await server.signUp('deleted');
    await server.database.pool.query('update tenants set deleted_at = now() where id = $1', [
      session.tenant.id,
    ]);
    expect((await call.get('/api/auth/me')).status).toBe(401);
    const body = { email: 'deleted@example.com', password: 'correct horse' };
    expect((await post('/api/auth/login', body)).status).toBe(401);
  });
});

test('a person chooses the language of their mails and of Stripe’s pages, and the zone of dates', async () => {
  const { session } = await server.signUp('polyglot');
  const choose = (reading: object) =>
    fetch(`${server.url}/api/auth/me`, {
      method: 'PATCH',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${session.accessToken}`,
      },
      body: JSON.stringify(reading),
    });
  const reads = (how: string) => people(`u.id = '${session.user.id}' and ${how}`);
  expect((await choose({ locale: 'en' })).status).toBe(200);
  expect((await choose({ locale: 'tlh' })).status).toBe(400);
  expect(await reads(`u.locale = 'en' and u.time_zone is null`)).toBe(1);
  expect((await choose({ timeZone: 'Asia/Shanghai' })).status).toBe(200);
  for (const odd of ['', '../etc', 'Asia/\0', 8, 'x'.repeat(65)]) {
    expect((await choose({ timeZone: odd })).status).toBe(400);
  }
  expect(await reads(`u.locale = 'en' and u.time_zone = 'Asia/Shanghai'`)).toBe(1);
});
