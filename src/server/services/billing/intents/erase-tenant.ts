import type { Tx } from '../../../../db/client.ts';
import { lockTenantOfPeople } from '../../../../db/repositories/accounts/membership.repository.ts';
import { deleteTenantInvitations } from '../../../../db/repositories/accounts/invitation.repository.ts';
import { deleteTenantCharacters } from '../../../../db/repositories/character.repository.ts';
import { deleteTenantConversations } from '../../../../db/repositories/conversation.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { settleIntent } from '../../../../db/repositories/billing/billing-intent.repository.ts';
import {
  deleteTenantUsers,
  markTenantDeleted,
  type FormerMember,
} from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { insertMail } from '../../../../db/repositories/mail-outbox.repository.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import type { Actor } from '../../../../domain/ids.ts';

/** Erases the tenant's people and what they made; what tells of money stays. Only when nothing is charged any more. */
export async function eraseTenant(
  tx: Tx,
  tenant: Tenant,
  by: { id?: string; requestId: string | null; actor?: Actor },
  now: Date,
): Promise<void> {
  // First, as whoever else writes for the tenant has it: what is written for its people waits for them here.
  await lockTenantOfPeople(tx, tenant.id);
  await insertAuditEntry(tx, {
    tenantId: tenant.id,
    actor: by.actor ?? { kind: 'system', task: 'settle-intents' },
    action: 'tenant.deleted',
    subjectId: tenant.id,
    requestId: by.requestId,
    now,
  });
  await deleteTenantCharacters(tx, tenant.id);
  await deleteTenantConversations(tx, tenant.id);
  await deleteTenantInvitations(tx, tenant.id);
  const people = await deleteTenantUsers(tx, tenant.id);
  const asked = by.actor?.kind === 'user' ? by.actor.userId : undefined;
  await notifyMembers(
    tx,
    tenant,
    people.filter(({ id }) => id !== asked),
    now,
  );
  await markTenantDeleted(tx, tenant.id, now);
  if (by.id) await settleIntent(tx, by.id, { state: 'done', now });
}

/** Mails everybody who did not ask for it that the team is gone, and whether their account went with it. */
async function notifyMembers(tx: Tx, tenant: Tenant, people: FormerMember[], now: Date) {
  for (const { id, email, displayName, locale, timeZone, isErased } of people) {
    await insertMail(tx, {
      ...{ tenantId: tenant.id, kind: 'team_deleted', recipient: email, locale, timeZone },
      ...{ subjectId: `${tenant.id}:${id}`, attempt: 0, createdAt: now },
      data: { name: displayName, team: tenant.name, isErased },
    });
  }
}
