import { TOTP } from 'otpauth';
import type { SecondFactorBegun } from '../../src/domain/api.ts';
import { grantOperator } from '../../src/server/services/operators/grants.ts';
import type { Context } from '../../src/server/context.ts';
import type { TestApp } from './app.ts';
import type { Customer } from './customer.ts';
import { caller, type Answer } from './http.ts';

/** Where a person's account is reached: over HTTP, and by what the server is made of. */
export interface OperatorsServer {
  url: string;
  context: Pick<Context, 'database' | 'clock'>;
}

export interface OperatorsAccount {
  email: string;
  password: string;
  accessToken: string;
}

/** Somebody behind the operator's page: each call shows the access token and the session's cookie. */
export interface SignedInOperator {
  cookie: string;
  /** How the cookie was set. */
  setCookie: string;
  secret: string;
  send<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer<T>>;
}

/** A code of the app; `later` half minutes from now, as each works once. */
export const codeOf = (secret: string, later = 0) =>
  new TOTP({ secret }).generate({ timestamp: Date.now() + later * 30_000 });

/** Sets a second factor up; answers its secret. */
export async function addSecondFactor(
  { url }: Pick<OperatorsServer, 'url'>,
  { accessToken, password }: OperatorsAccount,
): Promise<string> {
  const call = caller(url, accessToken);
  const begun = await call.post<SecondFactorBegun>('/api/auth/second-factor', { password });
  const { secret } = begun.body;
  const confirmed = await call.post('/api/auth/second-factor/confirm', { code: codeOf(secret) });
  if (confirmed.status !== 200) throw new Error(JSON.stringify(confirmed.body));
  return secret;
}

/** Sends as the holder of this token and cookie. */
export function senderOf(url: string, accessToken: string, cookie: string) {
  return async <T>(method: string, path: string, body?: unknown): Promise<Answer<T>> => {
    const response = await fetch(url + path, {
      method,
      headers: {
        Authorization: `Bearer ${accessToken}`,
        Cookie: cookie,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as T,
    };
  };
}

/** Makes somebody an operator and signs them in to the page, from nothing. */
export async function signInAsOperator(
  server: OperatorsServer,
  account: OperatorsAccount,
  reason = 'a test',
): Promise<SignedInOperator> {
  const { database, clock } = server.context;
  const wish = { email: account.email, reason: 'of the tests', by: 'tests' };
  await grantOperator({ db: database.db, clock }, wish);
  const secret = await addSecondFactor(server, account);
  const { accessToken, password } = account;
  const begun = await senderOf(server.url, accessToken, '')('POST', '/api/admin/session', {
    ...{ password, code: codeOf(secret, 1), reason },
  });
  if (begun.status !== 201) throw new Error(JSON.stringify(begun.body));
  const setCookie = begun.headers.get('set-cookie')!;
  const cookie = setCookie.split(';')[0]!;
  return { cookie, setCookie, secret, send: senderOf(server.url, accessToken, cookie) };
}

/** The same for an owner that a test has signed up. */
export function makeOperator(app: TestApp, { session }: Customer): Promise<SignedInOperator> {
  const { accessToken, user } = session;
  const context = { database: app.database, clock: { now: () => new Date() } };
  const account = { email: user.email, password: 'correct horse battery', accessToken };
  return signInAsOperator({ url: app.url, context }, account);
}
