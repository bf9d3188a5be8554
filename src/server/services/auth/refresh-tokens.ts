import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Db, DbOrTx } from '../../../db/client.ts';
import {
  deleteExpiredRefreshTokens,
  insertRefreshToken,
  lockRefreshToken,
  markRefreshTokenUsed,
  revokeRefreshFamily,
} from '../../../db/repositories/refresh-token.repository.ts';
import type { Logger } from '../../log.ts';
import { decideRefresh, REFRESH_TOKEN_TTL_SECONDS } from './refresh-decision.ts';

/** Makes, rotates and revokes refresh tokens. `clock` is the real time. */
export class RefreshTokens {
  private readonly db: Db;
  private readonly clock: Clock;
  private readonly log: Logger;

  constructor(deps: { db: Db; clock: Clock; log: Logger }) {
    this.db = deps.db;
    this.clock = deps.clock;
    this.log = deps.log;
  }

  /** Begins a family (a sign-in), or goes on with `familyId`. Answers the token itself. */
  async issue(db: DbOrTx, userId: string, familyId: string = randomUUID()): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    const now = this.clock.now();
    await insertRefreshToken(db, {
      userId,
      familyId,
      tokenHash: hashToken(token),
      expiresAt: new Date(now.getTime() + REFRESH_TOKEN_TTL_SECONDS * 1000),
      createdAt: now,
    });
    return token;
  }

  /**
   * Swaps a token for the next of its family. Throws 401 `unauthenticated` when it is unknown,
   * expired or revoked; one that was used before revokes its whole family first.
   */
  async rotate(token: string): Promise<{ userId: string; token: string }> {
    const rotated = await this.db.transaction(async (tx) => {
      const now = this.clock.now();
      const known = await lockRefreshToken(tx, hashToken(token));
      const decision = decideRefresh(known, now);
      if (!known || decision === 'refuse') return undefined;
      if (decision === 'revoke_family') {
        await revokeRefreshFamily(tx, known.familyId, now);
        this.log.warn({ userId: known.userId }, 'a used refresh token came back; family revoked');
        return undefined;
      }
      if (decision === 'rotate') await markRefreshTokenUsed(tx, known.id, now);
      return { userId: known.userId, token: await this.issue(tx, known.userId, known.familyId) };
    });
    if (rotated) return rotated;
    throw new BillingError('unauthenticated', 'The session has ended; sign in again.');
  }

  /** Ends the session that the token belongs to; an unknown token is no error. */
  async revoke(token: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      const known = await lockRefreshToken(tx, hashToken(token));
      if (known) await revokeRefreshFamily(tx, known.familyId, this.clock.now());
    });
  }

  /** Forgets what has expired; answers how many. */
  deleteExpired(): Promise<number> {
    return deleteExpiredRefreshTokens(this.db, this.clock.now());
  }
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
