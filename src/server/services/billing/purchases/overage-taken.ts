import type { Tx } from '../../../../db/client.ts';
import type { OverageTaken } from '../../../../domain/billing/spending/judge.ts';
import { periodOf } from '../../../../domain/period.ts';
import type { PurchaseDeps } from './purchase-deps.ts';

/** Where it is read; the caller's transaction, when it holds the lock of what is spent. */
export interface TakenDeps {
  credits: Pick<PurchaseDeps['credits'], 'readOverageTaken'>;
}

/**
 * What overage takes of a rule's month. Overage is of months in UTC, and counts in the month of the rule's
 * zone that has the same name; a purchase that is begun in the last hours of that may be paid in the
 * next, which counts too where it has begun in UTC.
 */
export async function readTaken(
  { credits }: TakenDeps,
  { tenantId, currency, month }: { tenantId: string; currency: string; month: string },
  now: Date,
  within?: Tx,
): Promise<OverageTaken> {
  const periods = [...new Set([month, periodOf(now)])].filter((one) => one >= month);
  const found = await credits.readOverageTaken({ tenantId, periods, currency }, within);
  const capMinor = found.currency === currency ? (found.capMinor ?? 0) : 0;
  return { capMinor, monthMinor: Math.max(capMinor, ...found.takenMinor) };
}
