import type { SessionView } from '../../../domain/api.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { TenantId, UserId } from '../../../domain/ids.ts';
import type { Db } from '../../../db/client.ts';
import { markTenantChosen } from '../../../db/repositories/accounts/membership.repository.ts';
import {
  findAccountById,
  type Account,
} from '../../../db/repositories/accounts/user.repository.ts';
import type { AccessClaims, AccessTokens } from './access-token.ts';
import { describe } from './account-view.ts';
import type { LiveSessions } from './own/live-sessions.ts';
import type { RefreshTokens } from './refresh-tokens.ts';
import type { MemberAccess, MembershipCache } from './membership-cache.ts';

export { onBehalfOf } from '../../../db/connections/fair-transactions.ts';

export interface TenantAccessDeps {
  db: Db;
  clock: Clock;
  accessTokens: AccessTokens;
  refreshTokens: RefreshTokens;
  memberships: MembershipCache;
  liveSessions: LiveSessions;
}

/** Access to a tenant: given to its people as tokens, and asked for with each request. */
export class TenantAccess {
  readonly #deps: TenantAccessDeps;

  constructor(deps: TenantAccessDeps) {
    this.#deps = deps;
  }

  /**
   * Who shows an access token, with what they are in its tenant, at most half a minute old. 401
   * `token_expired` or `unauthenticated`.
   */
  async authenticate(token: string): Promise<AccessClaims & MemberAccess> {
    const claims = this.#deps.accessTokens.verify(token);
    const { role, hasSeat } = await this.#deps.memberships.get(claims);
    return { ...claims, role, hasSeat };
  }

  /** The same as it is at this moment: for what moves money. */
  async authenticateNow(token: string): Promise<AccessClaims & MemberAccess> {
    const claims = this.#deps.accessTokens.verify(token);
    const { role, hasSeat } = await this.#deps.memberships.getNow(claims);
    return { ...claims, role, hasSeat };
  }

  /**
   * For answers that stay open: aborts when the person's membership or session has ended, at the latest
   * within a minute. `stop` when done.
   */
  watch(person: AccessClaims): { ended: AbortSignal; stop(): void } {
    const membership = this.#deps.memberships.watch(person);
    const session = this.#deps.liveSessions.watch(person.sessionId);
    return {
      ended: AbortSignal.any([membership.ended, session.ended]),
      stop: () => {
        membership.stop();
        session.stop();
      },
    };
  }

  /** How many watch their memberships and sessions in this process. */
  get watchers(): { memberships: number; sessions: number } {
    const { memberships, liveSessions } = this.#deps;
    return { memberships: memberships.watchers, sessions: liveSessions.watchers };
  }

  /** An access token for an account's tenant; at `endsAt` (seconds since 1970) it ends at the latest. */
  async open(
    account: Account,
    { sessionId, endsAt }: { sessionId: string | undefined; endsAt?: number | undefined },
  ): Promise<SessionView> {
    const { user } = account;
    const claims = {
      userId: user.id as UserId,
      tenantId: user.tenantId as TenantId,
      role: user.role,
      emailVerified: user.emailVerifiedAt !== null,
      sessionId,
    };
    const accessToken = await this.#deps.accessTokens.issue(claims, endsAt);
    return { accessToken, ...describe(account) };
  }

  /**
   * Tokens for another tenant of the person's: the session of the refresh token goes there, and so does
   * the next sign-in. Without a live session the new access token ends when the one that was shown does.
   * 404 `tenant_not_found`.
   */
  async switchTo(wish: {
    accessToken: string;
    tenantId: string;
    refreshToken: string | undefined;
  }): Promise<SessionView> {
    const { db, clock, accessTokens, refreshTokens } = this.#deps;
    const { accessToken, tenantId, refreshToken } = wish;
    const { userId, sessionId } = accessTokens.verify(accessToken);
    const account = await findAccountById(db, userId, tenantId);
    if (!account) {
      throw new BillingError('tenant_not_found', 'There is no such team that you belong to.');
    }
    const whose = { userId, tenantId };
    const moved = await db.transaction(async (tx) => {
      await markTenantChosen(tx, { ...whose, now: clock.now() });
      return refreshToken !== undefined && refreshTokens.moveTo(tx, refreshToken, whose);
    });
    const endsAt = moved ? undefined : accessTokens.endOf(accessToken);
    return this.open(account, { sessionId, endsAt });
  }
}
