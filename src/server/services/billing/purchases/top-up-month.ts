import type { DbOrTx } from '../../../../db/client.ts';
import { readSpent } from '../../../../db/repositories/billing/spending.repository.ts';
import { findAutoTopUp } from '../../../../db/repositories/billing/top-up.repository.ts';

/** What of a month's maximum auto top-ups have taken; `undefined` where nothing was ever agreed to. */
export async function readTopUpMonth(
  db: DbOrTx,
  tenantId: string,
  now: Date,
): Promise<{ spentMinor: number; maxMinor: number; endsAt: Date } | undefined> {
  const agreed = await findAutoTopUp(db, tenantId);
  if (!agreed) return undefined;
  const { currency, timeZone } = agreed;
  const spent = await readSpent(db, { tenantId, currency, timeZone, now, trigger: 'auto' });
  return {
    ...{ spentMinor: spent.monthMinor, endsAt: spent.monthEndsAt },
    maxMinor: agreed.monthMaxMinor,
  };
}
