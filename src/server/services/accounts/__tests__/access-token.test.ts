import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { jwtVerify, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import type { BillingError } from '../../../../domain/errors.ts';
import type { TenantId, UserId } from '../../../../domain/ids.ts';
import { ACCESS_TOKEN_TTL_SECONDS, AccessTokens } from '../access-token.ts';

const jwtSecret = 'an old secret of at least 32 bytes';
const start = Date.parse('2026-03-01T12:00:00Z');
const at = (seconds: number) =>
  new AccessTokens({ jwtSecret, clock: { now: () => new Date(start + seconds * 1000) } });
const claims = {
  userId: '5e1b7c1e-1f51-4d9f-8d2b-2f0a1c1d2e3f' as UserId,
  tenantId: 'c9a646d3-9c61-4cb7-bfcd-ee2522c8f633' as TenantId,
  role: 'admin' as const,
  emailVerified: true,
};
const key = new TextEncoder().encode(jwtSecret);
const payload = { tenantId: claims.tenantId, role: claims.role };
const sign = (body: Record<string, unknown>, secret = key, alg = 'HS256') =>
  new SignJWT(body)
    .setProtectedHeader({ alg })
    .setIssuer('small-squaretable')
    .setSubject(claims.userId)
    .setExpirationTime(start / 1000 + 60)
    .sign(secret);

test('a token says for its 15 minutes what it was issued with', async () => {
  const token = await at(0).issue(claims);
  expect(at(ACCESS_TOKEN_TTL_SECONDS - 1).verify(token)).toEqual(claims);
  expect(codeOf(() => at(ACCESS_TOKEN_TTL_SECONDS).verify(token))).toBe('token_expired');
});

test('11 a token that was seen before ends when it says, and a changed one is another', async () => {
  let seconds = 0;
  const clock = { now: () => new Date(start + seconds * 1000) };
  const tokens = new AccessTokens({ jwtSecret, clock });
  const token = await tokens.issue(claims);
  const [header, , signature] = token.split('.');
  const other = Buffer.from(JSON.stringify({ ...ours, role: 'owner' })).toString('base64url');
  for (seconds of [0, 1, ACCESS_TOKEN_TTL_SECONDS - 1]) {
    expect(tokens.verify(token)).toEqual(claims);
    const forged = `${header}.${other}.${signature}`;
    expect(codeOf(() => tokens.verify(forged))).toBe('unauthenticated');
  }
  for (seconds of [ACCESS_TOKEN_TTL_SECONDS, ACCESS_TOKEN_TTL_SECONDS + 1]) {
    expect(codeOf(() => tokens.verify(token))).toBe('token_expired');
  }
});

function codeOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return (error as BillingError).code;
  }
}

/** Signed with our key, whatever it is. */
function signText(text: string): string {
  const parts = [JSON.stringify({ alg: 'HS256' }), text];
  const signed = parts.map((part) => Buffer.from(part).toString('base64url')).join('.');
  return `${signed}.${createHmac('sha256', jwtSecret).update(signed).digest('base64url')}`;
}

const ours = { ...payload, sub: claims.userId, iss: 'small-squaretable', exp: start / 1000 + 60 };
const signClaims = (changed: object) => signText(JSON.stringify({ ...ours, ...changed }));

const unsigned = [{ alg: 'none' }, { ...payload, sub: claims.userId, exp: 4e9 }]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

test.each([
  ['no token at all', () => 'nonsense'],
  ['an unsigned one', () => `${unsigned}.`],
  ['one signed with another secret', () => sign(payload, new TextEncoder().encode('x'.repeat(40)))],
  ['an expired one signed with another secret', () => sign({ exp: 1 }, new Uint8Array(40))],
  ['one without a tenant', () => sign({ role: 'owner' })],
  ['one with a role there is not', () => sign({ ...payload, role: 'root' })],
  ['one signed by another algorithm', () => sign({ ...payload, exp: 4e9 }, key, 'HS512')],
  ['one of another issuer', () => signClaims({ iss: 'somebody' })],
  ['one without an end', () => signClaims({ exp: undefined })],
  ['one with a part too many', async () => `${await at(0).issue(claims)}.`],
  ['one whose signature is cut short', async () => (await at(0).issue(claims)).slice(0, -1)],
  ['one with padding', async () => `${await at(0).issue(claims)}=`],
  ['one whose end is no number', () => signClaims({ exp: '4000000000' })],
  ['a signed text that is no JSON', () => signText('{')],
  ['a signed text that is no object', () => signText('null')],
  ['one whose tenant is no id', () => sign({ ...payload, tenantId: "' or 1=1" })],
])('%s is refused as unauthenticated', async (_case, make) => {
  const token = await make();
  expect(codeOf(() => at(0).verify(token))).toBe('unauthenticated');
});

test('11 what is believed is what a library of JOSE believes, and the other way round', async () => {
  const token = await at(0).issue(claims);
  const options = { issuer: 'small-squaretable', currentDate: new Date(start) };
  expect((await jwtVerify(token, key, options)).payload).toMatchObject({ sub: claims.userId });
  expect(at(0).verify(signClaims({}))).toMatchObject({ userId: claims.userId });
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom('a', 'B', '_', '.', '='), (where, to) => {
      const changed = token.slice(0, where) + to + token.slice(where + 1);
      if (changed === token) return;
      expect(codeOf(() => at(0).verify(changed))).toBe('unauthenticated');
    }),
  );
});
