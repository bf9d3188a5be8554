import { bucketSchema } from '../src/db/buckets.ts';
import {
  dropKeysByTenant,
  indexKeysByTenant,
} from '../src/db/repositories/usage/buckets/keys-by-tenant.ts';
import { moveTenant } from '../src/db/repositories/usage/buckets/move.ts';
import { SpreadService } from '../src/server/services/usage/spread/spread.service.ts';
import { loadLedger, type BenchDatabase, type BenchServer } from './database.ts';
import { ours, usageServiceOf } from './designs.ts';
import { drive, median } from './load.ts';
import { atLeast, atMost, printFigures, type Report } from './report.ts';
import type { Pace } from './throughput.ts';

const CALLERS = 512;
const BUCKETS = 4;
const MOVED_ROWS = 100_000;

/** Several buckets on one server beside one, a large tenant's move, and a spread under load. */
export async function benchBuckets(server: BenchServer, report: Report, pace: Pace): Promise<void> {
  const one = await server.open('one_bucket');
  const four = await server.open('four_buckets');
  await benchSpread(four, report);
  await benchShare(one, four, report, pace);
  await benchMove(await server.open('moved'), report, pace);
}

/** In turns, so that whatever else the machine does falls on both. */
async function benchShare(
  one: BenchDatabase,
  four: BenchDatabase,
  report: Report,
  pace: Pace,
): Promise<void> {
  const all = [one, four].map((database) => ({
    design: ours(usageServiceOf(database), 'none'),
    tenants: database.tenants,
  }));
  const ratios = { spread: [] as number[], hot: [] as number[] };
  for (const { design, tenants } of all) {
    await drive(design, tenants, { callers: CALLERS, seconds: 0.5 });
  }
  for (let round = 0; round < pace.rounds; round += 1) {
    for (const kind of ['spread', 'hot'] as const) {
      const rates: number[] = [];
      for (const { design, tenants } of all) {
        const some = kind === 'hot' ? tenants.slice(7, 8) : tenants;
        const load = await drive(design, some, { callers: CALLERS, seconds: pace.seconds });
        rates.push(load.perSecond);
      }
      ratios[kind].push(rates[1]! / rates[0]!);
    }
  }
  report.criteria.push(
    atLeast(`${BUCKETS} buckets on one server: times one`, median(ratios.spread), 0.85, '×'),
    atLeast(`${BUCKETS} buckets, one tenant alone: times one`, median(ratios.hot), 0.9, '×'),
  );
}

/** A tenant with a long ledger and a key for each row of it, through one bucket after the other. */
async function benchMove(database: BenchDatabase, report: Report, pace: Pace): Promise<void> {
  await loadLedger(database, MOVED_ROWS, { months: 1, keyed: true, tenants: 1 });
  await new SpreadService({ database }).spread({ buckets: pace.rounds + 1 });
  const client = await database.pool.connect();
  const usage = usageServiceOf(database);
  usage.start();
  const design = ours(usage, 'none');
  const seconds: number[] = [];
  const waits: number[] = [];
  const { rows } = await client.query<{ id: string; bucket: number }>(
    'select t.id, t.usage_bucket as bucket from tenants t order by id limit 1',
  );
  const { id, bucket } = rows[0]!;
  // As whoever spreads does before moving anybody.
  for (let n = 0; n <= pace.rounds; n += 1) await indexKeysByTenant(client, n);
  for (let round = 1; round <= pace.rounds; round += 1) {
    const started = performance.now();
    const moving = moveTenant(client, id, (bucket + round) % (pace.rounds + 1));
    waits.push((await longestAnswer(() => design.call(id), moving)) / 1000);
    seconds.push((performance.now() - started) / 1000);
  }
  for (let n = 0; n <= pace.rounds; n += 1) await dropKeysByTenant(client, n);
  client.release();
  await usage.stop();
  const name = `moving a tenant with ${MOVED_ROWS.toLocaleString('en')} ledger rows`;
  report.criteria.push(
    atMost(name, median(seconds), 1, 's'),
    atMost(`${name}: longest answer to its calls`, median(waits), 1, 's'),
  );
}

/** One call after the other for as long as something is under way; the longest in milliseconds. */
async function longestAnswer(
  call: () => Promise<unknown>,
  underWay: Promise<unknown>,
): Promise<number> {
  let isOver = false;
  const over = underWay.finally(() => (isOver = true));
  let longest = 0;
  while (!isOver) {
    const called = performance.now();
    await call();
    longest = Math.max(longest, performance.now() - called);
  }
  await over;
  return longest;
}

/** Every call is answered, and within a second. */
async function benchSpread(database: BenchDatabase, report: Report): Promise<void> {
  const usage = usageServiceOf(database);
  usage.start();
  let spreading = true;
  const refused: unknown[] = [];
  const latencies: number[] = [];
  const design = ours(usage, 'ordered');
  const caller = async () => {
    while (spreading) {
      const tenant = database.tenants[Math.floor(Math.random() * database.tenants.length)]!;
      const called = performance.now();
      await design.call(tenant).catch((error: unknown) => refused.push(error));
      latencies.push(performance.now() - called);
    }
  };
  const callers = Array.from({ length: 64 }, caller);
  const started = performance.now();
  const { moved } = await new SpreadService({ database }).spread({ buckets: BUCKETS });
  const elapsedSeconds = (performance.now() - started) / 1000;
  spreading = false;
  await Promise.all(callers);
  await usage.stop();
  const figures = [
    { name: `tenants moved out of ${bucketSchema(0)}`, value: moved, unit: '' },
    { name: 'moves', value: moved / elapsedSeconds, unit: '/s' },
    { name: 'calls meanwhile', value: latencies.length / elapsedSeconds, unit: '/s' },
  ];
  printFigures('A spread under load', figures);
  report.figures.push(...figures);
  let longest = 0;
  for (const latency of latencies) longest = Math.max(longest, latency);
  report.criteria.push(
    atMost('spread of 1,000 tenants under load: refused calls', refused.length, 0, ''),
    atMost('spread of 1,000 tenants under load: longest answer', longest / 1000, 1, 's'),
  );
}
