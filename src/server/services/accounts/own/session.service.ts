import Bowser from 'bowser';
import type { DeviceView, OwnSessionView } from '../../../../domain/api.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { UserId } from '../../../../domain/ids.ts';
import type { Db } from '../../../../db/client.ts';
import {
  listSessions,
  revokeOwnFamily,
} from '../../../../db/repositories/accounts/refresh-token.repository.ts';
import type { RefreshTokens } from '../refresh-tokens.ts';

/** Where a person is signed in. `clock` is the real time. */
export class SessionService {
  private readonly db: Db;
  private readonly clock: Clock;
  private readonly tokens: RefreshTokens;

  constructor(deps: { db: Db; clock: Clock; tokens: RefreshTokens }) {
    this.db = deps.db;
    this.clock = deps.clock;
    this.tokens = deps.tokens;
  }

  /** The last used first; `refreshToken` is the asking session's, which is marked. */
  async list(userId: UserId, refreshToken: string | undefined): Promise<OwnSessionView[]> {
    const current = await this.tokens.familyOf(refreshToken, userId);
    const rows = await listSessions(this.db, { userId, now: this.clock.now() });
    return rows.map(({ familyId, startedAt, lastUsedAt, userAgent, address }) => ({
      ...{ id: familyId, address, device: deviceOf(userAgent), current: familyId === current },
      ...{ startedAt: startedAt.toISOString(), lastUsedAt: lastUsedAt.toISOString() },
    }));
  }

  /** Signs one out. 404 `not_found` for one that has ended, or is somebody else's. */
  async end(userId: UserId, id: string): Promise<void> {
    const now = this.clock.now();
    const ended = await this.db.transaction((tx) =>
      revokeOwnFamily(tx, { userId, familyId: id, now }),
    );
    if (!ended) throw new BillingError('not_found', 'There is no such session any more.');
    this.tokens.ended([id]);
  }

  /** Signs all out but the asking one; all, where the asking one shows no refresh token. */
  async endOthers(userId: UserId, refreshToken: string | undefined): Promise<void> {
    const stays = await this.tokens.familyOf(refreshToken, userId);
    this.tokens.ended(await this.db.transaction((tx) => this.tokens.revokeAll(tx, userId, stays)));
  }
}

/** Names of browser and system, where the browser tells them. */
export function deviceOf(userAgent: string | null): DeviceView {
  if (!userAgent) return { browser: null, system: null };
  const { browser, os } = Bowser.parse(userAgent);
  return { browser: browser.name || null, system: os.name || null };
}
