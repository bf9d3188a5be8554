import type { DbOrTx } from '../../../../db/client.ts';
import { findCurrencyOf } from '../../../../db/repositories/billing/payment.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type { Subscription } from '../../../../db/schema/index.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';

/** In what a subscription is billed. */
export async function currencyOf(
  db: DbOrTx,
  { nextInvoiceCurrency, stripeSubscriptionId }: Subscription,
): Promise<string | null> {
  return nextInvoiceCurrency ?? (await findCurrencyOf(db, stripeSubscriptionId)) ?? null;
}

/** What the tenant is billed in; null while nothing runs. */
export async function currencyOfTenant(db: DbOrTx, tenantId: string): Promise<string | null> {
  const rows = await new SubscriptionRepository(db).findByTenantId(tenantId);
  const live = rows.find((row) => isLive(row.stripeStatus));
  return live ? currencyOf(db, live) : null;
}
