import type { Db } from '../../../db/client.ts';
import {
  listMonthSumDifferences,
  mendMonthSums,
  type MonthSumDifference,
} from '../../../db/repositories/operators/business-months.repository.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { Logger } from '../../log.ts';
import { tellDifferences } from '../operations/tell-differences.ts';

export interface BusinessVerification {
  /** What differed, also where it was mended. */
  differences: MonthSumDifference[];
  /** How many were mended. */
  rebuilt: number;
}

/**
 * Compares the business sums that triggers keep with payments, refunds and movements, and tells the
 * operator. With `rebuild` the rows are right, and the sums follow; with `tell: false` no alert is
 * raised or closed.
 */
export async function verifyBusiness(
  { db, clock, log }: { db: Db; clock: Clock; log: Logger },
  { rebuild = false, tell = true }: { rebuild?: boolean; tell?: boolean } = {},
): Promise<BusinessVerification> {
  const differences = await listMonthSumDifferences(db);
  for (const difference of differences) log.error({ difference }, 'business sums differ');
  const isMended = rebuild && differences.length > 0;
  const rebuilt = isMended ? await db.transaction(mendMonthSums) : 0;
  if (!tell) return { differences, rebuilt };
  const left = isMended ? await listMonthSumDifferences(db) : differences;
  const what = 'Business sums by month that are not what payments, refunds and movements come to';
  await tellDifferences(
    db,
    { kind: 'business_differs', subjectId: 'business_months', found: left, what },
    clock.now(),
  );
  return { differences, rebuilt };
}
