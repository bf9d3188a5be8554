import type { Clock } from '../../domain/clock.ts';
import type { MeView, SessionView } from '../../domain/api.ts';
import { BillingError } from '../../domain/errors.ts';
import type { Role, TenantId, UserId } from '../../domain/ids.ts';
import type { Db } from '../../db/client.ts';
import { insertTenant } from '../../db/repositories/tenant.repository.ts';
import {
  findAccountByEmail,
  findAccountById,
  insertUser,
  type Account,
  setUserLocale,
} from '../../db/repositories/user.repository.ts';
import type { User } from '../../db/schema/index.ts';
import type { Logger } from '../log.ts';
import { AccessTokens, type AccessClaims } from './auth/access-token.ts';
import { LoginLimiter } from './auth/login-limiter.ts';
import { PasswordHasher } from './auth/password.ts';
import { RefreshTokens } from './auth/refresh-tokens.ts';

export interface AuthDeps {
  db: Db;
  /** The product's clock, for what is stored of people. */
  clock: Clock;
  /** The machine's clock: sessions do not age when the product's clock is turned. */
  realTime: Clock;
  log: Logger;
  jwtSecret: string;
}

export interface Registration {
  email: string;
  password: string;
  displayName?: string | undefined;
  tenantName?: string | undefined;
  locale: string;
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
  private readonly accessTokens: AccessTokens;
  private readonly limiter = new LoginLimiter();
  private readonly passwords = new PasswordHasher();
  readonly refreshTokens: RefreshTokens;

  constructor(deps: AuthDeps) {
    this.db = deps.db;
    this.clock = deps.clock;
    this.accessTokens = new AccessTokens({ jwtSecret: deps.jwtSecret, clock: deps.realTime });
    this.refreshTokens = new RefreshTokens({
      db: deps.db,
      clock: deps.realTime,
      log: deps.log,
      secret: deps.jwtSecret,
    });
  }

  /** Makes a tenant and its owner together. 409 `email_taken`. */
  async register(registration: Registration): Promise<SignedIn> {
    const email = normalizeEmail(registration.email);
    const displayName = registration.displayName ?? email.slice(0, email.indexOf('@'));
    const passwordHash = await this.passwords.hash(registration.password);
    return this.db.transaction(async (tx) => {
      const now = this.clock.now();
      const tenant = await insertTenant(tx, { name: registration.tenantName ?? displayName, now });
      const user = await insertUser(tx, {
        tenantId: tenant.id,
        email,
        passwordHash,
        displayName,
        role: 'owner',
        locale: registration.locale,
        createdAt: now,
        updatedAt: now,
      });
      if (!user) {
        throw new BillingError('email_taken', `An account for ${email} exists already; sign in.`);
      }
      const refreshToken = await this.refreshTokens.issue(tx, user.id);
      return { session: await this.openSession({ user, tenant }), refreshToken };
    });
  }

  /** 401 `invalid_credentials` without telling which of the two is wrong; 429 after many failures. */
  async login(credentials: {
    email: string;
    password: string;
    address: string;
  }): Promise<SignedIn> {
    const email = normalizeEmail(credentials.email);
    await this.limiter.count(email, credentials.address);
    const account = await findAccountByEmail(this.db, email);
    if (
      !(await this.passwords.verify(account?.user.passwordHash, credentials.password)) ||
      !account
    ) {
      throw new BillingError('invalid_credentials', 'The e-mail or the password is wrong.');
    }
    await this.limiter.clear(email, credentials.address);
    const refreshToken = await this.refreshTokens.issue(this.db, account.user.id);
    return { session: await this.openSession(account), refreshToken };
  }

  /** A new access token and the next refresh token. 401 `unauthenticated`. */
  async refresh(refreshToken: string): Promise<SignedIn> {
    const rotated = await this.refreshTokens.rotate(refreshToken);
    const account = await this.getAccount(rotated.userId);
    return { session: await this.openSession(account), refreshToken: rotated.token };
  }

  /** Ends the session; an unknown token is no error. */
  logout(refreshToken: string): Promise<void> {
    return this.refreshTokens.revoke(refreshToken);
  }

  async me(userId: UserId): Promise<MeView> {
    return describe(await this.getAccount(userId));
  }

  /** The language of mails and of Stripe's pages from now on. */
  setLocale(userId: UserId, locale: 'zh-CN' | 'en'): Promise<void> {
    return setUserLocale(this.db, { userId, locale, now: this.clock.now() });
  }

  /** 401 `token_expired` or `unauthenticated`. */
  verifyAccessToken(token: string): Promise<AccessClaims> {
    return this.accessTokens.verify(token);
  }

  /** The role as it is now, not as the token remembers it. */
  async getRole(userId: UserId): Promise<Role> {
    return (await this.getPerson(userId)).role;
  }

  /** The person as they are now. 401 `unauthenticated` when the account is gone. */
  async getPerson(userId: UserId): Promise<User> {
    return (await this.getAccount(userId)).user;
  }

  private async getAccount(userId: string): Promise<Account> {
    const account = await findAccountById(this.db, userId);
    if (account) return account;
    throw new BillingError('unauthenticated', 'This account no longer exists.');
  }

  private async openSession(account: Account): Promise<SessionView> {
    const { user } = account;
    const accessToken = await this.accessTokens.issue({
      userId: user.id as UserId,
      tenantId: user.tenantId as TenantId,
      role: user.role,
    });
    return { accessToken, ...describe(account) };
  }
}

function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}

function describe({ user, tenant }: Account): MeView {
  return {
    user: {
      id: user.id,
      email: user.email,
      displayName: user.displayName,
      role: user.role,
      tenantId: user.tenantId,
    },
    tenant: { id: tenant.id, name: tenant.name, plan: tenant.plan },
  };
}
