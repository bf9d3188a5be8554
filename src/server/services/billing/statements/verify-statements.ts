import {
  listChainFaults,
  listLineFaults,
  listStatementsOf,
  listTenantsWithStatements,
} from '../../../../db/repositories/billing/statements/statement-verification.repository.ts';
import { listLines } from '../../../../db/repositories/billing/statements/statement.repository.ts';
import { isDatabaseAway } from '../../../../db/database-error.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import { inOrder, lineKey, lineOf, minorOf } from '../../../../domain/billing/statement.ts';
import { reportDifferences } from '../../operations/report-differences.ts';
import { detailTexts } from './proof.ts';
import { hashRows } from './rows.ts';
import type { ClosingDeps } from './statement-deps.ts';

/**
 * A statement that failed a check, by check. `chain`: it begins where the statement before ended, and has that
 * one's hash. `sum`: its amount is the sum of its lines. `month`: a month's statements together bill the month's
 * whole. `rows`: its hash is that of the movements it covers. `draws`: its lines are what they cost.
 */
export interface StatementDifference {
  fault: 'chain' | 'sum' | 'month' | 'rows' | 'draws';
  tenantId: string;
  statementId: string;
}

/**
 * Compares every statement with those before it, its lines, and the movements that it covers, and raises or
 * resolves the operators' alert. With `report: false` nothing is written.
 */
export async function verifyStatements(
  deps: ClosingDeps,
  { report = true }: { report?: boolean } = {},
): Promise<StatementDifference[]> {
  const found: StatementDifference[] = [
    ...(await listChainFaults(deps.db)),
    ...(await listLineFaults(deps.db)),
  ];
  let isAllKnown = true;
  for (const tenantId of await listTenantsWithStatements(deps.db)) {
    // Of a bucket whose server is away nothing is known.
    const faults = await compareTenant(deps, tenantId).catch((error: unknown) => {
      if (!isDatabaseAway(error)) throw error;
      isAllKnown = false;
      return [];
    });
    for (const one of faults) found.push(one);
  }
  for (const difference of found) deps.log.error({ difference }, 'statements do not balance');
  const what = 'Faults of statements that are not what was used, or do not follow one another';
  if (report && (found.length > 0 || isAllKnown)) {
    await reportDifferences(
      deps.db,
      { kind: 'statements_differ', subjectId: 'statements', found, what },
      deps.clock.now(),
    );
  }
  return found;
}

async function compareTenant(deps: ClosingDeps, tenantId: string): Promise<StatementDifference[]> {
  const found: StatementDifference[] = [];
  for (const statement of await listStatementsOf(deps.db, tenantId)) {
    for (const fault of await compareWithDraws(deps, statement)) {
      found.push({ fault, tenantId, statementId: statement.id });
    }
  }
  return found;
}

async function compareWithDraws(
  deps: ClosingDeps,
  statement: Statement,
): Promise<StatementDifference['fault'][]> {
  const { tenantId, seqFrom: from, seqTo: to, proofFormat: format } = statement;
  const faults: StatementDifference['fault'][] = [];
  const hash = await hashRows(deps, tenantId, { from, to, format }, statement.previousSha256).catch(
    (error: unknown) => {
      if (isDatabaseAway(error)) throw error;
      return null;
    },
  );
  if (hash !== statement.sha256) faults.push('rows');
  const lines = await listLines(deps.db, statement.id);
  const sums = await deps.router.read(
    tenantId,
    (bucket) => bucket.sumOverage(tenantId, { from, to }),
    (all) => all.length === 0,
  );
  const before = new Map(lines.map((line) => [lineKey(line), line.microBefore]));
  const wanted = inOrder(sums).map((sum) => lineOf(sum, before.get(lineKey(sum)) ?? 0));
  const agree =
    wanted.length === lines.length &&
    wanted.every((one, n) => {
      const line = lines[n]!;
      const isSame = lineKey(one) === lineKey(line) && one.micro === line.micro;
      const isDetailed =
        format === 1 || detailTexts(one).join('\n') === detailTexts(line).join('\n');
      return (
        isSame && isDetailed && one.units === line.units && one.amountMinor === line.amountMinor
      );
    });
  if (!agree) faults.push('draws');
  if (lines.some(isOff)) faults.push('month');
  return faults;
}

/** A line is the whole so far, less the whole before: so those of a month add up to the whole of it. */
const isOff = ({
  micro,
  microBefore,
  minorPerCredit,
  amountMinor,
}: Parameters<typeof lineOf>[0] & {
  microBefore: number;
  amountMinor: number;
}) =>
  minorOf(microBefore + micro, minorPerCredit) - minorOf(microBefore, minorPerCredit) !==
  amountMinor;
