import type { BenchDatabase } from './database.ts';
import { ceiling, ours, straightforward, usageServiceOf, type Design } from './designs.ts';
import { drive, median, percentile } from './load.ts';
import { atLeast, atMost, printFigures, type Report } from './report.ts';

export interface Pace {
  rounds: number;
  seconds: number;
}

const CALLERS = 512;
/** What limits, ledger and keys may cost beside a bare insert that knows none of them. */
const SHARES = [
  ['ours', 0.88],
  ['ours, keys growing with time', 0.7],
  ['ours, random keys', 0.55],
] as const;

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
    ...SHARES.map(([name, least]) =>
      atLeast(`512 callers: ${name}, share of the ceiling`, ratio(name, bare.name), least, '×'),
    ),
    atLeast('512 callers on one tenant: share of 1,000 tenants', one, 0.8, '×'),
  );
}

/** Latency of one caller beside the ceiling's. */
export async function benchLatency(
  database: BenchDatabase,
  report: Report,
  pace: Pace,
): Promise<void> {
  const own = ours(usageServiceOf(database), 'none');
  const bare = await ceiling(database);
  const { tenants } = database;
  const p50 = { own: [] as number[], bare: [] as number[] };
  const one = { callers: 1, seconds: pace.seconds / 2 };
  for (let round = 0; round < pace.rounds * 2; round += 1) {
    p50.bare.push(percentile((await drive(bare, tenants, one)).latenciesMs, 50));
    p50.own.push(percentile((await drive(own, tenants, one)).latenciesMs, 50));
  }
  const figures = [
    { name: 'ceiling, one caller, p50', value: median(p50.bare), unit: 'ms' },
    { name: 'ours, one caller, p50', value: median(p50.own), unit: 'ms' },
  ];
  printFigures('Latency', figures);
  report.figures.push(...figures);
  const slower = median(p50.own.map((value, round) => value / p50.bare[round]!));
  report.criteria.push(atMost('one caller: times the ceiling’s single commit', slower, 1.15, '×'));
  await benchSpread(own, bare, tenants, report, pace);
}

const SPREAD_MAX = 3;
const SLICES = 8;

/**
 * How evenly sixteen callers are answered: p99 over p50. A batch takes as long as its commit, so
 * where the machine itself is uneven (a shared disk, a processor that others take) nobody can be
 * even. Ours and the ceiling take turns in short slices, and where the ceiling, too, spreads more than
 * is promised, ours may spread by as much more.
 */
async function benchSpread(
  own: Design,
  bare: Design,
  tenants: readonly string[],
  report: Report,
  pace: Pace,
): Promise<void> {
  const rounds: { own: Float64Array; bare: Float64Array }[] = [];
  const slice = { callers: 16, seconds: pace.seconds / SLICES };
  while (rounds.length < pace.rounds * 2) {
    const round = { own: [] as number[], bare: [] as number[] };
    for (let turn = 0; turn < SLICES; turn += 1) {
      round.bare.push(...(await drive(bare, tenants, slice)).latenciesMs);
      round.own.push(...(await drive(own, tenants, slice)).latenciesMs);
    }
    rounds.push({ own: sorted(round.own), bare: sorted(round.bare) });
  }
  const of = (measure: (round: (typeof rounds)[number]) => number) => median(rounds.map(measure));
  const figures = [
    { name: 'ours, 16 callers, p50', value: of((round) => percentile(round.own, 50)), unit: 'ms' },
    {
      name: 'ours, 16 callers, p99 over p50',
      value: of((round) => spreadOf(round.own)),
      unit: '×',
    },
    {
      name: 'ceiling, 16 callers, p99 over p50',
      value: of((round) => spreadOf(round.bare)),
      unit: '×',
    },
  ];
  printFigures('Spread', figures);
  report.figures.push(...figures);
  const spread = of(({ own, bare }) => spreadOf(own) / Math.max(1, spreadOf(bare) / SPREAD_MAX));
  report.criteria.push(
    atMost('16 callers: p99 over p50, beyond what the machine spreads', spread, SPREAD_MAX, '×'),
  );
}

const sorted = (values: readonly number[]) => Float64Array.from(values).sort();
const spreadOf = (times: Float64Array) => percentile(times, 99) / percentile(times, 50);

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
