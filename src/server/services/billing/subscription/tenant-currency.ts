import type { DbOrTx } from '../../../../db/client.ts';
import { findOpenPurchase } from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import {
  findCurrencyOf,
  listPayments,
  sumOpenPayments,
} from '../../../../db/repositories/billing/payments/payment.repository.ts';
import { findSpendingRule } from '../../../../db/repositories/billing/spending.repository.ts';
import { findLastStatement } from '../../../../db/repositories/billing/statements/statement.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import { ruleAt } from '../../../../domain/billing/spending/rules.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';

/**
 * The currency that the tenant is bound to, that of its live subscription; null while nothing runs. What is
 * open besides binds nothing that is paid once: Stripe takes a one-time payment and an invoice of its own in
 * any currency, and refuses two of them for subscriptions alone (Stripe, "Multi-currency customers").
 */
export async function currencyOfTenant(db: DbOrTx, tenantId: string): Promise<string | null> {
  const rows = await new SubscriptionRepository(db).findByTenantId(tenantId);
  const live = rows.find((row) => isLive(row.stripeStatus));
  return live ? findCurrencyOf(db, live) : null;
}

/**
 * The currency that is meant where nobody says one: what the tenant is bound to; else that of a purchase that
 * can still be paid, of the spending rule in force, of what is unpaid, and of what was billed last. Null for
 * who was never billed.
 */
export async function usualCurrencyOf(
  db: DbOrTx,
  tenantId: string,
  now: Date,
): Promise<string | null> {
  return (await currencyOfTenant(db, tenantId)) ?? unboundCurrencyOf(db, tenantId, now);
}

/** The same for who is bound to none. */
export async function unboundCurrencyOf(
  db: DbOrTx,
  tenantId: string,
  now: Date,
): Promise<string | null> {
  const purchase = await findOpenPurchase(db, tenantId);
  if (purchase) return purchase.currency;
  const rule = ruleAt(await findSpendingRule(db, tenantId), now);
  if (rule.currency !== null) return rule.currency;
  const [unpaid] = await sumOpenPayments(db, tenantId);
  if (unpaid) return unpaid.currency;
  const statement = await findLastStatement(db, tenantId);
  if (statement && statement.settledAt === null) return statement.currency;
  const [last] = await listPayments(db, tenantId, { limit: 1, before: undefined });
  return last?.currency ?? null;
}
