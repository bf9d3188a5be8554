import { canManageBilling, type UserId } from '../../../../domain/ids.ts';
import { OPTIONAL_MAILS, type OptionalMail } from '../../../../domain/mails.ts';
import type { NotificationsView } from '../../../../domain/api.ts';
import { setBillingEmail } from '../../../../db/repositories/accounts/tenant.repository.ts';
import { setMutedMails } from '../../../../db/repositories/accounts/user.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { getAccount } from '../get-account.ts';
import type { MembershipKey } from '../membership-cache.ts';
import type { AccountDeps } from './password.service.ts';

/** Which mails one gets, and who else gets those about money. */
export class NotificationService {
  private readonly deps: AccountDeps;

  constructor(deps: AccountDeps) {
    this.deps = deps;
  }

  /** 401 `unauthenticated`. */
  async read(reader: MembershipKey): Promise<NotificationsView> {
    const { user, tenant } = await getAccount(this.deps.db, reader.userId, reader.tenantId);
    return {
      optional: OPTIONAL_MAILS.map((kind) => ({ kind, wanted: !user.mutedMails.includes(kind) })),
      billingEmail: canManageBilling(user.role) ? tenant.billingEmail : null,
    };
  }

  /** From now on the person gets none of these. */
  async mute(userId: UserId, kinds: readonly OptionalMail[]): Promise<void> {
    const { db, clock } = this.deps;
    const mutedMails = [...new Set(kinds)].sort();
    await setMutedMails(db, { userId, mutedMails, now: clock.now() });
  }

  /**
   * Names the tenant's second address for mails about money, which is told so; `null` takes it out.
   * 429 `rate_limited`. Who asks was authorised before.
   */
  async setBillingEmail(
    requester: MembershipKey & { userId: UserId },
    email: string | null,
  ): Promise<void> {
    const { db, clock, limits, mails } = this.deps;
    const { userId } = requester;
    const account = await getAccount(db, userId, requester.tenantId);
    const { user, tenant } = account;
    if (tenant.billingEmail === email) return;
    await limits.countChange(userId);
    await db.transaction(async (tx) => {
      const now = clock.now();
      await setBillingEmail(tx, { tenantId: tenant.id, billingEmail: email, now });
      await insertAuditEntry(tx, {
        actor: { kind: 'user', userId, role: user.role },
        ...{ tenantId: tenant.id, action: 'tenant.billing_email_changed', subjectId: tenant.id },
        ...{ before: { email: tenant.billingEmail }, after: { email }, now },
      });
      if (email === null) return;
      const mail = { recipient: email, data: { team: tenant.name }, now };
      await mails.write(tx, 'billing_address', user, mail);
    });
  }
}
