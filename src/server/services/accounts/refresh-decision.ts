export const REFRESH_TOKEN_TTL_SECONDS = 30 * 24 * 60 * 60;

/**
 * How long a used refresh token is still answered: two tabs that wake up together send the same
 * one, and the second must not be taken for a thief.
 */
export const REUSE_GRACE_SECONDS = 20;

/** What the decision needs of a stored refresh token. */
export interface RefreshState {
  expiresAt: Date;
  usedAt: Date | null;
  revokedAt: Date | null;
}

/**
 * What a presented refresh token leads to: `rotate` uses it up and makes the next, `repeat`
 * answers the same next one to the second tab, `revoke_family` signs out everywhere because somebody
 * else has used it, `refuse` is everything that is simply over.
 */
export function decideRefresh(
  token: RefreshState | undefined,
  now: Date,
): 'rotate' | 'repeat' | 'revoke_family' | 'refuse' {
  if (!token || token.revokedAt || token.expiresAt <= now) return 'refuse';
  if (!token.usedAt) return 'rotate';
  const ageMs = now.getTime() - token.usedAt.getTime();
  return ageMs <= REUSE_GRACE_SECONDS * 1000 ? 'repeat' : 'revoke_family';
}
