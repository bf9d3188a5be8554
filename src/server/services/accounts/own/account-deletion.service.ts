import type { AccountDeletionView } from '../../../../domain/api.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Db, DbOrTx } from '../../../../db/client.ts';
import {
  countOthers,
  deleteUser,
  lockTenantOfPeople,
} from '../../../../db/repositories/accounts/own-account.repository.ts';
import { findAccountById } from '../../../../db/repositories/accounts/user.repository.ts';
import type { Account } from '../../../../db/repositories/accounts/user.repository.ts';
import { noteContactChanged } from '../../../../db/repositories/billing/contact.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { actorOf, type Requester } from '../../billing/requester.ts';
import type { AccountMails } from '../account-mails.ts';
import type { From } from '../from.ts';
import type { PasswordService } from './password.service.ts';

/** Ends a team, its subscription first. `confirm` is its exact name. */
export type DeleteTenant = (requester: Requester, confirm: string) => Promise<void>;

/** Deletes people: alone, or with the team that has no other owner. */
export class AccountDeletionService {
  private readonly deps: {
    db: Db;
    clock: Clock;
    passwords: PasswordService;
    mails: AccountMails;
  };

  constructor(deps: AccountDeletionService['deps']) {
    this.deps = deps;
  }

  /** What would go with the person. 401 `unauthenticated`. */
  async preview(userId: string): Promise<AccountDeletionView> {
    return this.describe(this.deps.db, await this.get(userId));
  }

  /**
   * Deletes the person. Who is the only owner takes the team along, by the way that the team's own
   * deletion goes: `confirm` must then be its name (400), and what that throws is thrown. 403
   * `wrong_password`, 409 `state_changed` when another owner leaves at the same time.
   */
  async delete(
    requester: Requester,
    wish: { password: string; confirm?: string | undefined; from: From },
    deleteTenant: DeleteTenant,
  ): Promise<void> {
    const { db, passwords } = this.deps;
    const { userId } = requester;
    await passwords.confirm(userId, wish.password, wish.from);
    const account = await this.get(userId);
    if ((await this.describe(db, account)).deletesTeam) {
      await deleteTenant({ ...requester, role: account.user.role }, wish.confirm ?? '');
      await this.tell(db, account);
    } else await this.leave({ ...requester, role: account.user.role }, account);
  }

  private leave(requester: Requester, account: Account): Promise<void> {
    const { db, clock } = this.deps;
    const { tenantId, userId } = requester;
    return db.transaction(async (tx) => {
      await lockTenantOfPeople(tx, tenantId);
      if ((await this.describe(tx, account)).deletesTeam) {
        throw new BillingError('state_changed', 'You became the only owner of the team meanwhile.');
      }
      const now = clock.now();
      // The next owner is who Stripe writes to from now on.
      await noteContactChanged(tx, { tenantId, userId, now });
      await insertAuditEntry(tx, {
        ...{ tenantId, actor: actorOf(requester), action: 'user.deleted', subjectId: userId },
        ...{ requestId: requester.requestId ?? null, now },
      });
      await this.tell(tx, account);
      await deleteUser(tx, userId);
    });
  }

  private tell(db: DbOrTx, { user }: Account): Promise<void> {
    const now = this.deps.clock.now();
    const mail = { subjectId: user.id, data: { at: now.toISOString() }, now };
    return this.deps.mails.write(db, 'account_deleted', user, mail);
  }

  private async describe(db: DbOrTx, { user, tenant }: Account): Promise<AccountDeletionView> {
    const others = await countOthers(db, { tenantId: tenant.id, userId: user.id });
    const deletesTeam = user.role === 'owner' && others.owners === 0;
    const rows = await new SubscriptionRepository(db).findByTenantId(tenant.id);
    const live = rows.find(({ stripeStatus }) => isLive(stripeStatus));
    return {
      deletesTeam,
      team: tenant.name,
      others: others.people,
      subscription: deletesTeam && live ? { plan: live.plan } : null,
    };
  }

  private async get(userId: string): Promise<Account> {
    const account = await findAccountById(this.deps.db, userId);
    if (account) return account;
    throw new BillingError('unauthenticated', 'This account no longer exists.');
  }
}
