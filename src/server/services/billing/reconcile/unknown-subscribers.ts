import { restoreTenant } from '../../../../db/repositories/accounts/tenant.repository.ts';
import { listUnknownCustomers } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { Subscriber } from '../../stripe/subscribers.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';

const CHUNK = 1_000;

/** Subscribers at Stripe, by our mark, whom no tenant here has as its customer. */
export async function listUnknownSubscribers({
  db,
  stripe,
}: Pick<SyncDeps, 'db' | 'stripe'>): Promise<(Subscriber & { tenantId: string })[]> {
  const marked = (await stripe.listSubscribers()).filter(hasTenant);
  const strangers = new Set<string>();
  for (let from = 0; from < marked.length; from += CHUNK) {
    const ids = marked.slice(from, from + CHUNK).map(({ customerId }) => customerId);
    for (const id of await listUnknownCustomers(db, ids)) strangers.add(id);
  }
  return marked.filter(({ customerId }) => strangers.has(customerId));
}

function hasTenant(one: Subscriber): one is Subscriber & { tenantId: string } {
  return one.tenantId !== null;
}

/**
 * Makes the tenant of an unknown subscriber anew under its own id, on free and without people; the sync then
 * adopts the customer and writes what Stripe knows. Answers false when the tenant is here already.
 */
export function restoreTenantOf(
  { db, clock }: Pick<SyncDeps, 'db' | 'clock'>,
  { tenantId, name, customerId }: Subscriber & { tenantId: string },
): Promise<boolean> {
  return restoreTenant(db, { id: tenantId, name: name ?? customerId, now: clock.now() });
}
