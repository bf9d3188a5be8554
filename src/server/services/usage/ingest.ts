import type { Admission } from '../../../db/repositories/usage/admit.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Limit } from '../../../domain/plans.ts';
import { keyConflict, recordedOf } from './answers.ts';
import { admissionOf, problemWith, type Consumption } from './call.ts';
import type { LiveUsage } from './live.ts';
import type { TimedCall, UsageQueues } from './queues.ts';

/** The answer to one event, in the words of the HTTP interface. */
export type IngestResult =
  | {
      status: 'recorded' | 'duplicate' | 'rejected';
      used: number;
      limit: Limit;
      remaining: number | null;
    }
  | { status: 'invalid'; error: string; code: string };

export interface IngestDeps {
  queues: Pick<UsageQueues, 'admissions'>;
  clock: Clock;
  live: LiveUsage;
}

/**
 * Records a batch from another service. An event that is not valid, names no tenant of ours or
 * reuses a key for another body is answered `invalid`, and the others are recorded all the same.
 * Rejects only when none could be: the database is away, or too many calls wait.
 */
export async function ingestBatch(
  deps: IngestDeps,
  events: readonly unknown[],
): Promise<IngestResult[]> {
  const startedAt = deps.clock.now();
  const results = new Array<IngestResult>(events.length);
  const calls: TimedCall[] = [];
  const places: number[] = [];
  events.forEach((event, place) => {
    const problem = problemWithEvent(event);
    if (problem !== undefined) {
      results[place] = { status: 'invalid', error: problem, code: 'invalid_request' };
      return;
    }
    calls.push({ call: admissionOf(event as Consumption), startedAt, exact: false });
    places.push(place);
  });

  const answers = await deps.queues.admissions.submitAll(calls, (timed) => timed.call.tenantId);
  const failure = answers.find((answer) => isOurFault(answer));
  if (failure !== undefined) throw failure;
  answers.forEach((answer, i) => {
    const { call } = calls[i]!;
    if (!(answer instanceof Error) && answer.outcome === 'accepted') {
      deps.live.changed(call.tenantId);
    }
    results[places[i]!] = resultOf(answer, call.key);
  });
  return results;
}

function problemWithEvent(event: unknown): string | undefined {
  if (event === null || typeof event !== 'object') return 'An event must be an object.';
  const { idempotencyKey } = event as { idempotencyKey?: unknown };
  if (idempotencyKey === undefined) return 'idempotencyKey is missing.';
  return problemWith(event);
}

/** Whoever sends the whole batch again gets what was recorded answered as duplicates. */
function isOurFault(answer: Admission | Error): boolean {
  return answer instanceof Error && !(answer instanceof BillingError && answer.status < 500);
}

function resultOf(answer: Admission | Error, key: string | null): IngestResult {
  if (answer instanceof Error) {
    const { message, code } = answer as BillingError;
    return { status: 'invalid', error: message, code };
  }
  if (answer.outcome === 'conflict') {
    const { message, code } = keyConflict(key);
    return { status: 'invalid', error: message, code };
  }
  const { used, limit, remaining } = answer;
  return recordedOf(answer) ?? { status: 'rejected', used, limit, remaining };
}
