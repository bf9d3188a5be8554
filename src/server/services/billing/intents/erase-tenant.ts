import type { Tx } from '../../../../db/client.ts';
import { deleteTenantInvitations } from '../../../../db/repositories/accounts/invitation.repository.ts';
import { deleteTenantCharacters } from '../../../../db/repositories/character.repository.ts';
import { deleteTenantConversations } from '../../../../db/repositories/conversation.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { settleIntent } from '../../../../db/repositories/billing/billing-intent.repository.ts';
import {
  deleteTenantUsers,
  markTenantDeleted,
} from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import type { Actor } from '../../../../domain/ids.ts';

/** Erases the tenant's people and what they made; what tells of money stays. Only when nothing is charged any more. */
export async function eraseTenant(
  tx: Tx,
  tenant: Tenant,
  by: { id?: string; requestId: string | null; actor?: Actor },
  now: Date,
): Promise<void> {
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
  await deleteTenantUsers(tx, tenant.id);
  await markTenantDeleted(tx, tenant.id, now);
  if (by.id) await settleIntent(tx, by.id, { state: 'done', now });
}
