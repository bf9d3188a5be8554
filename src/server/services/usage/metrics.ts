import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What `/metrics` shows of metering. */
export interface UsageMetrics {
  commitSeconds: Histogram<'kind'>;
  batchSize: Histogram<'kind'>;
  /** Tells how many calls wait, from whom the queues are. */
  readWaiting(read: () => number): void;
  /** Calls by how they ended: recorded, duplicate, rejected. */
  calls: Counter<'outcome'>;
}

/** Registers them; `readDifferences` tells what the last verification left, wherever it ran. */
export function createUsageMetrics(
  registry: Registry,
  readDifferences: () => Promise<number>,
): UsageMetrics {
  const registers = [registry];
  new Gauge({
    name: 'usage_differences',
    help: 'Counters that the last verification left different from the ledger; -1 before one ran.',
    registers,
    async collect() {
      this.set(await readDifferences().catch(() => -1));
    },
  });
  let waiting = () => 0;
  new Gauge({
    name: 'usage_calls_waiting',
    help: 'Metered calls taken and not yet answered, over all buckets.',
    registers,
    collect() {
      this.set(waiting());
    },
  });
  return {
    commitSeconds: new Histogram({
      name: 'usage_commit_seconds',
      help: 'One round trip that admits or settles a batch, its commit included.',
      labelNames: ['kind'] as const,
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
      registers,
    }),
    batchSize: new Histogram({
      name: 'usage_batch_calls',
      help: 'Calls in one batch.',
      labelNames: ['kind'] as const,
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      registers,
    }),
    readWaiting: (read) => (waiting = read),
    calls: new Counter({
      name: 'usage_calls_total',
      help: 'Metered calls by how they ended.',
      labelNames: ['outcome'] as const,
      registers,
    }),
  };
}
