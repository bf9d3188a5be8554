import { buffer } from 'node:stream/consumers';
import { listLines } from '../src/db/repositories/billing/statements/statement.repository.ts';
import { createLog } from '../src/server/log.ts';
import { closeStatement } from '../src/server/services/billing/statements/close.ts';
import { proofStart } from '../src/server/services/billing/statements/proof.ts';
import { openRows } from '../src/server/services/billing/statements/rows.ts';
import { verifyProof } from '../src/server/services/billing/statements/verify-proof.ts';
import { headOf } from '../src/server/services/billing/statements/view.ts';
import { plantOverage } from '../tests/support/overage.ts';
import { NOW, type BenchServer } from './database.ts';
import { usageServiceOf } from './designs.ts';
import { median } from './load.ts';
import { atMost, printFigures, type Report } from './report.ts';

const DRAWS = 100_000;

/** Statements of 100,000 draws: how long one takes to close, and its proof to be computed anew. */
export async function benchStatements(
  server: BenchServer,
  report: Report,
  repeats: number,
): Promise<void> {
  const database = await server.open('bench_statements');
  const { router } = usageServiceOf(database);
  const deps = {
    ...{ db: database.db, router, clock: { now: () => NOW } },
    log: createLog('silent', false),
  };
  const times = { closing: [] as number[], verifying: [] as number[] };
  for (const tenantId of database.tenants.slice(0, repeats)) {
    await plantOverage(database.pool, tenantId, DRAWS, NOW);
    const closed = performance.now();
    const statement = (await closeStatement(deps, tenantId, { kind: 'final' }))!;
    times.closing.push((performance.now() - closed) / 1000);
    const lines = await listLines(database.db, statement.id);
    const { seqFrom: from, seqTo: to, proofFormat: format } = statement;
    const run = { from, to, format };
    const rows = await buffer(await openRows(deps, tenantId, run));
    const text = proofStart(headOf(statement), lines) + rows.toString();
    const read = performance.now();
    const { findings } = verifyProof(text);
    times.verifying.push((performance.now() - read) / 1000);
    if (findings.length > 0) throw new Error(findings[0]!.sentence);
  }
  const figures = [
    { name: 'closing 100,000 draws', value: median(times.closing), unit: 's' },
    { name: 'verifying their proof', value: median(times.verifying), unit: 's' },
  ];
  printFigures('Statements', figures);
  report.figures.push(...figures);
  report.criteria.push(
    atMost('closing 100,000 draws', median(times.closing), 2, 's'),
    atMost('verifying a proof of 100,000 rows', median(times.verifying), 1, 's'),
  );
}
