import { inTransaction } from '../../../../../db/client.ts';
import type { CreditPurchase } from '../../../../../db/schema/index.ts';
import { BillingError } from '../../../../../domain/errors.ts';
import { insertAllowed, type JudgeDeps } from '../judge-purchase.ts';

/** A purchase that is under way elsewhere, so that many may be at once; `undefined` when a rule refuses it. */
export async function beginElsewhere(
  deps: JudgeDeps,
  { tenantId, amountMinor }: { tenantId: string; amountMinor: number },
  at: Date,
): Promise<CreditPurchase | undefined> {
  const values = {
    ...{ tenantId, packId: 'small', packVersion: 1, credits: 60, bonus: 0, validDays: 365 },
    ...{ amountMinor, currency: 'cny', state: 'processing' as const, locale: 'en', createdAt: at },
    ...{ stripeCustomerId: 'cus_1', stripePriceId: 'price_1', expiresAt: at },
  };
  try {
    return await inTransaction(deps.db, (tx) => insertAllowed(deps, tx, values, at));
  } catch (error) {
    if (error instanceof BillingError && error.code === 'spending_rule') return undefined;
    throw error;
  }
}
