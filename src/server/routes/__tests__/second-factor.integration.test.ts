import { TOTP } from 'otpauth';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SecondFactorBegun, SecondFactorView } from '../../../domain/api.ts';
import { caller } from '../../../../tests/support/http.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

const PASSWORD = 'correct horse';
const PATH = '/api/auth/second-factor';
let server: TestServer;
let other: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  other = await startTestServer({ databaseUrl: server.database.url });
});
afterAll(async () => {
  await other?.stop();
  await server?.stop();
});

/** A code of the app, `later` half minutes from now; the one after now is taken too, as clocks differ. */
const codeOf = (secret: string, later = 0) =>
  new TOTP({ secret }).generate({ timestamp: Date.now() + later * 30_000 });
const login = async (email: string, code?: string, at = server) => {
  const sent = { email, password: PASSWORD, ...(code === undefined ? {} : { code }) };
  const { status, body } = await caller(at.url).post<{ code?: string }>('/api/auth/login', sent);
  return { status, code: body.code };
};
const required = { status: 403, code: 'second_factor_required' };

async function guarded(name: string) {
  const { session, call } = await server.signUp(name);
  const begun = await call.post<SecondFactorBegun>(PATH, { password: PASSWORD });
  expect(begun.status).toBe(201);
  const { secret } = begun.body;
  const first = codeOf(secret);
  const confirm = () => call.post<{ recoveryCodes: string[] }>(`${PATH}/confirm`, { code: first });
  return {
    call,
    confirm,
    first,
    begun: begun.body,
    secret,
    email: session.user.email,
    id: session.user.id,
  };
}

test('13 a second factor is asked for from its first code on, and each code works once', async () => {
  const { call, confirm, first, begun, secret, email, id } = await guarded('careful');
  expect(begun.uri).toContain(`secret=${secret}`);
  expect((await login(email)).status).toBe(200);
  expect((await call.post(`${PATH}/confirm`, { code: '000000' })).status).toBe(403);
  const { recoveryCodes } = (await confirm()).body;
  expect(new Set(recoveryCodes).size).toBe(10);
  expect((await call.get<SecondFactorView>(PATH)).body).toEqual({
    isOn: true,
    recoveryCodesLeft: 10,
  });
  expect(await login(email)).toEqual(required);
  expect(await login(email, '123456')).toEqual(required);
  // The first code is used up; the next one works, in one of two processes at once.
  expect(await login(email, first)).toEqual(required);
  const next = codeOf(secret, 1);
  const both = await Promise.all([login(email, next), login(email, next, other)]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 403]);
  const { rows } = await server.database.pool.query(
    'select * from second_factors where user_id = $1',
    [id],
  );
  expect(JSON.stringify(rows)).not.toContain(secret);
  for (const code of recoveryCodes) expect(JSON.stringify(rows)).not.toContain(code);
});

test('13 a recovery code opens once, however it is written', async () => {
  const { confirm, email, call } = await guarded('lost-phone');
  const [first, second] = (await confirm()).body.recoveryCodes;
  const written = first!.toUpperCase().replaceAll('-', ' ');
  const both = await Promise.all([login(email, written), login(email, first, other)]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 403]);
  expect((await login(email, second)).status).toBe(200);
  expect((await call.get<SecondFactorView>(PATH)).body.recoveryCodesLeft).toBe(8);
});

test('13 is begun, and removed, by who knows the password and has a code', async () => {
  const { call, confirm, email } = await guarded('remover');
  const [code] = (await confirm()).body.recoveryCodes;
  expect((await call.post(PATH, { password: 'a guess' })).body).toMatchObject({
    code: 'wrong_password',
  });
  expect((await call.post(PATH, { password: PASSWORD })).status).toBe(409);
  expect((await call.delete(PATH, { password: 'a guess', code })).status).toBe(403);
  expect((await call.delete(PATH, { password: PASSWORD, code: '123456' })).status).toBe(403);
  expect(await login(email)).toEqual(required);
  expect((await call.delete(PATH, { password: PASSWORD, code })).status).toBe(204);
  expect((await login(email)).status).toBe(200);
});

test('10.10 who knows the password has twenty guesses at the code that would remove it', async () => {
  const { confirm, call, secret } = await guarded('guessed');
  await confirm();
  const right = codeOf(secret, 1);
  const wrong = String((Number(right) + 1) % 1_000_000).padStart(6, '0');
  const remove = (code: string) => call.delete(PATH, { password: PASSWORD, code });
  const statuses: number[] = [];
  for (let n = 0; n < 22; n += 1) statuses.push((await remove(wrong)).status);
  expect(statuses).toEqual([...Array<number>(20).fill(403), 429, 429]);
  expect((await remove(right)).status).toBe(429);
});

test('13 after the server’s secret was changed only recovery codes open', async () => {
  const { confirm, email, secret } = await guarded('rotated');
  const [code] = (await confirm()).body.recoveryCodes;
  const env = { JWT_SECRET: 'another secret of the tests, longer than 32 bytes' };
  const rotated = await startTestServer({ env, databaseUrl: server.database.url });
  try {
    expect(await login(email, codeOf(secret, 1), rotated)).toEqual(required);
    expect((await login(email, code, rotated)).status).toBe(200);
  } finally {
    await rotated.stop();
  }
});

test('13 a wrong password says nothing of a second factor', async () => {
  const { confirm, email } = await guarded('hidden');
  await confirm();
  const sent = { email, password: 'a guess', code: '123456' };
  const { body } = await caller(server.url).post('/api/auth/login', sent);
  expect(body).toMatchObject({ code: 'invalid_credentials' });
});
