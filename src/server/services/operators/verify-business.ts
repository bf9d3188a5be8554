import type { Db } from '../../../db/client.ts';
import {
  listMonthSumDifferences,
  mendMonthSums,
  type MonthSumDifference,
} from '../../../db/repositories/operators/business-months.repository.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { Logger } from '../../log.ts';
import { reportDifferences } from '../operations/report-differences.ts';

export interface BusinessVerification {
  /** What differed, also where it was mended. */
  differences: MonthSumDifference[];
  /** How many were mended. */
  rebuilt: number;
}

/**
 * Compares the business sums that triggers keep with payments, refunds and movements, and
 * raises or resolves the operators' alert. With `rebuild` the rows are right, and the sums follow; with
 * `report: false` no alert is raised or resolved.
 */
export async function verifyBusiness(
  { db, clock, log }: { db: Db; clock: Clock; log: Logger },
  { rebuild = false, report = true }: { rebuild?: boolean; report?: boolean } = {},
): Promise<BusinessVerification> {
  const differences = await listMonthSumDifferences(db);
  for (const difference of differences) log.error({ difference }, 'business sums differ');
  const isMended = rebuild && differences.length > 0;
  const rebuilt = isMended ? await db.transaction(mendMonthSums) : 0;
  if (!report) return { differences, rebuilt };
  const left = isMended ? await listMonthSumDifferences(db) : differences;
  const what = 'Business sums by month that are not what payments, refunds and movements come to';
  await reportDifferences(
    db,
    { kind: 'business_differs', subjectId: 'business_months', found: left, what },
    clock.now(),
  );
  return { differences, rebuilt };
}
