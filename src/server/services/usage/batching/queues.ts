import { isDatabaseAway, isDataRefused } from '../../../../db/database-error.ts';
import type { Admission, AdmissionCall } from '../../../../db/repositories/usage/admit.ts';
import type {
  AdmissionMode,
  AdmissionResult,
} from '../../../../db/repositories/usage/admit-all.ts';
import type { BeginCall } from '../../../../db/repositories/usage/begin.ts';
import type { Counter, CounterKey } from '../../../../db/repositories/usage/read.ts';
import type { SettleCall, Settlement } from '../../../../db/repositories/usage/settle.ts';
import type { UsageRepository } from '../../../../db/repositories/usage.repository.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { periodOf } from '../../../../domain/period.ts';
import { Batcher } from './batcher.ts';
import type { UsageMetrics } from '../metrics.ts';

/** A call with the instant its work started: the call's own where it names one, else now. */
export interface TimedCall {
  call: AdmissionCall;
  startedAt: Date;
}

export interface QueueOptions {
  batchesMax?: number;
  callsMax?: number;
  waitingMax?: number;
}

export interface UsageQueues {
  admissions: Batcher<TimedCall, Admission>;
  settlements: Batcher<SettleCall, Settlement>;
  beginnings: Batcher<BeginCall, true>;
  lookups: Batcher<CounterKey, Pick<Counter, 'used' | 'held' | 'limit'> | null>;
}

const DAY_MS = 86_400_000;

/** After a refusal or a repeated key more are likely: for this many batches they are expected. */
const MEMORY_BATCHES = 50;

const DEFAULTS = { batchesMax: 2, callsMax: 1_000, waitingMax: 10_000 };

interface QueueDeps {
  repository: UsageRepository;
  clock: Clock;
  metrics: UsageMetrics | undefined;
}

/** The queues between callers and the database: each turns calls into batches. */
export function createQueues(deps: QueueDeps, options: QueueOptions = {}): UsageQueues {
  const { repository, clock, metrics } = deps;
  const size = { ...DEFAULTS, ...options };
  return {
    admissions: new Batcher({
      ...size,
      joins: sameDay,
      run: timed('admit', metrics, createAdmission(repository, clock)),
    }),
    settlements: new Batcher({
      ...size,
      run: timed('settle', metrics, (calls) => settleOnce(repository, clock, calls)),
    }),
    beginnings: new Batcher({
      ...size,
      run: orUnavailable(
        eachApart(async (calls) => {
          await repository.begin(calls);
          return calls.map(() => true as const);
        }),
      ),
    }),
    lookups: new Batcher({
      ...size,
      run: orUnavailable(
        eachApart(async (keys) => {
          const found = await repository.lookUp(keys);
          return found.map((counter) => counter ?? null);
        }),
      ),
    }),
  };
}

/** One batch belongs to one UTC day, for the counters are of a month and the chart of a day. */
function sameDay(first: TimedCall, next: TimedCall): boolean {
  return dayOf(first) === dayOf(next);
}

const dayOf = ({ startedAt }: TimedCall) => Math.floor(startedAt.getTime() / DAY_MS);

function createAdmission(repository: UsageRepository, clock: Clock) {
  const expectation = new Expectation();
  return async (batch: TimedCall[]): Promise<(Admission | Error)[]> => {
    const { startedAt } = batch.find(({ call }) => call.startedAt === undefined) ?? batch[0]!;
    const results = await repository.admit(
      {
        period: periodOf(startedAt),
        occurredAt: startedAt,
        now: clock.now(),
        calls: batch.map((timedCall) => timedCall.call),
      },
      expectation.mode,
    );
    expectation.learn(results);
    return results.map((result, i) => answerOf(result, batch[i]!.call));
  };
}

/** What the next batch will be like: as the last ones were. A wrong guess costs a round trip. */
class Expectation {
  #careful = 0;
  #mixed = 0;

  get mode(): AdmissionMode {
    return this.#careful > 0 ? 'careful' : this.#mixed > 0 ? 'mixed' : 'whole';
  }

  learn(results: readonly AdmissionResult[]): void {
    this.#careful = Math.max(0, this.#careful - 1);
    this.#mixed = Math.max(0, this.#mixed - 1);
    for (const result of results) {
      if (result instanceof Error || result.outcome === 'accepted') continue;
      if (result.outcome === 'rejected') this.#mixed = MEMORY_BATCHES;
      else if (result.outcome !== 'unknown_tenant') this.#careful = MEMORY_BATCHES;
    }
  }
}

function answerOf(result: AdmissionResult, call: AdmissionCall): Admission | Error {
  if (result instanceof Error) return cannotStore(result);
  if (result.outcome === 'unknown_tenant') {
    return new BillingError('tenant_not_found', `There is no tenant ${call.tenantId}.`);
  }
  return result;
}

function cannotStore(cause: Error): BillingError {
  return new BillingError('invalid_request', 'The database cannot store this call.', { cause });
}

/** A reservation named twice in one batch is settled in two. */
async function settleOnce(
  repository: UsageRepository,
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
    const settled = await repository.settle(clock.now(), calls.slice(from, i));
    answers.push(...settled.map((one) => (one instanceof Error ? cannotStore(one) : one)));
    from = i;
    seen = new Set(id === undefined ? [] : [id]);
  }
  return answers;
}

type Run<Call, Answer> = (calls: Call[]) => Promise<(Answer | Error)[]>;

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

/**
 * A call that the database refuses fails alone: halved until it stands by itself. For what may be
 * asked twice; admission and settlement do the same where they are one transaction.
 */
function eachApart<Call, Answer>(run: Run<Call, Answer>): Run<Call, Answer> {
  return async function apart(calls): Promise<(Answer | Error)[]> {
    try {
      return await run(calls);
    } catch (error) {
      if (!isDataRefused(error)) throw error;
      if (calls.length === 1) return [cannotStore(error as Error)];
      const middle = Math.ceil(calls.length / 2);
      return [...(await apart(calls.slice(0, middle))), ...(await apart(calls.slice(middle)))];
    }
  };
}

/** A database that is away becomes 503; what was under way may or may not be recorded. */
function orUnavailable<Call, Answer>(run: Run<Call, Answer>): Run<Call, Answer> {
  return async (calls) => {
    try {
      return await run(calls);
    } catch (cause) {
      if (!isDatabaseAway(cause)) throw cause;
      throw new BillingError(
        'database_unavailable',
        'Usage cannot be recorded right now: the database cannot be reached. Try again with the same idempotency key.',
        { retryAfterSeconds: 1, cause },
      );
    }
  };
}
