import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MeView } from '../../../domain/api.ts';
import { BrowserSession } from '../../../../tests/support/browser-session.ts';
import { caller, type Caller } from '../../../../tests/support/http.ts';
import { mailsTo, tokenMailed } from '../../../../tests/support/mailed.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

const PASSWORD = 'correct horse';
let server: TestServer;
let other: TestServer;
beforeAll(async () => {
  const env = { SMTP_URL: 'smtp://127.0.0.1:1' };
  server = await startTestServer({ env });
  other = await startTestServer({ env, databaseUrl: server.database.url });
});
afterAll(async () => {
  await other?.stop();
  await server?.stop();
});

const open = (at = server) => caller(at.url);
const verify = async (token: string, at = server) =>
  (await open(at).post('/api/auth/email/verify', { token })).status;
const revert = async (token: string, at = server) =>
  (await open(at).post('/api/auth/email/revert', { token })).status;
const login = async (email: string, password = PASSWORD) =>
  (await open().post('/api/auth/login', { email, password })).status;

async function person(name: string) {
  const { session, call } = await server.signUp(name);
  const wish = async (email: string, password = PASSWORD) =>
    call.post('/api/auth/email/change', { email, password });
  return {
    ...{ session, call, wish, email: session.user.email },
    address: async () => (await call.get<MeView>('/api/auth/me')).body.user,
    /** To another address, and the way back that was mailed to the one before. */
    async move(from: string, to: string): Promise<string> {
      expect((await wish(to)).status).toBe(202);
      expect(await verify(await tokenMailed(server.context, 'change_email', to))).toBe(200);
      return tokenMailed(server.context, 'email_changed', from);
    },
  };
}

test('13 an address changes when the link at the new one is followed, once', async () => {
  const { wish, address, email } = await person('mover');
  expect((await wish('new@example.com', 'a guess')).body).toMatchObject({ code: 'wrong_password' });
  expect((await wish('MOVER@example.com')).status).toBe(400);
  expect((await wish('New@Example.com')).status).toBe(202);
  expect(await address()).toMatchObject({ email, emailVerified: false });
  const token = await tokenMailed(server.context, 'change_email', 'new@example.com');
  // Another wish replaces the first one.
  expect((await wish('newer@example.com')).status).toBe(202);
  expect(await verify(token)).toBe(410);
  const newer = await tokenMailed(server.context, 'change_email', 'newer@example.com');
  expect([await verify(newer), await verify(newer)]).toEqual([200, 410]);
  expect(await address()).toMatchObject({ email: 'newer@example.com', emailVerified: true });
  expect([await login(email), await login('newer@example.com')]).toEqual([401, 200]);
  const [told] = await mailsTo(server.context, 'email_changed', email);
  expect(told).toContain('newer@example.com');
  const { rows } = await server.database.pool.query(
    `select before, after from audit_log where action = 'user.email_changed'`,
  );
  expect(rows).toEqual([{ before: { email }, after: { email: 'newer@example.com' } }]);
});

test('13 the old address takes it back: everybody is signed out, and the password is void', async () => {
  const { move, email, address } = await person('robbed');
  const thief = new BrowserSession(server.url);
  await thief.signIn(email, PASSWORD);
  const back = await move(email, 'thief@example.com');
  // Meanwhile the address is nobody else's.
  const registration = { email, password: PASSWORD };
  expect((await open().post('/api/auth/register', registration)).status).toBe(409);
  const answers = await Promise.all([revert(back), revert(back, other)]);
  expect(answers.sort()).toEqual([204, 410]);
  expect(await address()).toMatchObject({ email });
  expect(await thief.refresh()).toBe(401);
  expect([await login(email), await login('thief@example.com')]).toEqual([401, 401]);
  const token = await tokenMailed(server.context, 'reset_password', email);
  const wish = { token, password: 'my own again' };
  expect((await open().post('/api/auth/password/reset', wish)).status).toBe(204);
  expect(await login(email, 'my own again')).toBe(200);
});

test('13 who moves a stolen account twice does not end its owner’s way back', async () => {
  const { move, email, address } = await person('chased');
  const owners = await move(email, 'first-lair@example.com');
  const thiefs = await move('first-lair@example.com', 'second-lair@example.com');
  expect(await revert(thiefs)).toBe(204);
  expect(await address()).toMatchObject({ email: 'first-lair@example.com' });
  expect(await revert(owners)).toBe(204);
  expect(await address()).toMatchObject({ email });
  expect(await revert(owners)).toBe(410);
});

test('13 a link to the address before opens nothing after the change', async () => {
  const { move, email } = await person('tidy');
  await open().post('/api/auth/password/forgot', { email });
  const reset = await tokenMailed(server.context, 'reset_password', email);
  await move(email, 'tidier@example.com');
  const wish = { token: reset, password: 'somebody elses' };
  expect((await open().post('/api/auth/password/reset', wish)).status).toBe(410);
});

test.each<[string, (call: Caller, email: string) => Promise<number>]>([
  [
    'is changed',
    async (call) => {
      const wish = { currentPassword: PASSWORD, newPassword: 'my own again' };
      return (await call.post('/api/auth/password/change', wish)).status;
    },
  ],
  [
    'is chosen anew by mail',
    async (_call, email) => {
      await open().post('/api/auth/password/forgot', { email });
      const token = await tokenMailed(server.context, 'reset_password', email);
      const wish = { token, password: 'my own again' };
      return (await open().post('/api/auth/password/reset', wish)).status;
    },
  ],
])(
  '13 a wish for another address ends when the password that it was made with %s',
  async (how, renew) => {
    const { call, wish, email, address } = await person(how.replaceAll(' ', '-'));
    const lair = `${how.length}-lair@example.com`;
    expect((await wish(lair)).status).toBe(202);
    const token = await tokenMailed(server.context, 'change_email', lair);
    expect(await renew(call, email)).toBe(204);
    expect(await verify(token)).toBe(410);
    expect(await address()).toMatchObject({ email });
  },
);

test('13 an address that an account has, or gets meanwhile, is taken', async () => {
  const [one, two] = [await person('early'), await person('late')];
  expect((await one.wish(two.email)).body).toMatchObject({ code: 'email_taken' });
  for (const { wish } of [one, two]) expect((await wish('wanted@example.com')).status).toBe(202);
  const texts = await mailsTo(server.context, 'change_email', 'wanted@example.com');
  const tokens = texts.map((text) => /token=([\w-]+)/.exec(text)![1]!);
  const answers = await Promise.all([verify(tokens[0]!), verify(tokens[1]!, other)]);
  expect(answers.sort()).toEqual([200, 409]);
});

test('13 asking is limited, as each writes a mail to an address that somebody chose', async () => {
  const { wish } = await person('eager');
  const statuses = [];
  for (let n = 0; n < 11; n += 1) statuses.push((await wish(`eager${n}@example.com`)).status);
  expect(statuses).toEqual([...Array<number>(10).fill(202), 429]);
});
