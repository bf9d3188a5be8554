import type { AccountDeletionView } from '../../../../domain/api.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Db, DbOrTx, Tx } from '../../../../db/client.ts';
import { repeated } from '../../../../db/repeated.ts';
import {
  countOthers,
  deleteMembership,
  findMembership,
  listTenantsOf,
  lockTenantOfPeople,
} from '../../../../db/repositories/accounts/membership.repository.ts';
import { deleteUser } from '../../../../db/repositories/accounts/own-account.repository.ts';
import { findAccountById } from '../../../../db/repositories/accounts/user.repository.ts';
import type { Account } from '../../../../db/repositories/accounts/user.repository.ts';
import { noteContactChanged } from '../../../../db/repositories/billing/contact.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type { Clock } from '../../../../domain/clock.ts';
import type { TenantId } from '../../../../domain/ids.ts';
import { eraseTenant } from '../../billing/intents/erase-tenant.ts';
import { actorOf, type Requester } from '../../billing/requester.ts';
import type { AccountMails } from '../account-mails.ts';
import type { ClientInfo } from '../credentials.ts';
import { passSeatOn } from '../team/pass-seat-on.ts';
import { getAccount } from '../get-account.ts';
import type { MembershipKey } from '../membership-cache.ts';
import type { PasswordService } from './password.service.ts';
import type { MembershipCache } from '../membership-cache.ts';

/** Ends a team, its subscription first. `confirm` is its exact name. */
export type DeleteTenant = (requester: Requester, confirm: string) => Promise<void>;

/** Deletes people: alone, or with the team that has no other owner. */
export class AccountDeletionService {
  private readonly deps: {
    db: Db;
    clock: Clock;
    passwords: PasswordService;
    mails: AccountMails;
    memberships: MembershipCache;
  };

  constructor(deps: AccountDeletionService['deps']) {
    this.deps = deps;
  }

  /** What would go with the person and the team that they ask from. 401 `unauthenticated`. */
  async preview(who: MembershipKey): Promise<AccountDeletionView> {
    const { db } = this.deps;
    return this.describe(db, await getAccount(db, who.userId, who.tenantId));
  }

  /**
   * Deletes the person. Who is the only owner takes the team along, by the way that the team's own
   * deletion goes: `confirm` must then be its name (400), and what that throws is thrown. Other teams are
   * left; 409 `last_owner` where one of them would be without an owner, and is more than an empty room of
   * one's own. 403 `wrong_password`, 409 `state_changed` when another owner leaves at the same time.
   */
  async delete(
    requester: Requester,
    wish: { password: string; confirm?: string | undefined; from: ClientInfo },
    deleteTenant: DeleteTenant,
  ): Promise<void> {
    const { db, passwords } = this.deps;
    const { userId, tenantId } = requester;
    await passwords.confirm(userId, wish.password, wish.from);
    const account = await getAccount(db, userId, tenantId);
    const asked = { ...requester, role: account.user.role };
    for (const elsewhere of await this.others(db, asked)) await this.mayLeave(db, elsewhere);
    const { deletesTeam } = await this.describe(db, account);
    if (deletesTeam) await deleteTenant(asked, wish.confirm ?? '');
    const deleted = async (tx: Tx) => {
      if (!deletesTeam) await this.leave(tx, asked, account);
      for (const elsewhere of await this.others(tx, asked))
        await this.leaveOther(tx, asked, elsewhere);
      await this.notify(tx, account);
      await deleteUser(tx, userId);
    };
    await repeated(() => db.transaction(deleted));
    this.deps.memberships.forget({ userId, tenantId });
  }

  private async leave(tx: Tx, requester: Requester, account: Account): Promise<void> {
    const { tenantId, userId } = requester;
    const tenant = await lockTenantOfPeople(tx, tenantId);
    const freedBy = await findMembership(tx, requester);
    if ((await this.describe(tx, account)).deletesTeam) {
      throw new BillingError('state_changed', 'You became the only owner of the team meanwhile.');
    }
    const now = this.deps.clock.now();
    // The next owner is who Stripe writes to from now on.
    await noteContactChanged(tx, { tenantId, userId, now });
    await insertAuditEntry(tx, {
      ...{ tenantId, actor: actorOf(requester), action: 'user.deleted', subjectId: userId },
      ...{ requestId: requester.requestId ?? null, now },
    });
    await deleteMembership(tx, requester);
    if (tenant && freedBy) await passSeatOn(tx, { tenant, freedBy, now });
  }

  /** The person's other teams, as accounts in them. */
  private async others(db: DbOrTx, { userId, tenantId }: MembershipKey): Promise<Account[]> {
    const all = await listTenantsOf(db, userId);
    const elsewhere = all.filter(({ tenant }) => tenant.id !== tenantId);
    const accounts = elsewhere.map(({ tenant }) => findAccountById(db, userId, tenant.id));
    return (await Promise.all(accounts)).filter((one) => one !== undefined);
  }

  /** Answers whether the team is left to others; where nobody is, and nothing is paid, it goes. */
  private async mayLeave(db: DbOrTx, account: Account): Promise<boolean> {
    const { deletesTeam, others } = await this.describe(db, account);
    if (!deletesTeam) return true;
    const { stripeCustomerId, name } = account.tenant;
    if (others === 0 && stripeCustomerId === null) return false;
    throw new BillingError(
      'last_owner',
      `You are the only owner of “${name}” too: switch to it, and make somebody else its owner or delete it first.`,
      { data: { team: name } },
    );
  }

  private async leaveOther(tx: Tx, requester: Requester, account: Account): Promise<void> {
    const there = {
      ...requester,
      tenantId: account.tenant.id as TenantId,
      role: account.user.role,
    };
    await lockTenantOfPeople(tx, there.tenantId);
    if (await this.mayLeave(tx, account)) return this.leave(tx, there, account);
    const by = { requestId: requester.requestId ?? null, actor: actorOf(there) };
    await eraseTenant(tx, account.tenant, by, this.deps.clock.now());
  }

  private notify(db: DbOrTx, { user }: Account): Promise<void> {
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
}
