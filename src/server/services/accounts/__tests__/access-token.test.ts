import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
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
const sign = (body: Record<string, unknown>, secret = key) =>
  new SignJWT(body)
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('small-squaretable')
    .setSubject(claims.userId)
    .setExpirationTime(start / 1000 + 60)
    .sign(secret);

test('a token says for its 15 minutes what it was issued with', async () => {
  const token = await at(0).issue(claims);
  expect(await at(ACCESS_TOKEN_TTL_SECONDS - 1).verify(token)).toEqual(claims);
  await expect(at(ACCESS_TOKEN_TTL_SECONDS).verify(token)).rejects.toMatchObject({
    code: 'token_expired',
  });
});

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
  ['one whose tenant is no id', () => sign({ ...payload, tenantId: "' or 1=1" })],
])('%s is refused as unauthenticated', async (_case, make) => {
  await expect(at(0).verify(await make())).rejects.toMatchObject({ code: 'unauthenticated' });
});
