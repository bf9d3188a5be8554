import { expect } from 'vitest';
import { systemClock } from '../../src/server/clock.ts';
import { createLog } from '../../src/server/log.ts';
import { reportDifferences } from '../../src/server/services/operations/report-differences.ts';
import { verifyBusiness } from '../../src/server/services/operators/verify-business.ts';
import type { TestDatabase } from './test-database.ts';

/** A sum by month that no payment makes, found by the verification; `mended` gets what undoes it. */
export async function plantSum(
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

/** What the verification of statements tells where one differs. */
export async function tellOfStatement(
  { db }: TestDatabase,
  mended: (() => unknown)[],
): Promise<void> {
  const told = { kind: 'statements_differ', subjectId: 'statements', what: 'Faults' } as const;
  await reportDifferences(db, { ...told, found: [{ fault: 'sum' }] }, systemClock.now());
  mended.push(() => reportDifferences(db, { ...told, found: [] }, systemClock.now()));
}
