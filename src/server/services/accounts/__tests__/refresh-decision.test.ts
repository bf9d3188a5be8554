import { expect, test } from 'vitest';
import { decideRefresh, REUSE_GRACE_SECONDS } from '../refresh-decision.ts';

const now = new Date('2026-03-01T12:00:00Z');
const secondsAgo = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const fresh = { expiresAt: secondsAgo(-3600), usedAt: null, revokedAt: null };

test.each([
  ['an unknown token', undefined, 'refuse'],
  ['a token never used', fresh, 'rotate'],
  ['a token at its last instant', { ...fresh, expiresAt: now }, 'refuse'],
  ['a revoked token', { ...fresh, revokedAt: secondsAgo(1) }, 'refuse'],
  ['the second of two tabs', { ...fresh, usedAt: secondsAgo(1) }, 'repeat'],
  [
    'the last instant of the grace',
    { ...fresh, usedAt: secondsAgo(REUSE_GRACE_SECONDS) },
    'repeat',
  ],
  [
    'a token used long ago',
    { ...fresh, usedAt: secondsAgo(REUSE_GRACE_SECONDS + 1) },
    'revoke_family',
  ],
  [
    'a used token of a family already revoked',
    { ...fresh, usedAt: secondsAgo(60), revokedAt: secondsAgo(30) },
    'refuse',
  ],
])('%s', (_case, token, decision) => {
  expect(decideRefresh(token, now)).toBe(decision);
});
