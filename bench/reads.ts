import type { Database } from '../src/db/client.ts';
import { loadLedger, PERIOD, type BenchDatabase, type BenchServer } from './database.ts';
import { usageServiceOf } from './designs.ts';
import { percentile } from './load.ts';
import { atMost, printFigures, type Report } from './report.ts';

const SMALL = 10_000;

/** Those whose usage is read; in the small database nobody else has any. */
const READ_TENANTS = 10;

/**
 * Reads beside a small and a large ledger, in turns on the same server. The tenants that are read
 * have a year with usage on every day in both, so that what is shown is the same.
 */
export async function benchReads(
  server: BenchServer,
  report: Report,
  options: { rows: number; repeats: number },
): Promise<void> {
  const small = await server.open('reads_small');
  await loadLedger(small, SMALL, { months: 12, keyed: false, tenants: READ_TENANTS });
  const large = await server.open('reads_large');
  await loadLedger(large, options.rows, { months: 12, keyed: false });
  const reads = {
    stats: readOf((usage, tenant) => usage.getUsageStats(tenant)),
    history: readOf((usage, tenant) => usage.getHistory(tenant, 90)),
    checks: readOf((usage, tenant) => usage.checkQuota(tenant, 'messages')),
  };
  for (const [name, read] of Object.entries(reads)) {
    const times = { small: [] as number[], large: [] as number[] };
    for (let i = 0; i < options.repeats; i += 1) {
      const tenant = i % READ_TENANTS;
      times.small.push(await read(small, tenant));
      times.large.push(await read(large, tenant));
    }
    const p50 = (values: number[]) => percentile(Float64Array.from(values).sort(), 50);
    const figures = [
      {
        name: `${name} at ${SMALL.toLocaleString('en')} rows, p50`,
        value: p50(times.small),
        unit: 'ms',
      },
      {
        name: `${name} at ${options.rows.toLocaleString('en')} rows, p50`,
        value: p50(times.large),
        unit: 'ms',
      },
    ];
    printFigures(`Reads: ${name}`, figures);
    report.figures.push(...figures);
    report.criteria.push(
      atMost(
        `${name} at ${options.rows.toLocaleString('en')} rows: times that at 10,000`,
        p50(times.large) / p50(times.small),
        1.2,
        '×',
      ),
    );
  }
  await verifyIsQuick(large, report, options.rows);
}

type Read = (usage: ReturnType<typeof usageServiceOf>, tenantId: string) => Promise<unknown>;

function readOf(read: Read) {
  const services = new Map<Database, ReturnType<typeof usageServiceOf>>();
  return async (database: BenchDatabase, tenant: number): Promise<number> => {
    const usage = services.get(database) ?? usageServiceOf(database);
    services.set(database, usage);
    const start = performance.now();
    await read(usage, database.tenants[tenant]!);
    return performance.now() - start;
  };
}

async function verifyIsQuick(large: BenchDatabase, report: Report, rows: number): Promise<void> {
  const { LedgerVerificationService } =
    await import('../src/server/services/usage/ledger/ledger-verification.service.ts');
  const { createLog } = await import('../src/server/log.ts');
  const verification = new LedgerVerificationService({
    database: large,
    clock: { now: () => new Date(`${PERIOD}-28T12:00:00Z`) },
    log: createLog('silent', false),
  });
  const start = performance.now();
  const { differences } = await verification.verify();
  const seconds = (performance.now() - start) / 1000;
  const figure = { name: `verifying ${rows.toLocaleString('en')} rows`, value: seconds, unit: 's' };
  printFigures('Books', [figure]);
  report.figures.push(figure);
  report.criteria.push(atMost('differences found by the verification', differences.length, 0, ''));
}
