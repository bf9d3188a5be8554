import type {
  Admission,
  AdmissionCall,
} from '../../../../db/repositories/usage/admission/admit.ts';
import {
  needsFunction,
  type AdmissionResult,
} from '../../../../db/repositories/usage/admission/admit-all.ts';
import type { BeginCall } from '../../../../db/repositories/usage/begin.ts';
import type { OverageKey, OverageNow } from '../../../../db/repositories/usage/credits/overage.ts';
import type { Counter, CounterKey } from '../../../../db/repositories/usage/read.ts';
import type { SettleCall, Settlement } from '../../../../db/repositories/usage/settle.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { periodOf } from '../../../../domain/period.ts';
import type { UsageRouter } from './router.ts';
import { Batcher } from '../batching/batcher.ts';
import { cannotStore, eachApart, orUnavailable, type Run } from '../batching/failures.ts';
import { Expectation } from './expectation.ts';
import { RoutedQueue } from './routed-queue.ts';
import type { UsageMetrics } from '../metrics.ts';

/** A call with the instant its work started: the call's own where it names one, else now. */
export interface TimedCall {
  call: AdmissionCall;
  startedAt: Date;
}

export interface QueueOptions {
  /** On a server at once, where Citus does not have it. */
  batchesMax?: number;
  callsMax?: number;
  waitingMax?: number;
}

export interface UsageQueues {
  admissions: RoutedQueue<TimedCall, Admission>;
  settlements: RoutedQueue<SettleCall, Settlement>;
  beginnings: RoutedQueue<BeginCall, boolean>;
  lookups: RoutedQueue<CounterKey, Pick<Counter, 'used' | 'held' | 'limit'> | null>;
  /** What a refusal says of overage, for many are refused at once. */
  overages: RoutedQueue<OverageKey, OverageNow | undefined>;
}

const DAY_MS = 86_400_000;

const DEFAULTS = { batchesMax: 2, callsMax: 1_000, waitingMax: 10_000 };

interface QueueDeps {
  router: UsageRouter;
  clock: Clock;
  metrics: UsageMetrics | undefined;
}

/** The queues between callers and the buckets: each turns calls into batches, one bucket a batch. */
export function createQueues(deps: QueueDeps, options: QueueOptions = {}): UsageQueues {
  const { router, clock, metrics } = deps;
  const { batchesMax, ...size } = { ...DEFAULTS, ...options };
  const queue = <Call, Answer>(
    run: (bucket: number) => Run<Call, Answer>,
    joins?: (first: Call, call: Call) => boolean,
  ) => {
    const create = (bucket: number): Batcher<Call, Answer> =>
      new Batcher({
        ...size,
        batchesMax: () =>
          router.batchesMax(bucket, batchesMax, (isThere) => routed.runningBeside(bucket, isThere)),
        run: run(bucket),
        ...(joins && { joins }),
      });
    const routed = new RoutedQueue<Call, Answer>(router.directory, create);
    return routed;
  };
  const queues: UsageQueues = {
    admissions: queue(
      (bucket) => timed('admit', metrics, createAdmission(router, bucket, clock)),
      sameDay,
    ),
    settlements: queue((bucket) =>
      timed('settle', metrics, (calls) => settleOnce(router, bucket, clock, calls)),
    ),
    beginnings: queue((bucket) =>
      orUnavailable(eachApart((calls: BeginCall[]) => router.begin(bucket, calls))),
    ),
    lookups: queue((bucket) =>
      orUnavailable(
        eachApart(async (keys: CounterKey[]) => {
          const found = await router.lookUp(bucket, keys);
          return found.map((counter) => counter ?? null);
        }),
      ),
    ),
    overages: queue((bucket) =>
      orUnavailable(eachApart((keys: OverageKey[]) => router.readOverages(bucket, keys))),
    ),
  };
  metrics?.readWaiting(() =>
    Object.values(queues).reduce((sum, one: { unanswered: number }) => sum + one.unanswered, 0),
  );
  return queues;
}

/** One batch belongs to one UTC day, for the counters are of a month and the chart of a day. */
function sameDay(first: TimedCall, next: TimedCall): boolean {
  return dayOf(first) === dayOf(next);
}

const dayOf = ({ startedAt }: TimedCall) => Math.floor(startedAt.getTime() / DAY_MS);

function createAdmission(router: UsageRouter, bucket: number, clock: Clock) {
  const expectation = new Expectation();
  return async (batch: TimedCall[]): Promise<(Admission | Error)[]> => {
    const { startedAt } = batch.find(({ call }) => call.startedAt === undefined) ?? batch[0]!;
    const { mode } = expectation;
    const results = await router.admit(
      bucket,
      {
        period: periodOf(startedAt),
        occurredAt: startedAt,
        now: clock.now(),
        calls: batch.map((timedCall) => timedCall.call),
      },
      mode,
    );
    expectation.learn(batch.some(({ call }) => needsFunction(call)) ? null : mode, results);
    return results.map((result, i) => answerOf(result, batch[i]!.call));
  };
}

function answerOf(result: AdmissionResult, call: AdmissionCall): Admission | Error {
  if (result instanceof Error) return cannotStore(result);
  if (result.outcome === 'unknown_tenant') {
    return new BillingError('tenant_not_found', `There is no tenant ${call.tenantId}.`);
  }
  return result;
}

/** A reservation named twice in one batch is settled in two. */
async function settleOnce(
  router: UsageRouter,
  bucket: number,
  clock: Clock,
  calls: SettleCall[],
): Promise<(Settlement | Error)[]> {
  const answers: (Settlement | Error)[] = [];
  let seen = new Set<string>();
  let from = 0;
  for (let i = 0; i <= calls.length; i += 1) {
    const id = calls[i]?.reservationId;
    if (id !== undefined && !seen.has(id)) {
      seen.add(id);
      continue;
    }
    const settled = await router.settle(bucket, clock.now(), calls.slice(from, i));
    answers.push(...settled.map((one) => (one instanceof Error ? cannotStore(one) : one)));
    from = i;
    seen = new Set(id === undefined ? [] : [id]);
  }
  return answers;
}

function timed<Call, Answer>(
  kind: 'admit' | 'settle',
  metrics: UsageMetrics | undefined,
  run: Run<Call, Answer>,
): Run<Call, Answer> {
  const guarded = orUnavailable(run);
  if (metrics === undefined) return guarded;
  return async (calls) => {
    const end = metrics.commitSeconds.startTimer({ kind });
    metrics.batchSize.observe({ kind }, calls.length);
    const answers = await guarded(calls);
    end();
    return answers;
  };
}
