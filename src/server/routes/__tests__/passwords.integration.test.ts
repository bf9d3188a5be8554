import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { grantOperator } from '../../services/operators/grants.ts';
import { BrowserSession } from '../../../../tests/support/browser-session.ts';
import { caller } from '../../../../tests/support/http.ts';
import { mailsTo, tokenMailed } from '../../../../tests/support/mailed.ts';
import { addSecondFactor, codeOf } from '../../../../tests/support/operator.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

const OLD = 'correct horse';
const NEW = 'battery staple';
let server: TestServer;
let other: TestServer;
beforeAll(async () => {
  // Mails are rendered and stay in the outbox: nothing listens there.
  const env = { SMTP_URL: 'smtp://127.0.0.1:1', TRUSTED_PROXIES: 'loopback' };
  server = await startTestServer({ env });
  other = await startTestServer({ env, databaseUrl: server.database.url });
});
afterAll(async () => {
  await other?.stop();
  await server?.stop();
});

type Person = Awaited<ReturnType<TestServer['signUp']>>;
type Act = () => Promise<number>;

const accountOf = ({ session }: Person) => ({
  ...{ email: session.user.email, password: OLD, accessToken: session.accessToken },
});

const sql = async <T extends object>(text: string, values: unknown[] = []) =>
  (await server.database.pool.query<T>(text, values)).rows;
const post = (path: string, body: object, from = '198.51.100.1', at = server) =>
  new BrowserSession(at.url, { 'X-Forwarded-For': from }).send('POST', path, body);
const forgot = (email: string, from?: string) => post('/api/auth/password/forgot', { email }, from);
const reset = (token: string, password: string, at = server) =>
  post('/api/auth/password/reset', { token, password }, undefined, at);
const login = async (email: string, password: string) =>
  (await post('/api/auth/login', { email, password })).status;

async function forgetful(name: string) {
  const { session } = await server.signUp(name);
  const { email } = session.user;
  expect((await forgot(email, `203.0.113.${name.length}`)).status).toBe(202);
  return { email, session, token: await tokenMailed(server.context, 'reset_password', email) };
}

describe('13 a forgotten password', () => {
  test('is chosen anew by a mailed link, once, and ends every session', async () => {
    const { session } = await server.signUp('forgetful');
    const { email } = session.user;
    const browser = new BrowserSession(server.url);
    await browser.signIn(email, OLD);
    expect((await forgot(email.toUpperCase())).status).toBe(202);
    const token = await tokenMailed(server.context, 'reset_password', email);
    expect((await reset(token, 'short')).status).toBe(400);
    expect((await reset(token, NEW)).status).toBe(204);
    expect(await browser.refresh()).toBe(401);
    expect(await login(email, OLD)).toBe(401);
    expect(await login(email, NEW)).toBe(200);
    expect(await reset(token, 'a third password')).toMatchObject({
      ...{ status: 410, body: { code: 'link_over' } },
    });
    expect(await login(email, NEW)).toBe(200);
    expect(await mailsTo(server.context, 'password_changed', email)).toHaveLength(1);
    // Whoever reads the mailbox has shown that it is theirs.
    const [row] = await sql<{ at: Date | null }>(
      'select email_verified_at as at from users where email = $1',
      [email],
    );
    expect(row!.at).not.toBeNull();
  });

  test('of an address that nobody has is answered and written down alike, and mails nobody', async () => {
    await server.signUp('known');
    const before = await sql<{ n: number }>('select count(*)::int as n from mail_outbox');
    const answers = await Promise.all([
      forgot('known@example.com', '203.0.113.40'),
      forgot('nobody@example.com', '203.0.113.41'),
    ]);
    expect(answers.map(({ status, body }) => ({ status, body }))).toEqual(
      Array(2).fill({ status: 202, body: {} }),
    );
    // All that a request does is this row: what tells the two apart comes after the answer.
    const rows = await sql<{ email: string }>('select email from password_requests order by email');
    expect(rows.map((row) => row.email)).toEqual(['known@example.com', 'nobody@example.com']);
    expect(await sql('select count(*)::int as n from mail_outbox')).toEqual(before);
    expect(await mailsTo(server.context, 'reset_password', 'known@example.com')).toHaveLength(1);
    expect(await mailsTo(server.context, 'reset_password', 'nobody@example.com')).toEqual([]);
    expect(await sql('select 1 from password_requests')).toEqual([]);
  });

  test('has no link in the database from which one could be followed', async () => {
    const { email, token } = await forgetful('hashed');
    const kept = JSON.stringify([
      await sql('select * from mailed_links'),
      await sql('select * from mail_outbox where recipient = $1', [email]),
    ]);
    expect(kept).not.toContain(token);
  });

  test('has 30 minutes', async () => {
    const { email, token } = await forgetful('slow');
    const [link] = await sql<{ lasts: number }>(
      `select extract(epoch from l.expires_at - l.created_at)::int as lasts from mailed_links l
       join users u on u.id = l.user_id where u.email = $1`,
      [email],
    );
    expect(link!.lasts).toBe(30 * 60);
    await sql(`update mailed_links set expires_at = now() where email = $1`, [email]);
    expect((await reset(token, NEW)).status).toBe(410);
    expect(await login(email, OLD)).toBe(200);
  });

  test.each([
    ['short', 'x'],
    ['empty', ''],
    ['of the right length', 'A'.repeat(43)],
    ['endless', 'x'.repeat(3_000)],
  ])('a made-up link opens nothing: %s', async (_how, token) => {
    expect([400, 410]).toContain((await reset(token, NEW)).status);
  });

  test('two processes that follow one link at once: one wins, and its password is the one', async () => {
    const { email, token } = await forgetful('raced');
    const answers = await Promise.all([
      reset(token, 'the first of two'),
      reset(token, 'the second of two', other),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 410]);
    const winner = answers[0]!.status === 204 ? 0 : 1;
    const statuses = [
      await login(email, 'the first of two'),
      await login(email, 'the second of two'),
    ];
    expect(statuses[winner]).toBe(200);
    expect(statuses[1 - winner]).toBe(401);
  });

  test('every mail of three works until one is used; a fourth is not sent', async () => {
    const { session } = await server.signUp('again');
    const { email } = session.user;
    const tokens: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      expect((await forgot(email, `192.0.2.${n}`)).status).toBe(202);
      tokens.push(await tokenMailed(server.context, 'reset_password', email));
    }
    const refused = await forgot(email, '192.0.2.9');
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
    expect(new Set(tokens).size).toBe(3);
    expect((await reset(tokens[0]!, NEW)).status).toBe(204);
    for (const token of tokens) expect((await reset(token, OLD)).status).toBe(410);
  });

  test('is limited alike for an address that nobody has, and from one place', async () => {
    const ofNobody = [];
    for (let n = 0; n < 4; n += 1)
      ofNobody.push(await forgot('no@example.com', `192.0.2.${20 + n}`));
    expect(ofNobody.map(({ status }) => status)).toEqual([202, 202, 202, 429]);
    const fromOne = [];
    for (let n = 0; n < 11; n += 1) {
      fromOne.push((await forgot(`many${n}@example.com`, '192.0.2.99')).status);
    }
    expect(fromOne).toEqual([...Array<number>(10).fill(202), 429]);
  });

  test('a mail that cannot be written is written later, and once', async () => {
    const { session } = await server.signUp('patient');
    const { email } = session.user;
    await forgot(email, '203.0.113.60');
    await sql(
      `alter table mail_outbox add constraint planted check (kind <> 'reset_password') not valid`,
    );
    expect(await mailsTo(server.context, 'reset_password', email)).toEqual([]);
    await sql('alter table mail_outbox drop constraint planted');
    await Promise.all([
      mailsTo(server.context, 'reset_password', email),
      mailsTo(other.context, 'reset_password', email),
    ]);
    expect(await mailsTo(server.context, 'reset_password', email)).toHaveLength(1);
  });

  test.each<[string, number, (person: Person) => Act | Promise<Act>]>([
    [
      'a sign-in',
      401,
      ({ session }) =>
        () =>
          login(session.user.email, OLD),
    ],
    [
      'a wish for another address',
      403,
      ({ call }) => {
        const wish = { email: 'lair@example.com', password: OLD };
        return async () => (await call.post('/api/auth/email/change', wish)).status;
      },
    ],
    [
      'the beginning of a second factor',
      403,
      ({ call }) => {
        return async () => (await call.post('/api/auth/second-factor', { password: OLD })).status;
      },
    ],
    [
      'the end of a second factor',
      403,
      async (person) => {
        const code = codeOf(await addSecondFactor(server, accountOf(person)), 1);
        const wish = { password: OLD, code };
        return async () => (await person.call.delete('/api/auth/second-factor', wish)).status;
      },
    ],
    [
      'a sign-in to the operator’s page',
      403,
      async (person) => {
        const { email } = person.session.user;
        const { db, clock } = { ...server.database, ...server.context };
        await grantOperator({ db, clock }, { email, reason: 'a test', by: 'tests' });
        const code = codeOf(await addSecondFactor(server, accountOf(person)), 1);
        const wish = { password: OLD, code, reason: 'a look around' };
        return async () => (await person.call.post('/api/admin/session', wish)).status;
      },
    ],
  ])('ends %s with the old password that is under way', async (_what, status, prepare) => {
    const person = await server.signUp();
    const act = await prepare(person);
    const client = await server.database.pool.connect();
    await client.query('begin');
    const { id } = person.session.user;
    await client.query(`update users set password_hash = 'another' where id = $1`, [id]);
    const acting = act();
    await vi.waitFor(
      async () =>
        expect(
          await sql(
            `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%for share%'
             and datname = current_database()`,
          ),
        ).toHaveLength(1),
      60_000,
    );
    await client.query('commit');
    client.release();
    expect(await acting).toBe(status);
  });
});

describe('13 a change of password', () => {
  const change = (browser: BrowserSession, token: string, currentPassword: string, next = NEW) =>
    browser.send(
      ...(['POST', '/api/auth/password/change', { currentPassword, newPassword: next }] as const),
      token,
    );

  test('asks the old one, ends the other sessions, and keeps this one', async () => {
    const { session } = await server.signUp('changer');
    const { email } = session.user;
    const [here, there] = [new BrowserSession(server.url), new BrowserSession(server.url)];
    const token = await here.signIn(email, OLD);
    await there.signIn(email, OLD);
    await forgot(email, '203.0.113.70');
    const link = await tokenMailed(server.context, 'reset_password', email);
    expect(await change(here, token, 'a guess')).toMatchObject({
      ...{ status: 403, body: { code: 'wrong_password' } },
    });
    expect((await change(here, token, OLD)).status).toBe(204);
    expect([await here.refresh(), await there.refresh()]).toEqual([200, 401]);
    expect([await login(email, OLD), await login(email, NEW)]).toEqual([401, 200]);
    // What was mailed before is over too.
    expect((await reset(link, OLD)).status).toBe(410);
    expect(await mailsTo(server.context, 'password_changed', email)).toHaveLength(1);
    const rows = await sql<{ action: string }>(
      'select action from audit_log where subject_id = $1',
      [session.user.id],
    );
    expect(rows).toEqual([{ action: 'user.password_changed' }]);
  });

  test('two at once in two processes: one wins', async () => {
    const { session } = await server.signUp('twice');
    const browsers = [new BrowserSession(server.url), new BrowserSession(other.url)];
    const answers = await Promise.all(
      browsers.map((browser, n) =>
        change(browser, session.accessToken, OLD, `password ${n} of two`),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses[0]).toBe(204);
    expect([403, 409]).toContain(statuses[1]);
  });

  test('cannot be used to guess: twenty wrong ones, then nothing for a while', async () => {
    const { session } = await server.signUp('guessed');
    const browser = new BrowserSession(server.url);
    const statuses = [];
    for (let n = 0; n < 21; n += 1) {
      statuses.push((await change(browser, session.accessToken, `guess ${n}`)).status);
    }
    expect(statuses).toEqual([...Array<number>(20).fill(403), 429]);
    expect((await change(browser, session.accessToken, OLD)).status).toBe(429);
  });

  test('is for people who are signed in', async () => {
    const body = { currentPassword: OLD, newPassword: NEW };
    expect((await caller(server.url).post('/api/auth/password/change', body)).status).toBe(401);
  });
});
