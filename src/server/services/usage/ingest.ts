import type { Admission } from '../../../db/repositories/usage/admit.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Limit } from '../../../domain/quota.ts';
import { keyConflict, recordedOf } from './calls/results.ts';
import { admissionOf, problemWith, type Consumption } from './calls/validation.ts';
import { problemWithInstant, startOf } from './calls/instant.ts';
import type { LiveUsage } from './live-usage.ts';
import type { TimedCall, UsageQueues } from './routing/queues.ts';

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
  const now = deps.clock.now();
  const results = new Array<IngestResult>(events.length);
  const calls: TimedCall[] = [];
  const places: number[] = [];
  events.forEach((event, place) => {
    const problem = problemWithEvent(event, now);
    if (problem !== undefined) {
      results[place] = { status: 'invalid', error: problem, code: 'invalid_request' };
      return;
    }
    const startedAt = startOf((event as Consumption).occurredAt, now);
    calls.push({
      call: admissionOf(event as Consumption, startedAt),
      startedAt: startedAt ?? now,
    });
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

const EVENT_FIELDS: readonly string[] = [
  'tenantId',
  'resourceType',
  'amount',
  'enforce',
  'idempotencyKey',
  'metadata',
  'occurredAt',
] satisfies (keyof Consumption)[];

function problemWithEvent(event: unknown, now: Date): string | undefined {
  if (event === null || typeof event !== 'object' || Array.isArray(event)) {
    return 'An event must be an object.';
  }
  const unknown = Object.keys(event).find((field) => !EVENT_FIELDS.includes(field));
  if (unknown !== undefined) {
    return `An event has no field ${JSON.stringify(unknown.slice(0, 40).toWellFormed())}; it has ${EVENT_FIELDS.join(', ')}.`;
  }
  const { idempotencyKey, occurredAt } = event as Record<string, unknown>;
  if (idempotencyKey === undefined) return 'idempotencyKey is missing.';
  return problemWith(event) ?? problemWithInstant(occurredAt, now);
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
