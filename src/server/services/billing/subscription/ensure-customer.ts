import type { DbOrTx } from '../../../../db/client.ts';
import {
  findBillingContact,
  setCustomer,
} from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';
import type { BillingDeps } from './change-billing.ts';

/** The tenant's customer at Stripe, made when there is none, or when it was deleted there. */
export async function ensureCustomer(
  { stripe, clock }: BillingDeps,
  db: DbOrTx,
  tenant: Tenant,
): Promise<string> {
  const held = tenant.stripeCustomerId;
  const present = held ? await stripe.findCustomer(held) : undefined;
  if (held && present && !present.deleted) return held;
  const owner = await findBillingContact(db, tenant.id);
  if (!owner) throw new Error(`The tenant ${tenant.id} has no owner.`);
  const customerId = await stripe.createCustomer({
    tenantId: tenant.id,
    email: owner.email,
    name: tenant.name,
    locale: owner.locale,
    replaces: held,
  });
  const now = clock.now();
  await setCustomer(db, { tenantId: tenant.id, customerId, previous: held, now });
  if (held) await endLostSubscriptions(db, tenant.id, held, now);
  return customerId;
}

/** What hung on a customer that Stripe no longer has is over. */
async function endLostSubscriptions(
  db: DbOrTx,
  tenantId: string,
  customerId: string,
  now: Date,
): Promise<void> {
  const repository = new SubscriptionRepository(db);
  for (const row of await repository.findByTenantId(tenantId)) {
    if (row.stripeCustomerId !== customerId || !isLive(row.stripeStatus)) continue;
    const ended = { status: 'canceled', stripeStatus: 'canceled' } as const;
    await repository.updateStatus(row.id, { ...ended, endedAt: now, syncedAt: now });
  }
}
