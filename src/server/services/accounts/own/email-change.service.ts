import { randomBytes } from 'node:crypto';
import { violatedConstraint } from '../../../../db/database-error.ts';
import type { Tx } from '../../../../db/client.ts';
import { repeated } from '../../../../db/repeated.ts';
import {
  isEmailTaken,
  setEmail,
  setPassword,
} from '../../../../db/repositories/accounts/user.repository.ts';
import { listTenantsOf } from '../../../../db/repositories/accounts/membership.repository.ts';
import { deleteFactorSince } from '../../../../db/repositories/accounts/second-factor.repository.ts';
import { noteContactChanged } from '../../../../db/repositories/billing/contact.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { User } from '../../../../db/schema/index.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { UserId } from '../../../../domain/ids.ts';
import { claimTrialAddress } from '../../billing/sync/trial-history.ts';
import { normalizeEmail } from '../account-view.ts';
import type { ClientInfo } from '../credentials.ts';
import { hashPassword } from '../password.ts';
import { lockPerson } from '../get-account.ts';
import type { AccountDeps, PasswordService } from './password.service.ts';

/** Changes of a person's e-mail address: confirmed at the new one, told to the old one. */
export class EmailChangeService {
  private readonly deps: AccountDeps;
  private readonly passwords: PasswordService;

  constructor(deps: AccountDeps, passwords: PasswordService) {
    this.deps = deps;
    this.passwords = passwords;
  }

  /**
   * Mails a link to the new address; nothing changes before it is followed. 403 `wrong_password`,
   * 409 `email_taken`, 429 `rate_limited`.
   */
  async request(
    userId: UserId,
    wish: { email: string; password: string; from: ClientInfo },
  ): Promise<void> {
    const { db, links, limits, mails, clock } = this.deps;
    const email = normalizeEmail(wish.email);
    const user = await this.passwords.confirm(userId, wish.password, wish.from);
    if (user.email === email) {
      throw new BillingError('invalid_request', 'That is the address that you use already.');
    }
    await limits.countChange(userId);
    await db.transaction(async (tx) => {
      await this.passwords.assertHeld(tx, user);
      await this.assertFree(tx, email, userId);
      await links.end(tx, userId, 'change_email');
      const link = await links.issue(tx, 'change_email', { userId, email });
      const mail = { subjectId: link.id, recipient: email, link, now: clock.now() };
      await mails.write(tx, 'change_email', user, mail);
    });
  }

  /** Follows the link at the new address. 410 `link_over`, 409 `email_taken`. */
  async confirm(token: string): Promise<void> {
    const { db, links, mails, clock } = this.deps;
    const confirmed = async (tx: Tx) => {
      const { userId, email } = await links.take(tx, 'change_email', token);
      const user = await lockPerson(tx, userId);
      await this.assertFree(tx, email, userId);
      await this.set(tx, user, email);
      // What was mailed to the old address opens nothing any more, but for the way back.
      await links.end(tx, userId, 'reset_password', 'change_email');
      const link = await links.issue(tx, 'revert_email', { userId, email: user.email });
      const data = { newEmail: email };
      const mail = { subjectId: link.id, link, data, now: clock.now() };
      await mails.write(tx, 'email_changed', user, mail);
      await this.note(tx, user, email, 'user.email_changed');
    };
    await repeated(() => db.transaction(confirmed));
  }

  /**
   * Follows the link at the old address: it is the account's again, everybody is signed out, and
   * as whoever changed it may know the password, that is void and a new one is offered by mail.
   */
  async revert(token: string, from: ClientInfo): Promise<void> {
    const { db, links, queue, sessions, clock } = this.deps;
    await links.check(db, 'revert_email', token);
    const nobodys = randomBytes(32).toString('base64url');
    const passwordHash = await queue.run(from.address, () => hashPassword(nobodys));
    const reverted = async (tx: Tx) => {
      const link = await links.take(tx, 'revert_email', token);
      const user = await lockPerson(tx, link.userId);
      await this.set(tx, user, link.email);
      await links.end(tx, user.id, 'reset_password', 'change_email');
      await links.endLater(tx, link);
      await setPassword(tx, { userId: user.id, passwordHash, now: clock.now() });
      const ended = await sessions.revokeAll(tx, user.id);
      // Of whoever took the account over; an older one is the owner's.
      await deleteFactorSince(tx, { userId: user.id, since: link.createdAt });
      await this.passwords.offerNew(tx, { ...user, email: link.email });
      await this.note(tx, user, link.email, 'user.email_taken_back');
      return ended;
    };
    sessions.ended(await repeated(() => db.transaction(reverted)));
  }

  private async set(tx: Tx, user: User, email: string): Promise<void> {
    try {
      await setEmail(tx, { userId: user.id, email, now: this.deps.clock.now() });
    } catch (error) {
      if (violatedConstraint(error) === 'users_email_unique') throw taken(email);
      throw error;
    }
  }

  private async assertFree(tx: Tx, email: string, userId: string): Promise<void> {
    const held = await this.deps.links.isHeld(tx, email, userId);
    if (held || (await isEmailTaken(tx, email))) throw taken(email);
  }

  private async note(tx: Tx, user: User, email: string, action: string): Promise<void> {
    const now = this.deps.clock.now();
    for (const { membership } of await listTenantsOf(tx, user.id)) {
      const { tenantId, role } = membership;
      await noteContactChanged(tx, { tenantId, userId: user.id, now });
      if (role !== 'member') await claimTrialAddress(tx, { tenantId, email, now });
      await insertAuditEntry(tx, {
        actor: { kind: 'user', userId: user.id as UserId, role },
        ...{ tenantId, action, subjectId: user.id, now },
        ...{ before: { email: user.email }, after: { email } },
      });
    }
  }
}

function taken(email: string): BillingError {
  return new BillingError('email_taken', `An account for ${email} exists already.`);
}
