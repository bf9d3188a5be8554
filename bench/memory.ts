import { BillingError } from '../src/domain/errors.ts';
import { raiseLimits, type BenchDatabase } from './database.ts';
import { usageServiceOf } from './designs.ts';
import { percentile } from './load.ts';
import { atMost, printFigures, type Report } from './report.ts';

const MEBIBYTE = 1024 ** 2;
const CALLERS = 512;
const WARM_UP = 100_000;

/**
 * Memory over many events, and under callers who outrun the database. Run it in a process with
 * `--expose-gc`: what is measured is what is kept, not what waits to be collected.
 */
export async function benchMemory(
  database: BenchDatabase,
  report: Report,
  events: number,
): Promise<void> {
  await raiseLimits(database);
  const usage = usageServiceOf(database);
  const { tenants } = database;
  let recorded = 0;
  const until = async (count: number) => {
    const caller = async () => {
      while (recorded < count) {
        recorded += 1;
        const tenantId = tenants[recorded % tenants.length]!;
        await usage.trackUsage({ tenantId, resourceType: 'messages', amount: 1 });
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  };
  await until(WARM_UP);
  const before = residentBytes();
  await until(events);
  const grown = (residentBytes() - before) / MEBIBYTE;

  // The first flood brings the young generation to its size, whose pages V8 keeps; what grows then is ours.
  const first = await outrun(database);
  const overload = await outrun(database);
  const figures = [
    {
      name: `memory after ${events.toLocaleString('en')} events, grown by`,
      value: grown,
      unit: 'MiB',
    },
    { name: 'outrun: calls recorded', value: overload.recorded, unit: '' },
    { name: 'outrun: calls refused', value: overload.refused, unit: '' },
    { name: 'outrun: p99 of a refusal', value: overload.refusalP99Ms, unit: 'ms' },
    { name: 'outrun: memory grown by the first time', value: first.grownMebibytes, unit: 'MiB' },
    { name: 'outrun: memory grown by', value: overload.grownMebibytes, unit: 'MiB' },
  ];
  printFigures('Memory', figures);
  report.figures.push(...figures);
  report.criteria.push(
    atMost('memory grown from the first 100,000 events to the last', grown, 50, 'MiB'),
    atMost('callers who outrun the database: p99 of a refusal', overload.refusalP99Ms, 50, 'ms'),
    atMost('callers who outrun the database: memory grown', overload.grownMebibytes, 50, 'MiB'),
  );
}

interface Overload {
  recorded: number;
  refused: number;
  refusalP99Ms: number;
  grownMebibytes: number;
}

/** Twenty thousand new calls every few milliseconds, whatever is answered, for two seconds. */
async function outrun(database: BenchDatabase): Promise<Overload> {
  const usage = usageServiceOf(database);
  const before = residentBytes();
  const refusals: number[] = [];
  let recorded = 0;
  const under = new Set<Promise<void>>();
  const end = performance.now() + 2_000;
  while (performance.now() < end) {
    for (let i = 0; i < 2_000; i += 1) {
      const tenantId = database.tenants[i % database.tenants.length]!;
      const called = performance.now();
      const call: Promise<void> = usage
        .trackUsage({ tenantId, resourceType: 'messages', amount: 1 })
        .then(
          () => {
            recorded += 1;
          },
          (error: unknown) => {
            if (!(error instanceof BillingError) || error.code !== 'busy') throw error;
            refusals.push(performance.now() - called);
          },
        )
        .finally(() => under.delete(call));
      under.add(call);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(under);
  const grownMebibytes = (residentBytes() - before) / MEBIBYTE;
  const sorted = Float64Array.from(refusals).sort();
  return {
    recorded,
    refused: refusals.length,
    refusalP99Ms: percentile(sorted, 99),
    grownMebibytes,
  };
}

function residentBytes(): number {
  if (globalThis.gc === undefined) throw new Error('Run the memory benchmark with --expose-gc.');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().rss;
}
