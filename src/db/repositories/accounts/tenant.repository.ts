import { and, eq, isNull } from 'drizzle-orm';
import type { DbOrTx } from '../../client.ts';
import { tenants, type Tenant } from '../../schema/index.ts';

/** Makes a tenant on free. */
export async function insertTenant(
  db: DbOrTx,
  values: { name: string; now: Date },
): Promise<Tenant> {
  const { name, now } = values;
  const [row] = await db
    .insert(tenants)
    .values({ name, createdAt: now, updatedAt: now })
    .returning();
  if (!row) throw new Error('The database returned no tenant.');
  return row;
}

/** Makes a tenant anew under the id that it had; false when there is one. */
export async function restoreTenant(
  db: DbOrTx,
  values: { id: string; name: string; now: Date },
): Promise<boolean> {
  const { id, name, now } = values;
  const { rowCount } = await db
    .insert(tenants)
    .values({ id, name, createdAt: now, updatedAt: now })
    .onConflictDoNothing();
  return rowCount === 1;
}

/** `undefined` for unknown and for deleted tenants. */
export async function findTenant(db: DbOrTx, tenantId: string): Promise<Tenant | undefined> {
  const [row] = await db
    .select()
    .from(tenants)
    .where(and(eq(tenants.id, tenantId), isNull(tenants.deletedAt)));
  return row;
}

/** Whom mails about money go to besides the owner; null for nobody else. */
export async function setBillingEmail(
  db: DbOrTx,
  values: { tenantId: string; billingEmail: string | null; now: Date },
): Promise<void> {
  const { tenantId, billingEmail, now } = values;
  await db
    .update(tenants)
    .set({ billingEmail, updatedAt: now })
    .where(and(eq(tenants.id, tenantId), isNull(tenants.deletedAt)));
}
