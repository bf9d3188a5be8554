import { expect } from 'vitest';
import { systemClock } from '../../src/server/clock.ts';
import { createLog } from '../../src/server/log.ts';
import { reportDifferences } from '../../src/server/services/operations/report-differences.ts';
import { verifyBusiness } from '../../src/server/services/operators/verify-business.ts';
import type { TestDatabase } from './test-database.ts';

/** Plants a sum by month that no payment makes and has the verification find it; `mended` gets what undoes it. */
export async function plantSumDifference(
  { db, pool }: TestDatabase,
  mended: (() => unknown)[],
): Promise<void> {
  await pool.query(`insert into business_months values ('2026-01', 'cny', 'paid', 2900, 1)`);
  const deps = { db, clock: systemClock, log: createLog('silent', false) };
  expect((await verifyBusiness(deps)).differences).toHaveLength(1);
  mended.push(async () => {
    await verifyBusiness(deps, { rebuild: true });
    expect((await verifyBusiness(deps)).differences).toEqual([]);
  });
}

/** Raises the alert that the verification of statements does where one differs; `mended` gets what resolves it. */
export async function plantStatementDifference(
  { db }: TestDatabase,
  mended: (() => unknown)[],
): Promise<void> {
  const compared = { kind: 'statements_differ', subjectId: 'statements', what: 'Faults' } as const;
  await reportDifferences(db, { ...compared, found: [{ fault: 'sum' }] }, systemClock.now());
  mended.push(() => reportDifferences(db, { ...compared, found: [] }, systemClock.now()));
}
