import { createHash, createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Db, DbOrTx, Tx } from '../../../db/client.ts';
import { BOUNDS } from '../../../domain/accounts/retention.ts';
import {
  countFamily,
  deleteExpiredRefreshTokens,
  deleteOldestFamilies,
  findRefreshFamily,
  insertRefreshToken,
  lockRefreshToken,
  markRefreshTokenUsed,
  moveRefreshFamily,
  revokeRefreshFamilies,
  revokeRefreshFamily,
} from '../../../db/repositories/accounts/refresh-token.repository.ts';
import type { RefreshToken } from '../../../db/schema/index.ts';
import type { Logger } from '../../log.ts';
import type { ClientInfo } from './credentials.ts';
import type { LiveSessions } from './own/live-sessions.ts';
import { decideRefresh, REFRESH_TOKEN_TTL_SECONDS } from './refresh-decision.ts';

/** Makes, rotates and revokes refresh tokens. `clock` is the real time. */
export class RefreshTokens {
  private readonly db: Db;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly live: LiveSessions;
  private readonly succession: Buffer;

  constructor(deps: { db: Db; clock: Clock; log: Logger; live: LiveSessions; secret: string }) {
    this.db = deps.db;
    this.clock = deps.clock;
    this.log = deps.log;
    this.live = deps.live;
    this.succession = Buffer.from(hkdfSync('sha256', deps.secret, '', 'refresh succession', 32));
  }

  /**
   * Begins a family: a sign-in to a tenant. Answers the token itself, and the session that it is of. Who has as many as
   * may be loses the one that was longest not used.
   */
  async issue(
    db: DbOrTx,
    { userId, tenantId }: { userId: string; tenantId: string },
    from: ClientInfo,
  ): Promise<{ token: string; sessionId: string }> {
    const token = randomBytes(32).toString('base64url');
    const familyId = randomUUID();
    await this.keep(db, token, { userId, tenantId, familyId }, from);
    this.ended(await deleteOldestFamilies(db, { userId, keep: BOUNDS.sessions }));
    return { token, sessionId: familyId };
  }

  /**
   * The one successor of a token. It follows from the token and our secret, so that two tabs that
   * send the same token are answered with the same one although only hashes are kept.
   */
  private successorOf(token: string): string {
    return createHmac('sha256', this.succession).update(token).digest('base64url');
  }

  private async keep(
    db: DbOrTx,
    token: string,
    { userId, tenantId, familyId }: Pick<RefreshToken, 'userId' | 'tenantId' | 'familyId'>,
    { address, userAgent }: ClientInfo,
  ): Promise<void> {
    const now = this.clock.now();
    await insertRefreshToken(db, {
      ...{ userId, tenantId, familyId, address, userAgent },
      tokenHash: hashToken(token),
      expiresAt: new Date(now.getTime() + REFRESH_TOKEN_TTL_SECONDS * 1000),
      createdAt: now,
    });
  }

  /**
   * Swaps a token for the next of its family. Throws 401 `unauthenticated` when it is unknown,
   * expired or revoked; one that was used before revokes its whole family first, and so does one that was refreshed
   * without end.
   */
  async rotate(
    token: string,
    from: ClientInfo,
  ): Promise<{ userId: string; tenantId: string | null; token: string; sessionId: string }> {
    let over: string | undefined;
    const rotated = await this.db.transaction(async (tx) => {
      const now = this.clock.now();
      const known = await lockRefreshToken(tx, hashToken(token));
      const decision = decideRefresh(known, now);
      if (!known || decision === 'refuse') return undefined;
      if (decision === 'revoke_family') {
        await revokeRefreshFamily(tx, known.familyId, now);
        over = known.familyId;
        this.log.warn({ userId: known.userId }, 'a used refresh token came back; family revoked');
        return undefined;
      }
      const successor = this.successorOf(token);
      if (decision === 'rotate') {
        const max = BOUNDS.refreshesOfASession;
        if ((await countFamily(tx, known.familyId, max)) === max) {
          await revokeRefreshFamily(tx, known.familyId, now);
          over = known.familyId;
          return undefined;
        }
        await markRefreshTokenUsed(tx, known.id, now);
        await this.keep(tx, successor, known, from);
      }
      const { userId, tenantId, familyId } = known;
      return { userId, tenantId, token: successor, sessionId: familyId };
    });
    if (rotated) return rotated;
    if (over !== undefined) this.ended([over]);
    throw new BillingError('unauthenticated', 'The session has ended; sign in again.');
  }

  /** Ends the session that the token belongs to; an unknown token is no error. */
  async revoke(token: string): Promise<void> {
    const ended = await this.db.transaction(async (tx) => {
      const known = await lockRefreshToken(tx, hashToken(token));
      if (known) await revokeRefreshFamily(tx, known.familyId, this.clock.now());
      return known?.familyId;
    });
    if (ended !== undefined) this.ended([ended]);
  }

  /** Takes a live session to another tenant; false when the token is of none, or of somebody else. */
  moveTo(
    tx: Tx,
    token: string,
    { userId, tenantId }: { userId: string; tenantId: string },
  ): Promise<boolean> {
    const now = this.clock.now();
    return moveRefreshFamily(tx, { tokenHash: hashToken(token), userId, tenantId, now });
  }

  /** The session that a person's token belongs to; `undefined` without such a token. */
  familyOf(token: string | undefined, userId: string): Promise<string | undefined> {
    if (token === undefined) return Promise.resolve(undefined);
    return findRefreshFamily(this.db, { tokenHash: hashToken(token), userId });
  }

  /** Ends all of a person's sessions, but for one when told; `ended` is to hear of them afterwards. */
  revokeAll(tx: Tx, userId: string, exceptFamily?: string): Promise<string[]> {
    return revokeRefreshFamilies(tx, { userId, exceptFamily, now: this.clock.now() });
  }

  /** What waits on these sessions ends too; call it when their end is committed. */
  ended(sessionIds: readonly string[]): void {
    this.live.end(sessionIds);
  }

  /** Forgets what has expired; answers how many. */
  deleteExpired(): Promise<number> {
    return deleteExpiredRefreshTokens(this.db, this.clock.now());
  }
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
