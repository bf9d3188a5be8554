import {
  closeCheckout,
  findOpenCheckout,
} from '../../../../db/repositories/billing/checkout-session.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import { findTenantById } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { CheckoutSession, Tenant } from '../../../../db/schema/index.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';
import type { OfferedPrice } from '../../stripe/offered-prices.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';

/**
 * Ends the tenant's open Checkout session when it may no longer be paid: it has a subscription, its
 * price is not offered any more, or it was deleted.
 */
export async function closeCheckouts(deps: SyncDeps, tenantId: string): Promise<void> {
  const { db, clock, stripe } = deps;
  const open = await findOpenCheckout(db, tenantId);
  const tenant = open && (await findTenantById(db, tenantId));
  if (!open || !tenant || !(await isOutdated(deps, tenant, open))) return;
  const ended = await stripe.expireCheckout(open.stripeSessionId);
  await closeCheckout(db, open.stripeSessionId, ended, clock.now());
}

async function isOutdated(
  { db, clock, catalogue }: SyncDeps,
  tenant: Tenant,
  open: CheckoutSession,
): Promise<boolean> {
  if (tenant.deletedAt || open.expiresAt <= clock.now()) return true;
  const rows = await new SubscriptionRepository(db).findByTenantId(tenant.id);
  if (rows.some((row) => isLive(row.stripeStatus))) return true;
  const has = (offered: readonly OfferedPrice[]) =>
    offered.some((one) => one.priceId === open.stripePriceId);
  if (has(await catalogue.listOffered())) return false;
  // Another process, which knew of a new price before this one, may have opened it.
  return !has(await catalogue.listOfferedSince(open.createdAt));
}
