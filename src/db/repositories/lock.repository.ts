import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';

/**
 * Locks that order what cannot be ordered by rows, because Stripe is asked in between. They are
 * held until the transaction ends. Who takes both takes the tenant's first.
 */
const tenantKey = (tenantId: string) => `tenant-billing:${tenantId}`;
const customerKey = (customerId: string) => `stripe-customer:${customerId}`;

/** One change of a tenant's billing at a time. Throws PostgreSQL's 55P03 after 15 s of waiting. */
export async function lockTenantBilling(tx: Tx, tenantId: string): Promise<void> {
  await waitFor(tx, tenantKey(tenantId));
}

/** False at once when somebody else changes the tenant's billing. */
export async function tryLockTenantBilling(tx: Tx, tenantId: string): Promise<boolean> {
  return tryFor(tx, tenantKey(tenantId));
}

/** One sync of a customer at a time: taken before Stripe is asked. 55P03 after 15 s of waiting. */
export async function lockCustomer(tx: Tx, customerId: string): Promise<void> {
  await waitFor(tx, customerKey(customerId));
}

/** False at once when somebody else syncs the customer. */
export async function tryLockCustomer(tx: Tx, customerId: string): Promise<boolean> {
  return tryFor(tx, customerKey(customerId));
}

async function tryFor(tx: Tx, key: string): Promise<boolean> {
  const { rows } = await tx.execute<{ locked: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${key}, 0)) as locked`,
  );
  return rows[0]?.locked === true;
}

async function waitFor(tx: Tx, key: string): Promise<void> {
  await tx.execute(sql`set local lock_timeout = '15s'`);
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
}
