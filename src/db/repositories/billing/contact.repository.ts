import { and, eq, isNotNull, isNull } from 'drizzle-orm';
import type { DbOrTx, Tx } from '../../client.ts';
import { tenants } from '../../schema/index.ts';
import { findBillingContact } from './tenant-billing.repository.ts';

/** Notes that Stripe's customer is to get another address, when the user is who is written to. */
export async function noteContactChanged(
  tx: Tx,
  values: { tenantId: string; userId: string; now: Date },
): Promise<void> {
  const { tenantId, userId, now } = values;
  const contact = await findBillingContact(tx, tenantId);
  if (contact?.userId !== userId) return;
  await tx
    .update(tenants)
    .set({ contactChangedAt: now })
    .where(and(eq(tenants.id, tenantId), isNotNull(tenants.stripeCustomerId)));
}

/** Changes who owns the tenant, and notes it when somebody else is written to about billing then. */
export async function noteContactChangedBy(
  tx: Tx,
  { tenantId, now }: { tenantId: string; now: Date },
  change: () => Promise<void>,
): Promise<void> {
  const before = await findBillingContact(tx, tenantId);
  await change();
  const after = await findBillingContact(tx, tenantId);
  if (after && before?.userId !== after.userId) {
    await noteContactChanged(tx, { tenantId, userId: after.userId, now });
  }
}

/** A customer at Stripe whose address is an old one, and the one that it is to get. */
export interface ChangedContact {
  tenantId: string;
  customerId: string;
  changedAt: Date;
}

export async function listChangedContacts(db: DbOrTx, limit: number): Promise<ChangedContact[]> {
  const rows = await db
    .select({
      tenantId: tenants.id,
      customerId: tenants.stripeCustomerId,
      changedAt: tenants.contactChangedAt,
    })
    .from(tenants)
    .where(and(isNotNull(tenants.contactChangedAt), isNull(tenants.deletedAt)))
    .orderBy(tenants.contactChangedAt)
    .limit(limit);
  return rows.flatMap(({ tenantId, customerId, changedAt }) =>
    customerId && changedAt ? [{ tenantId, customerId, changedAt }] : [],
  );
}

/** Stripe has it, unless it was changed again meanwhile. */
export async function closeContactChange(
  db: DbOrTx,
  { tenantId, changedAt }: ChangedContact,
): Promise<void> {
  await db
    .update(tenants)
    .set({ contactChangedAt: null })
    .where(and(eq(tenants.id, tenantId), eq(tenants.contactChangedAt, changedAt)));
}
