import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorLogPage } from '../../../domain/accounts/operator-view.ts';
import { revokeOperator, grantOperator } from '../../services/operators/grants.ts';
import {
  addSecondFactor,
  codeOf,
  senderOf,
  signInAsOperator,
  type SignedInOperator,
} from '../../../../tests/support/operator.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { teamsOf, type Person } from '../../../../tests/support/team.ts';

const PASSWORD = 'correct horse';
const PATH = '/api/admin/session';
let server: TestServer;
let operations: { method: string; path: string }[];
beforeAll(async () => {
  server = await startTestServer();
  const document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { tags: string[] }>>;
  };
  operations = Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/api/admin/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { tags }]) => {
        expect([path, tags]).toEqual([path, ['Operators']]);
        return { method: method.toUpperCase(), path: path.replace(/\{\w+\}/g, ID) };
      }),
    );
});
afterAll(() => server?.stop());

const ID = '00000000-0000-4000-8000-000000000000';
const accountOf = ({ session }: Person) => ({
  ...{ email: session.user.email, password: PASSWORD, accessToken: session.accessToken },
});
const operator = async (name: string, reason?: string) => {
  const person = await server.signUp(name);
  return { person, ...(await signInAsOperator(server, accountOf(person), reason)) };
};
const wishOf = (person: Person) => ({
  ...{ email: person.session.user.email, reason: 'a test', by: 'tests' },
});
const deps = () => ({ db: server.database.db, clock: server.context.clock });
const status = async ({ send }: Pick<SignedInOperator, 'send'>) =>
  (await send<{ code?: string }>('GET', PATH)).body.code ?? 'in';

/** Each address with each method and what `send` answers to it. */
async function everywhere(send: SignedInOperator['send']) {
  const found: string[] = [];
  expect(operations.length).toBeGreaterThan(3);
  for (const { method, path } of operations) {
    const answer = await send<{ code: string }>(method, path, method === 'GET' ? undefined : {});
    found.push(`${answer.status} ${answer.body.code}`);
  }
  return [...new Set(found)];
}

describe('14 the operator’s page is for operators alone', () => {
  test('an owner, an admin, a member, an API key and nobody find nothing at any of its addresses', async () => {
    const team = teamsOf(server);
    const owner = await team.owner('its-owner');
    const admin = await team.join(owner, 'its-admin', 'admin');
    const member = await team.join(owner, 'its-member');
    const { body: key } = await owner.call.post<{ key: string }>('/api/api-keys', { name: 'k' });
    const known = await operator('somebody-else');
    const tokens = [owner, admin, member].map(({ session }) => session.accessToken);
    for (const token of [...tokens, key.key]) {
      for (const cookie of ['', known.cookie]) {
        expect(await everywhere(senderOf(server.url, token, cookie))).toEqual(['404 not_found']);
      }
    }
    const nobody = await everywhere((method, path) =>
      fetch(server.url + path, { method, headers: { Cookie: known.cookie } }).then(
        async (answer) => ({
          ...{ status: answer.status, headers: answer.headers },
          body: (await answer.json()) as never,
        }),
      ),
    );
    expect(nobody).toEqual(['401 unauthenticated']);
  });

  test('an operator without a session of the page gets no further than its door', async () => {
    const person = await server.signUp('at-the-door');
    await grantOperator(deps(), wishOf(person));
    const outside = senderOf(server.url, person.session.accessToken, '');
    expect((await everywhere(outside)).sort()).toEqual([
      ...['400 invalid_request', '403 operator_sign_in_required'],
    ]);
  });

  test.each([
    ['without a second factor', {}, 'second_factor_missing'],
    ['with a wrong password', { password: 'a guess' }, 'wrong_password'],
    ['without a reason', { reason: ' ' }, 'invalid_request'],
    ['without a code', { code: undefined }, 'invalid_request'],
  ])('nobody signs in %s', async (_what, change, code) => {
    const person = await server.signUp(`door-${code}-${Object.keys(change).join()}`);
    await grantOperator(deps(), wishOf(person));
    const body = { password: PASSWORD, code: '123456', reason: 'a test', ...change };
    const answer = await person.call.post(PATH, body);
    expect(answer.body).toMatchObject({ code });
  });

  test('a code is looked at, works once, and is not guessed', async () => {
    const guarded = await startTestServer({
      ...{ env: { LOGIN_FAILURES_MAX: '3' }, databaseUrl: server.database.url },
    });
    try {
      const person = await guarded.signUp('guessed-at');
      await grantOperator(deps(), wishOf(person));
      const secret = await addSecondFactor(guarded, accountOf(person));
      const sent = (code: string) =>
        person.call.post<{ code?: string }>(PATH, { password: PASSWORD, code, reason: 'a test' });
      const code = codeOf(secret, 1);
      expect((await sent(code)).status).toBe(201);
      expect((await sent(code)).body.code).toBe('second_factor_required');
      expect((await sent('000000')).body.code).toBe('second_factor_required');
      await sent('000001');
      expect((await sent('000002')).body.code).toBe('rate_limited');
    } finally {
      await guarded.stop();
    }
  });
});

describe('14 a session of the page is short, and ends with what it began with', () => {
  test('its cookie is for the page alone, and no script reads it', async () => {
    const { person, cookie, setCookie } = await operator('cookie');
    for (const part of ['Path=/api/admin;', 'HttpOnly', 'SameSite=Strict', 'Max-Age=14400']) {
      expect(setCookie).toContain(part);
    }
    const { rows } = await server.database.pool.query(
      'select * from operator_sessions where user_id = $1',
      [person.session.user.id],
    );
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(cookie.split('=')[1]);
  });

  test.each([
    [
      'when the right is taken',
      'not_found',
      ({ person }: { person: Person }) => revokeOperator(deps(), wishOf(person)),
    ],
    [
      'when the password is changed',
      'operator_sign_in_required',
      ({ person }: { person: Person }) =>
        person.call.post('/api/auth/password/change', {
          ...{ currentPassword: PASSWORD, newPassword: 'another horse' },
        }),
    ],
    [
      'after 15 minutes of rest',
      'operator_sign_in_required',
      () => age('last_used_at', '15 minutes'),
    ],
    ['four hours after it began', 'operator_sign_in_required', () => age('created_at', '4 hours')],
  ])('it ends %s', async (what, code, end) => {
    const inside = await operator(what.replace(/\W+/g, '-'));
    expect(await status(inside)).toBe('in');
    await end(inside);
    expect(await status(inside)).toBe(code);
  });

  test('it goes on a minute before either, and ends by signing out', async () => {
    const inside = await operator('stays');
    await age('last_used_at', '14 minutes');
    expect(await status(inside)).toBe('in');
    await age('created_at', '239 minutes');
    expect(await status(inside)).toBe('in');
    expect((await inside.send('DELETE', PATH)).status).toBe(204);
    expect(await status(inside)).toBe('operator_sign_in_required');
  });

  test('what is over is forgotten', async () => {
    const inside = await operator('forgotten');
    await age('last_used_at', '20 minutes');
    await server.context.services.operators.access.prune();
    const kept = await server.database.pool.query('select from operator_sessions');
    expect(kept.rowCount).toBe(0);
    expect(await status(inside)).toBe('operator_sign_in_required');
  });

  const age = (column: string, by: string) =>
    server.database.pool.query(
      `update operator_sessions set ${column} = ${column} - $1::interval`,
      [by],
    );
});

test('14 every view stands in the log with who looked, and the reason', async () => {
  const { send, person } = await operator('looker', 'TICKET-7 asks');
  await send('GET', `${PATH}?a=b`);
  const first = await send<OperatorLogPage>('GET', '/api/admin/log?limit=2');
  expect(first.body.entries).toMatchObject([
    { action: 'operator.viewed', subject: '/api/admin/log?limit=2' },
    {
      ...{ action: 'operator.viewed', subject: `${PATH}?a=b`, reason: 'TICKET-7 asks' },
      by: person.session.user.email,
    },
  ]);
  const next = await send<OperatorLogPage>(
    'GET',
    `/api/admin/log?limit=2&cursor=${first.body.nextCursor}`,
  );
  expect(next.body.entries[0]).toMatchObject({ action: 'operator.signed_in' });
  expect((await send('GET', '/api/admin/log?cursor=x')).status).toBe(400);
  const audit = await person.call.get('/api/tenant/audit');
  expect(JSON.stringify(audit.body)).not.toContain('operator.');
});
