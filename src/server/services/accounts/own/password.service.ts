import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Db, Tx } from '../../../../db/client.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import {
  insertPasswordRequest,
  takePasswordRequests,
} from '../../../../db/repositories/accounts/mailed-link.repository.ts';
import {
  findAccountByEmail,
  holdsPassword,
  setPassword,
} from '../../../../db/repositories/accounts/user.repository.ts';
import type { User } from '../../../../db/schema/index.ts';
import type { UserId } from '../../../../domain/ids.ts';
import { getAccount, lockPerson } from '../get-account.ts';
import type { AccountLimits } from './account-limits.ts';
import type { AccountMails } from '../account-mails.ts';
import { normalizeEmail } from '../account-view.ts';
import type { FairQueue } from '../fair-queue.ts';
import type { ClientInfo } from '../credentials.ts';
import type { KnownAddresses } from '../known-addresses.ts';
import type { OneTimeLinks } from './one-time-links.ts';
import { hashPassword, verifyPassword } from '../password.ts';
import type { RefreshTokens } from '../refresh-tokens.ts';

/** What the verbs of one's own account work with. */
export interface AccountDeps {
  db: Db;
  /** The product's clock, for what is stored of people. */
  clock: Clock;
  queue: FairQueue;
  limits: AccountLimits;
  links: OneTimeLinks;
  mails: AccountMails;
  sessions: RefreshTokens;
  addresses: KnownAddresses;
}

/** Requests for a new password that are answered in one transaction. */
const REQUESTS_AT_ONCE = 50;

/** Passwords: forgotten ones, new ones, changed ones. */
export class PasswordService {
  private readonly deps: AccountDeps;

  constructor(deps: AccountDeps) {
    this.deps = deps;
  }

  /**
   * Notes that somebody forgot the password of an address. Whether anybody has the address is looked
   * up later (`answerRequests`), so that neither answer nor time tells. 429 `rate_limited`.
   */
  async forgot(written: string, from: ClientInfo): Promise<void> {
    const email = normalizeEmail(written);
    await this.deps.limits.countForgot(email, from);
    await insertPasswordRequest(this.deps.db, { email, createdAt: this.deps.clock.now() });
  }

  /** Writes the mails of what was asked for; a request and its mail go in one transaction. */
  async answerRequests(): Promise<void> {
    for (let taken = REQUESTS_AT_ONCE; taken === REQUESTS_AT_ONCE;) {
      taken = await this.deps.db.transaction(async (tx) => {
        const emails = await takePasswordRequests(tx, REQUESTS_AT_ONCE);
        for (const email of new Set(emails)) {
          const account = await findAccountByEmail(tx, email);
          if (account) await this.offerNew(tx, account.user);
        }
        return emails.length;
      });
    }
  }

  /** Mails a link to a page where a new password is chosen. */
  async offerNew(tx: Tx, user: User): Promise<void> {
    const link = await this.deps.links.issue(tx, 'reset_password', {
      ...{ userId: user.id, email: user.email },
    });
    const now = this.deps.clock.now();
    await this.deps.mails.write(tx, 'reset_password', user, { subjectId: link.id, link, now });
  }

  /**
   * Follows the mailed link: sets the password, ends every session, tells the owner. 410
   * `link_over`; 429 and 503 when many do so at once.
   */
  async reset(wish: { token: string; password: string; from: ClientInfo }): Promise<void> {
    const { links, db, queue, addresses } = this.deps;
    const { token, password, from } = wish;
    // Hashing is dear: nobody has it done for a link that is over.
    await links.check(db, 'reset_password', token);
    const passwordHash = await queue.run(from.address, () => hashPassword(password));
    const ended = await db.transaction(async (tx) => {
      const { userId, email } = await links.take(tx, 'reset_password', token);
      const user = await lockPerson(tx, userId);
      // Who reads the mailbox has shown that it is theirs.
      await setPassword(tx, {
        ...{ userId, passwordHash, now: this.deps.clock.now() },
        verifiesEmail: user.email === email,
      });
      await this.endWishes(tx, userId);
      const sessions = await this.deps.sessions.revokeAll(tx, userId);
      await addresses.remember(tx, userId, from.address);
      await this.notify(tx, user, 'user.password_reset');
      return sessions;
    });
    this.deps.sessions.ended(ended);
  }

  /** Ends the other sessions. 403 `wrong_password`, 409 `state_changed`, 429 `rate_limited`. */
  async change(wish: {
    userId: UserId;
    currentPassword: string;
    newPassword: string;
    /** Of the session that stays. */
    refreshToken: string | undefined;
    from: ClientInfo;
  }): Promise<void> {
    const { db, queue, sessions } = this.deps;
    const { userId, from } = wish;
    const seen = await this.confirm(userId, wish.currentPassword, from);
    const passwordHash = await queue.run(
      from.address,
      () => hashPassword(wish.newPassword),
      'known',
    );
    const stays = await sessions.familyOf(wish.refreshToken, userId);
    const ended = await db.transaction(async (tx) => {
      const user = await lockPerson(tx, userId);
      if (user.passwordHash !== seen.passwordHash) {
        throw new BillingError('state_changed', 'The password was changed elsewhere meanwhile.');
      }
      await setPassword(tx, { userId, passwordHash, now: this.deps.clock.now() });
      await this.endWishes(tx, userId);
      const others = await sessions.revokeAll(tx, userId, stays);
      await this.notify(tx, user, 'user.password_changed');
      return others;
    });
    sessions.ended(ended);
  }

  /** Asks for the password again before something grave. 403 `wrong_password`, 429 `rate_limited`. */
  async confirm(userId: UserId, password: string, from: ClientInfo): Promise<User> {
    const { db, limits, queue } = this.deps;
    const account = await getAccount(db, userId);
    const check = async () => {
      await limits.countPassword(userId);
      return verifyPassword(account.user.passwordHash, password);
    };
    const matches = await queue.run(from.address, check, 'known');
    if (!matches) throw wrongPassword();
    await limits.forgivePassword(userId);
    return account.user;
  }

  /** That the password that was confirmed still is the one: a change of it waits until `tx` ends. 403 `wrong_password`. */
  async assertHeld(tx: Tx, { id: userId, passwordHash }: User): Promise<void> {
    if (!(await holdsPassword(tx, { userId, passwordHash }))) throw wrongPassword();
  }

  /** What was asked for with the password before: whoever knew that one could move the account later. */
  private endWishes(tx: Tx, userId: string): Promise<void> {
    return this.deps.links.end(tx, userId, 'reset_password', 'change_email');
  }

  private async notify(tx: Tx, user: User, action: string): Promise<void> {
    const now = this.deps.clock.now();
    await this.deps.mails.write(tx, 'password_changed', user, {
      data: { at: now.toISOString() },
      now,
    });
    await insertAuditEntry(tx, {
      tenantId: user.tenantId,
      actor: { kind: 'user', userId: user.id as UserId, role: user.role },
      ...{ action, subjectId: user.id, now },
    });
  }
}

const wrongPassword = () => new BillingError('wrong_password', 'The password is wrong.');
