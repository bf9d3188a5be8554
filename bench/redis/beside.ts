import type { BenchDatabase } from '../database.ts';
import { ours, usageServiceOf, type Design } from '../designs.ts';
import { drive, median, percentile, type Load } from '../load.ts';
import { atLeast, printFigures, type Report } from '../report.ts';
import { loadKeys, scripted } from './designs.ts';
import { startRedis, type RedisServer } from './server.ts';

const CALLERS = [512, 16, 1] as const;
const OURS = 'ours, keys growing with time';
const ALWAYS = 'Redis, fsync always, keys';

/** Also of a quick run: of fewer, one lucky round decides. */
const ROUNDS = 7;

/**
 * Ours beside what one would pick instead: a Redis with one script a call, over the same tenants, in turns.
 * `binary` is the redis-server to start. Ratios are of the same round; the median of seven counts.
 */
export async function benchRedis(
  database: BenchDatabase,
  report: Report,
  options: { seconds: number; binary: string; keysBefore: number },
): Promise<void> {
  const servers: RedisServer[] = [];
  try {
    for (const fsync of ['always', 'everysec'] as const) {
      servers.push(await startRedis(options.binary, fsync));
    }
    const [always, everysec] = servers.map(({ client }) => client);
    for (const client of [always!, everysec!]) await loadKeys(client, options.keysBefore);
    const usage = usageServiceOf(database);
    const { seconds } = options;
    const designs = [
      { ...ours(usage, 'ordered'), name: OURS },
      await scripted(always!, ALWAYS, 'ordered'),
      await scripted(everysec!, 'Redis, fsync every second, keys', 'ordered'),
      { ...ours(usage, 'none'), name: 'ours, no keys' },
      await scripted(always!, 'Redis, fsync always, no keys', 'none'),
    ];
    for (const callers of CALLERS) await compare(designs, callers, { database, report, seconds });
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function compare(
  designs: readonly Design[],
  callers: number,
  { database, report, seconds }: { database: BenchDatabase; report: Report; seconds: number },
): Promise<void> {
  const loads = new Map<string, Load[]>(designs.map(({ name }) => [name, []]));
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const design of designs) {
      const load = await drive(design, database.tenants, { callers, seconds });
      // The first of each warms up.
      if (round >= 0) loads.get(design.name)!.push(load);
    }
  }
  const of = (name: string, measure: (load: Load) => number) =>
    median(loads.get(name)!.map(measure));
  const figures = designs.flatMap(({ name }) => [
    { name, value: of(name, (load) => load.perSecond), unit: 'calls/s' },
    {
      name: `${name}: p50`,
      value: of(name, (load) => percentile(load.latenciesMs, 50)),
      unit: 'ms',
    },
  ]);
  printFigures(`Beside Redis, ${callers} callers`, figures);
  report.figures.push(
    ...figures.map((one) => ({ ...one, name: `${callers} callers: ${one.name}` })),
  );
  if (callers !== CALLERS[0]) return;
  const others = loads.get(ALWAYS)!;
  const share = median(
    loads.get(OURS)!.map(({ perSecond }, round) => perSecond / others[round]!.perSecond),
  );
  report.criteria.push(
    atLeast('512 callers with keys: times Redis that brings all to the disk', share, 1, '×'),
  );
  const second = of('Redis, fsync every second, keys', (load) => load.perSecond);
  console.log(
    `  A power cut loses no answered call of ours, nor of Redis with fsync always; with fsync every\n` +
      `  second up to ${Math.round(second).toLocaleString('en')} of them, what a second answers here, and up to twice that when the disk is slow.`,
  );
}
