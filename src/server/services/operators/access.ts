import { createHash, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { Db } from '../../../db/client.ts';
import {
  deleteOperatorSession,
  deleteOverSessions,
  findCredentials,
  findOperatorSession,
  insertOperatorSession,
  isOperator,
  touchOperatorSession,
  type StoredCredentials,
} from '../../../db/repositories/operators/operator.repository.ts';
import { insertAuditEntry } from '../../../db/repositories/operations/audit-log.repository.ts';
import type { OperatorSession } from '../../../db/schema/index.ts';
import type { OperatorSessionView } from '../../../domain/accounts/operator-view.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { UserId } from '../../../domain/ids.ts';
import type { SignInLimits } from '../../config/sign-in-limits.ts';
import type { ClientInfo } from '../accounts/credentials.ts';
import type { PasswordService } from '../accounts/own/password.service.ts';
import type { SecondFactorService } from '../accounts/own/second-factor.service.ts';
import { RateLimit } from '../operations/rate-limits.ts';
import { actorOf, type OperatorIdentity } from './operator-identity.ts';

const MINUTE_MS = 60_000;
/** Left alone for so long a session is over. */
const IDLE_MS = 15 * MINUTE_MS;
/** And so long after it began, however much it was used. */
const LASTS_MS = 4 * 60 * MINUTE_MS;
/** How often its use is noted at most. */
const NOTED_EVERY_MS = MINUTE_MS;

export const OPERATOR_SESSION_SECONDS = LASTS_MS / 1000;

export interface OperatorAccessDeps {
  db: Db;
  pool: Pool;
  /** The product's clock, for the audit log. */
  clock: Clock;
  /** The machine's clock: sessions do not age when the product's clock is turned. */
  realTime: Clock;
  limits: SignInLimits;
  passwords: Pick<PasswordService, 'confirm' | 'assertHeld'>;
  secondFactors: Pick<SecondFactorService, 'assertShown'>;
}

export interface OperatorSignIn {
  userId: UserId;
  password: string;
  code: string;
  reason: string;
  from: ClientInfo;
  requestId: string;
}

/**
 * The door of the operator's page. Who is no operator is told that there is nothing (404), whatever they
 * show. An operator signs in anew, with password and code, to a session of its own: short, and over as
 * soon as the password, the second factor or the right changes.
 */
export class OperatorAccess {
  readonly #deps: OperatorAccessDeps;
  readonly #tries: RateLimit;

  constructor(deps: OperatorAccessDeps) {
    this.#deps = deps;
    const { failuresMax: points, windowSeconds: seconds } = deps.limits;
    this.#tries = new RateLimit(deps.pool, { name: 'operator-sign-in', points, seconds });
  }

  /** 404 `not_found`, as for an address that nothing is at. */
  async assertOperator(userId: UserId): Promise<void> {
    if (await isOperator(this.#deps.db, userId)) return;
    throw new BillingError('not_found', 'There is nothing here.');
  }

  /**
   * 403 `second_factor_missing` for an operator who has none yet, 403 `wrong_password`, 403
   * `second_factor_required` for a code that is wrong or used, 429 `rate_limited` after many of them.
   */
  async signIn(wish: OperatorSignIn): Promise<{ token: string; view: OperatorSessionView }> {
    const { db, clock, realTime, passwords, secondFactors } = this.#deps;
    const { userId, password, code, reason, from, requestId } = wish;
    await this.assertOperator(userId);
    await this.#tries.count(userId, tooManyTries);
    const user = await passwords.confirm(userId, password, from);
    const credentials = await findCredentials(db, userId);
    if (!credentials) throw noSecondFactor();
    await secondFactors.assertShown(user, code);
    await this.#tries.forgive(userId);
    const token = randomBytes(32).toString('base64url');
    const now = realTime.now();
    const session = {
      ...{ userId, tokenHash: hashOf(token), credentialsMark: markOf(credentials), reason },
      ...{ createdAt: now, lastUsedAt: now },
    };
    await db.transaction(async (tx) => {
      await passwords.assertHeld(tx, user);
      await insertOperatorSession(tx, session);
      await insertAuditEntry(tx, {
        ...{ tenantId: null, actor: actorOf(user), action: 'operator.signed_in' },
        ...{ subjectId: userId, cause: reason, requestId, now: clock.now() },
      });
    });
    return { token, view: viewOf(session) };
  }

  /** 404 for who is no operator, 403 `operator_sign_in_required` without a session that goes on. */
  async authenticate(
    userId: UserId,
    token: string | undefined,
  ): Promise<{ reason: string; view: OperatorSessionView }> {
    const { db, realTime } = this.#deps;
    await this.assertOperator(userId);
    const tokenHash = hashOf(token ?? '');
    const session = await findOperatorSession(db, { userId, tokenHash });
    const credentials = await findCredentials(db, userId);
    const now = realTime.now();
    const isLive =
      session !== undefined &&
      credentials !== undefined &&
      session.credentialsMark === markOf(credentials) &&
      endOf(session) > now;
    if (!isLive) throw signInRequired();
    if (now.getTime() - session.lastUsedAt.getTime() >= NOTED_EVERY_MS) {
      await touchOperatorSession(db, session.id, now);
    }
    return { reason: session.reason, view: viewOf({ ...session, lastUsedAt: now }) };
  }

  /** Ends the session; an unknown token is no error. */
  async signOut(operator: OperatorIdentity, token: string | undefined): Promise<void> {
    const { db, clock } = this.#deps;
    await db.transaction(async (tx) => {
      await deleteOperatorSession(tx, hashOf(token ?? ''));
      await insertAuditEntry(tx, {
        ...{ tenantId: null, actor: actorOf(operator), action: 'operator.signed_out' },
        ...{ subjectId: operator.userId, cause: operator.reason, now: clock.now() },
        requestId: operator.requestId,
      });
    });
  }

  /** Forgets sessions that are over. */
  prune(): Promise<void> {
    const now = this.#deps.realTime.now().getTime();
    return deleteOverSessions(this.#deps.db, {
      ...{ begun: new Date(now - LASTS_MS), used: new Date(now - IDLE_MS - NOTED_EVERY_MS) },
    });
  }
}

type Lasting = Pick<OperatorSession, 'createdAt' | 'lastUsedAt' | 'reason'>;

const idleEnd = ({ lastUsedAt }: Lasting) => new Date(lastUsedAt.getTime() + IDLE_MS);
const lastEnd = ({ createdAt }: Lasting) => new Date(createdAt.getTime() + LASTS_MS);
const endOf = (session: Lasting) =>
  new Date(Math.min(idleEnd(session).getTime(), lastEnd(session).getTime()));

function viewOf(session: Lasting): OperatorSessionView {
  return {
    reason: session.reason,
    idleUntil: endOf(session).toISOString(),
    endsAt: lastEnd(session).toISOString(),
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Tells one pair of password and second factor from the next; neither can be read from it. */
function markOf({ passwordHash, sealedSecret }: StoredCredentials): string {
  return hashOf(`${passwordHash}\n${sealedSecret}`);
}

const tooManyTries = (retryAfterSeconds: number) =>
  new BillingError('rate_limited', 'Too many tries; wait a few minutes and try again.', {
    retryAfterSeconds,
  });

const noSecondFactor = () =>
  new BillingError(
    'second_factor_missing',
    'Operators sign in with a second factor: set one up in your account first.',
  );

const signInRequired = () =>
  new BillingError(
    'operator_sign_in_required',
    'Sign in to the operator’s page: POST /api/admin/session with password, code and reason.',
  );
