import { sql } from 'drizzle-orm';
import type { Tx } from '../../client.ts';

/**
 * Locks that order what cannot be ordered by rows, because Stripe is asked in between. They are
 * held until the transaction ends. Who takes several takes the tenant's first, then the customer's.
 */
const WAIT_MS = 10_000;
const tenantKey = (tenantId: string) => `tenant-billing:${tenantId}`;
const customerKey = (customerId: string) => `stripe-customer:${customerId}`;

/** One process at a time sets the account at Stripe up. 55P03 after 10 s. */
export async function lockSetUp(tx: Tx): Promise<void> {
  await waitFor(tx, 'stripe-set-up');
}

/** One change of a tenant's billing at a time. Throws PostgreSQL's 55P03 after 10 s of waiting, or `waitMs`. */
export async function lockTenantBilling(tx: Tx, tenantId: string, waitMs?: number): Promise<void> {
  await waitFor(tx, tenantKey(tenantId), waitMs);
}

/** False at once when somebody else changes the tenant's billing. */
export async function tryLockTenantBilling(tx: Tx, tenantId: string): Promise<boolean> {
  return tryFor(tx, tenantKey(tenantId));
}

/** One sync of a customer at a time: taken before Stripe is asked. 55P03 after 10 s, or `waitMs`. */
export async function lockCustomer(tx: Tx, customerId: string, waitMs?: number): Promise<void> {
  await waitFor(tx, customerKey(customerId), waitMs);
}

/** One purchase of a tenant's is begun at a time, and its rules change at no other; after the others. */
export async function lockSpending(tx: Tx, tenantId: string): Promise<void> {
  await waitFor(tx, `spending:${tenantId}`);
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

async function waitFor(tx: Tx, key: string, waitMs = WAIT_MS): Promise<void> {
  const timeout = `${Math.ceil(Math.min(WAIT_MS, Math.max(1, waitMs)))}ms`;
  await tx.execute(sql`select set_config('lock_timeout', ${timeout}, true)`);
  // What is locked after it has the usual time again.
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0)),
      set_config('lock_timeout', ${`${WAIT_MS}ms`}, true)`,
  );
}
