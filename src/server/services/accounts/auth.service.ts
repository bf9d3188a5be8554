import type { Clock } from '../../../domain/clock.ts';
import type { MeView, SessionView } from '../../../domain/api.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { UserId } from '../../../domain/ids.ts';
import type { Pool } from 'pg';
import type { Db } from '../../../db/client.ts';
import { deleteOldInvitations } from '../../../db/repositories/accounts/invitation.repository.ts';
import { keptSince } from '../../../domain/accounts/retention.ts';
import { deleteExpiredRateLimits } from '../../../db/repositories/operations/rate-limit.repository.ts';
import { insertTenant } from '../../../db/repositories/accounts/tenant.repository.ts';
import {
  findAccountByEmail,
  findAccountById,
  holdsPassword,
  insertUser,
  setUserReading,
} from '../../../db/repositories/accounts/user.repository.ts';
import type { User } from '../../../db/schema/index.ts';
import type { Config } from '../../config/config.ts';
import type { AllowanceService } from '../usage/quota/allowance.service.ts';
import type { Logger } from '../../log.ts';
import { AccessTokens, type AccessClaims } from './access-token.ts';
import { AccountMails } from './account-mails.ts';
import { AccountLimits } from './own/account-limits.ts';
import { describe, normalizeEmail } from './account-view.ts';
import { EmailVerifier } from './email-verifier.ts';
import { FairQueue } from './fair-queue.ts';
import type { Credentials, ClientInfo, NewAccount, Registration } from './credentials.ts';
import { getAccount } from './get-account.ts';
import { KnownAddresses } from './known-addresses.ts';
import { LiveSessions } from './own/live-sessions.ts';
import { MailedTokens } from './mailed-token.ts';
import { OneTimeLinks } from './own/one-time-links.ts';
import { OwnAccount } from './own/own-account.ts';
import { hashPassword, verifyPassword } from './password.ts';
import { RefreshTokens } from './refresh-tokens.ts';
import { SignInLimiter } from './sign-in-limits.ts';
import { MembershipCache } from './membership-cache.ts';
import { TenantAccess } from './tenant-access.ts';

export interface AuthDeps {
  db: Db;
  /** The product's clock, for what is stored of people. */
  clock: Clock;
  /** The machine's clock: sessions do not age when the product's clock is turned. */
  realTime: Clock;
  log: Logger;
  pool: Pool;
  /** What a team's quotas were changed by, for who exports it. */
  allowances: Pick<AllowanceService, 'list'>;
  config: Pick<Config, 'signIn' | 'emailVerification'> & { jwtSecret: string; appUrl: string };
}

/** A session as answered, and the refresh token that goes into the cookie. */
export interface SignedIn {
  session: SessionView;
  refreshToken: string;
}

/** Accounts and sessions: register, login, refresh, logout, me. */
export class AuthService {
  private readonly db: Db;
  private readonly clock: Clock;
  private readonly realTime: Clock;
  private readonly limiter: SignInLimiter;
  private readonly mailedTokens: MailedTokens;
  readonly mails: AccountMails;
  readonly emailVerifier: EmailVerifier;
  readonly own: OwnAccount;
  readonly limits: AccountLimits;
  private readonly addresses: KnownAddresses;
  private readonly emailVerification: Config['emailVerification'];
  private readonly queue = new FairQueue();
  private readonly links: OneTimeLinks;
  readonly refreshTokens: RefreshTokens;
  readonly memberships: MembershipCache;
  private readonly liveSessions: LiveSessions;
  readonly access: TenantAccess;

  constructor(deps: AuthDeps) {
    this.db = deps.db;
    this.memberships = new MembershipCache({ db: deps.db });
    this.clock = deps.clock;
    this.realTime = deps.realTime;
    this.emailVerification = deps.config.emailVerification;
    this.limiter = new SignInLimiter({ pool: deps.pool, limits: deps.config.signIn });
    const { jwtSecret } = deps.config;
    const accessTokens = new AccessTokens({ jwtSecret, clock: deps.realTime });
    this.mailedTokens = new MailedTokens({ jwtSecret, clock: deps.realTime });
    this.mails = new AccountMails({ tokens: this.mailedTokens, appUrl: deps.config.appUrl });
    this.addresses = new KnownAddresses({ db: deps.db, clock: deps.realTime });
    this.emailVerifier = new EmailVerifier({
      ...{ db: deps.db, clock: deps.clock, tokens: this.mailedTokens, mails: this.mails },
    });
    this.liveSessions = new LiveSessions({ db: deps.db, clock: deps.realTime });
    this.refreshTokens = new RefreshTokens({
      ...{ db: deps.db, clock: deps.realTime, log: deps.log, secret: jwtSecret },
      live: this.liveSessions,
    });
    this.links = new OneTimeLinks({ jwtSecret, clock: deps.realTime });
    const { db, clock, queue, links, mails, addresses, refreshTokens } = this;
    const limits = new AccountLimits({ pool: deps.pool, limits: deps.config.signIn });
    this.limits = limits;
    const shared = { db, clock, queue, limits, links, mails, addresses, sessions: refreshTokens };
    const { memberships, liveSessions } = this;
    this.access = new TenantAccess({
      ...{ db, clock, accessTokens, refreshTokens, memberships, liveSessions },
    });
    const { allowances, realTime } = deps;
    this.own = new OwnAccount({ ...shared, realTime, jwtSecret, memberships, allowances });
  }

  /** Makes a tenant and its owner together. 409 `email_taken`, 429 `rate_limited`. */
  async register(registration: Registration): Promise<SignedIn> {
    const { from, password } = registration;
    const passwordHash = await this.queue.run(from.address, async () => {
      await this.limiter.countRegistration(from);
      return hashPassword(password);
    });
    return this.makeAccount(registration, passwordHash);
  }

  /** As `register`, for who runs the installation: nobody's registrations are counted. 409 `email_taken`. */
  async makeAccount(account: NewAccount, passwordHash: string): Promise<SignedIn> {
    const { from, locale } = account;
    const email = normalizeEmail(account.email);
    const displayName = account.displayName ?? email.slice(0, email.indexOf('@'));
    return this.db.transaction(async (tx) => {
      const now = this.clock.now();
      if (await this.links.isHeld(tx, email)) throw emailTaken(email);
      const tenant = await insertTenant(tx, { name: account.tenantName ?? displayName, now });
      const user = await insertUser(tx, {
        ...{ tenantId: tenant.id, email, passwordHash, displayName, role: 'owner', locale },
        ...{ createdAt: now, updatedAt: now },
        emailVerifiedAt: this.emailVerification === 'at_once' ? now : null,
      });
      if (!user) throw emailTaken(email);
      if (!user.emailVerifiedAt) await this.mails.askToVerify(tx, user, now);
      await this.addresses.remember(tx, user.id, from.address);
      const whose = { userId: user.id, tenantId: tenant.id };
      const { token, sessionId } = await this.refreshTokens.issue(tx, whose, from);
      const session = await this.access.open({ user, tenant }, { sessionId });
      return { session, refreshToken: token };
    });
  }

  /**
   * 401 `invalid_credentials` without telling which of the two is wrong, 403 `second_factor_required`
   * when both are right and a code is missing or wrong; 429 after many failures.
   */
  async login(credentials: Credentials): Promise<SignedIn> {
    const { password, from } = credentials;
    const email = normalizeEmail(credentials.email);
    const account = await findAccountByEmail(this.db, email);
    const user = account?.user;
    const isKnown = user !== undefined && (await this.addresses.knows(user.id, from.address));
    const attempt = { email, ...from, isKnown };
    // Who was here before waits in a line of their own.
    const line = isKnown ? `user ${user.id}` : from.address;
    const check = async () => {
      await this.limiter.count(attempt).catch((error: unknown) => this.refused(error, user));
      return verifyPassword(user?.passwordHash, password);
    };
    const matches = await this.queue.run(line, check, isKnown ? 'known' : 'stranger');
    if (!matches || !account) {
      throw new BillingError('invalid_credentials', 'The e-mail or the password is wrong.');
    }
    // A wrong code stays counted, as a wrong password does.
    if (credentials.code === undefined) await this.limiter.forgive(attempt);
    await this.own.secondFactors.assertShown(account.user, credentials.code);
    if (credentials.code !== undefined) await this.limiter.forgive(attempt);
    await this.addresses.remember(this.db, account.user.id, from.address);
    const { token, sessionId } = await this.begin(account.user, from);
    return { session: await this.access.open(account, { sessionId }), refreshToken: token };
  }

  /** Begins a session, unless the password was changed while it was being checked. */
  private begin({ id: userId, tenantId, passwordHash }: User, from: ClientInfo) {
    return this.db.transaction(async (tx) => {
      if (await holdsPassword(tx, { userId, passwordHash })) {
        return this.refreshTokens.issue(tx, { userId, tenantId }, from);
      }
      throw new BillingError('invalid_credentials', 'The e-mail or the password is wrong.');
    });
  }

  /** An account under attack stays open to its owner: by a link that only they can read. */
  private async refused(error: unknown, user: User | undefined): Promise<never> {
    const isAttacked = error instanceof BillingError && error.data['whose'] === 'account';
    if (isAttacked && user) await this.mails.offerToOpen(this.db, user, this.clock.now());
    throw error;
  }

  /** Follows the link of such a mail: from this address the account may be signed in to. */
  async openFrom(token: string, from: ClientInfo): Promise<void> {
    const { userId } = await this.mailedTokens.read('open_account', token);
    const { user } = await getAccount(this.db, userId);
    await this.addresses.remember(this.db, user.id, from.address);
  }

  /** Forgets what is over: sessions, counts, invitations, addresses unused for half a year. */
  async prune(): Promise<void> {
    await deleteOldInvitations(this.db, keptSince('invitations', this.clock.now()));
    await this.refreshTokens.deleteExpired();
    await deleteExpiredRateLimits(this.db, this.realTime.now());
    await this.addresses.forgetUnused();
    await this.links.prune(this.db);
  }

  /**
   * A new access token and the next refresh token, in the session's tenant; in another of the person's
   * when they belong to that one no more. 401 `unauthenticated`.
   */
  async refresh(refreshToken: string, from: ClientInfo): Promise<SignedIn> {
    const rotated = await this.refreshTokens.rotate(refreshToken, from);
    const { userId, tenantId, token, sessionId } = rotated;
    const there = tenantId ? await findAccountById(this.db, userId, tenantId) : undefined;
    const account = there ?? (await getAccount(this.db, userId));
    return { session: await this.access.open(account, { sessionId }), refreshToken: token };
  }

  /** Ends the session; an unknown token is no error. */
  logout(refreshToken: string): Promise<void> {
    return this.refreshTokens.revoke(refreshToken);
  }

  /** 401 `unauthenticated`. */
  async me({ userId, tenantId }: Pick<AccessClaims, 'userId' | 'tenantId'>): Promise<MeView> {
    return describe(await getAccount(this.db, userId, tenantId));
  }

  /** From now on: the language of mails and of Stripe's pages, and the zone of dates in mails. */
  setReading(
    userId: UserId,
    reading: { locale?: 'zh-CN' | 'en'; timeZone?: string },
  ): Promise<void> {
    return setUserReading(this.db, { userId, ...reading, now: this.clock.now() });
  }

  /** The person as they are now. 401 `unauthenticated` when they do not belong to the tenant. */
  async getPerson({ userId, tenantId }: Pick<AccessClaims, 'userId' | 'tenantId'>): Promise<User> {
    return (await getAccount(this.db, userId, tenantId)).user;
  }
}

function emailTaken(email: string): BillingError {
  return new BillingError('email_taken', `An account for ${email} exists already; sign in.`);
}
