import { Gauge, Histogram, type Counter, type Registry } from 'prom-client';
import type { BucketNodes } from '../../../db/buckets/nodes.ts';
import { bucketOf } from '../../../db/repositories/usage/bucket.ts';
import type { BucketNode } from '../../../db/repositories/usage/buckets/nodes.ts';
import { countHolds } from '../../../db/repositories/usage/find.ts';
import type { Clock } from '../../../domain/clock.ts';
import { ageSeconds, inTime, outcomeCounter, registerReading } from '../../metrics.ts';

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

/** How long one server is waited for, while others have answered: less than the whole figure is. */
const BUCKET_WITHIN_MS = 2_000;

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
      const read = async ({ number, node }: BucketNode) => {
        const counted = buckets
          .of(number)
          .then(({ pool }) => countHolds(bucketOf(pool, number), clock.now()));
        const holds = await inTime(counted, BUCKET_WITHIN_MS);
        if (holds === undefined && node === null) throw new Error('The holds were not counted.');
        // Readiness tells of a server that does not answer; the holds of the others are told all the same.
        return holds ?? { open: 0, overdue: 0 };
      };
      const sums = { open: 0, overdue: 0 };
      for (const { open, overdue } of await Promise.all((await buckets.list()).map(read))) {
        sums.open += open;
        sums.overdue += overdue;
      }
      return Object.entries(sums).map(([state, value]) => ({ labels: { state }, value }));
    },
  );
}
