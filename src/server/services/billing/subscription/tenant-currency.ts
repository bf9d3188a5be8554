import type { DbOrTx } from '../../../../db/client.ts';
import { findCurrencyOf } from '../../../../db/repositories/billing/payment.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';

/** What the tenant is billed in; null while nothing runs. */
export async function currencyOfTenant(db: DbOrTx, tenantId: string): Promise<string | null> {
  const rows = await new SubscriptionRepository(db).findByTenantId(tenantId);
  const live = rows.find((row) => isLive(row.stripeStatus));
  return live ? findCurrencyOf(db, live) : null;
}
