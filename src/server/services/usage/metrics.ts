import { Gauge, Histogram, type Counter, type Registry } from 'prom-client';
import type { BucketNodes } from '../../../db/buckets/nodes.ts';
import { isDatabaseAway } from '../../../db/database-error.ts';
import { bucketOf } from '../../../db/repositories/usage/bucket.ts';
import { countHolds } from '../../../db/repositories/usage/find.ts';
import type { Clock } from '../../../domain/clock.ts';
import { ageSeconds, outcomeCounter, registerReading } from '../../metrics.ts';

/** What `/metrics` shows of metering. */
export interface UsageMetrics {
  commitSeconds: Histogram<'kind'>;
  batchSize: Histogram<'kind'>;
  /** Tells how many calls wait, from whom the queues are. */
  readWaiting(read: () => number): void;
  /** Calls by how they ended: recorded, duplicate, rejected. */
  calls: Counter<'outcome'>;
}

export function createUsageMetrics(registry: Registry): UsageMetrics {
  const registers = [registry];
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
    calls: outcomeCounter(
      registry,
      {
        name: 'usage_calls_total',
        help: 'Metered calls by how they ended: recorded, duplicate, rejected (refused by a limit).',
      },
      ['recorded', 'duplicate', 'rejected'],
    ),
  };
}

/** What a verification of the ledger found, wherever it ran; `undefined` before the first. */
export type ReadVerification = () => Promise<{ differences: number; at: string } | undefined>;

/** Registers what is read from the database: the same from every process. */
export function registerUsageReadings(
  registry: Registry,
  deps: { buckets: BucketNodes; clock: Clock; readVerification: ReadVerification },
): void {
  const { buckets, clock, readVerification } = deps;
  registerReading(
    registry,
    {
      name: 'usage_differences',
      help: 'Counters that the last verification left different from the ledger; -1 before one ran.',
    },
    async () => [{ value: (await readVerification())?.differences ?? -1 }],
  );
  registerReading(
    registry,
    {
      name: 'usage_verification_age_seconds',
      help: 'Since the ledger was last verified; -1 before the first time.',
    },
    async () => [{ value: ageSeconds((await readVerification())?.at, clock.now()) }],
  );
  registerReading(
    registry,
    {
      name: 'usage_holds',
      help: 'Reservations under way (open), and of those past their time and not yet released (overdue).',
      labelNames: ['state'],
    },
    async () => {
      const places = await Promise.all(
        (await buckets.list()).map(({ number }) => buckets.of(number)),
      );
      const counted = await Promise.all(
        places.map(({ pool, number, node }) =>
          countHolds(bucketOf(pool, number), clock.now()).catch((error: unknown) => {
            if (node === null || !isDatabaseAway(error)) throw error;
            // Readiness tells of that server; the holds of the others are told all the same.
            return { open: 0, overdue: 0 };
          }),
        ),
      );
      const sums = { open: 0, overdue: 0 };
      for (const { open, overdue } of counted) {
        sums.open += open;
        sums.overdue += overdue;
      }
      return Object.entries(sums).map(([state, value]) => ({ labels: { state }, value }));
    },
  );
}
