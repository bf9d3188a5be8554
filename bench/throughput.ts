import type { BenchDatabase } from './database.ts';
import { ceiling, ours, straightforward, usageServiceOf, type Design } from './designs.ts';
import { drive, median, percentile } from './load.ts';
import { atLeast, atMost, printFigures, type Report } from './report.ts';

export interface Pace {
  rounds: number;
  seconds: number;
}

const CALLERS = 512;

/**
 * Calls a second of ours, of the straightforward design and of the ceiling, in turns, so that
 * whatever else the machine does falls on all of them. Ratios are of the same round; the median
 * round counts.
 */
export async function benchThroughput(
  database: BenchDatabase,
  report: Report,
  pace: Pace,
): Promise<void> {
  const usage = usageServiceOf(database);
  const plain = await straightforward(database);
  const bare = await ceiling(database);
  const own = ours(usage, 'none');
  const ordered = ours(usage, 'ordered');
  const random = ours(usage, 'random');
  const { tenants } = database;
  const runs: { name: string; design: Design; tenants: string[]; callers: number }[] = [
    { name: bare.name, design: bare, tenants, callers: CALLERS },
    { name: 'ours', design: own, tenants, callers: CALLERS },
    {
      name: 'ours, all on one tenant',
      design: own,
      tenants: tenants.slice(7, 8),
      callers: CALLERS,
    },
    { name: plain.name, design: plain, tenants, callers: CALLERS },
    { name: 'ours, keys growing with time', design: ordered, tenants, callers: CALLERS },
    { name: 'ours, random keys', design: random, tenants, callers: CALLERS },
  ];
  const perSecond = new Map<string, number[]>(runs.map(({ name }) => [name, []]));
  // The first calls of each connection plan and fill caches: not counted.
  for (const run of runs) await drive(run.design, run.tenants, { ...run, seconds: 0.5 });
  for (let round = 0; round < pace.rounds; round += 1) {
    for (const run of runs) {
      const load = await drive(run.design, run.tenants, { ...run, seconds: pace.seconds });
      perSecond.get(run.name)!.push(load.perSecond);
    }
  }
  const figures = runs.map(({ name }) => ({
    name,
    value: median(perSecond.get(name)!),
    unit: 'calls/s',
  }));
  printFigures(`${CALLERS} callers, ${tenants.length} tenants`, figures);
  report.figures.push(...figures);

  const ratio = (a: string, b: string) =>
    median(perSecond.get(a)!.map((value, round) => value / perSecond.get(b)![round]!));
  const one = ratio('ours, all on one tenant', 'ours');
  report.criteria.push(
    atLeast('512 callers: times the straightforward design', ratio('ours', plain.name), 10, '×'),
    atLeast('512 callers: share of the ceiling', ratio('ours', bare.name) * 100, 70, '%'),
    atLeast('512 callers on one tenant: share of 1,000 tenants', one * 100, 80, '%'),
  );
}

/**
 * Latency of one caller beside the ceiling's, and its spread with sixteen. The ceiling's own spread
 * is the disk's: where that is wide, ours cannot be narrow.
 */
export async function benchLatency(
  database: BenchDatabase,
  report: Report,
  pace: Pace,
): Promise<void> {
  const own = ours(usageServiceOf(database), 'none');
  const bare = await ceiling(database);
  const { tenants } = database;
  const p50 = { own: [] as number[], bare: [] as number[] };
  const spread = { own: [] as number[], bare: [] as number[] };
  const sixteen: number[] = [];
  const seconds = pace.seconds / 2;
  for (let round = 0; round < pace.rounds * 2; round += 1) {
    const one = { callers: 1, seconds };
    p50.bare.push(percentile((await drive(bare, tenants, one)).latenciesMs, 50));
    p50.own.push(percentile((await drive(own, tenants, one)).latenciesMs, 50));
    const some = { callers: 16, seconds };
    const { latenciesMs } = await drive(own, tenants, some);
    sixteen.push(percentile(latenciesMs, 50));
    spread.own.push(spreadOf(latenciesMs));
    spread.bare.push(spreadOf((await drive(bare, tenants, some)).latenciesMs));
  }
  const figures = [
    { name: 'ceiling, one caller, p50', value: median(p50.bare), unit: 'ms' },
    { name: 'ours, one caller, p50', value: median(p50.own), unit: 'ms' },
    { name: 'ours, 16 callers, p50', value: median(sixteen), unit: 'ms' },
    { name: 'ceiling, 16 callers, p99 over p50', value: median(spread.bare), unit: '×' },
  ];
  printFigures('Latency', figures);
  report.figures.push(...figures);
  const slower = median(p50.own.map((value, round) => value / p50.bare[round]!));
  report.criteria.push(
    atMost('one caller: times the ceiling’s single commit', slower, 1.5, '×'),
    atMost('16 callers: p99 over p50', median(spread.own), 3, '×'),
  );
}

const spreadOf = (sorted: Float64Array) => percentile(sorted, 99) / percentile(sorted, 50);

/** Looking without reserving, in process. */
export async function benchChecks(
  database: BenchDatabase,
  report: Report,
  pace: Pace,
): Promise<void> {
  const usage = usageServiceOf(database);
  const check: Design = {
    name: 'quota checks',
    call: (tenantId) => usage.checkQuota(tenantId, 'messages'),
  };
  const rates: number[] = [];
  for (let round = 0; round < pace.rounds; round += 1) {
    const load = await drive(check, database.tenants, { callers: CALLERS, seconds: pace.seconds });
    rates.push(load.perSecond);
  }
  const figure = { name: 'quota checks, 512 callers', value: median(rates), unit: 'checks/s' };
  printFigures('Quota checks', [figure]);
  report.figures.push(figure);
  report.criteria.push(atLeast('quota checks in process', figure.value, 50_000, 'checks/s'));
}
