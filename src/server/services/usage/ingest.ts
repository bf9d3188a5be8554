import type { Admission } from '../../../db/repositories/usage/admission/admit.ts';
import { weigh } from '../../../domain/billing/usage/rate-card.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Limit } from '../../../domain/quota.ts';
import { chargeOf, keyConflict, recordedOf, type Charge } from './calls/results.ts';
import { canonicalJson } from './calls/fingerprint.ts';
import { assertInstant, problemWithInstant, startOf } from './calls/instant.ts';
import {
  noteOf,
  problemWithDetails,
  DETAIL_FIELDS,
  tokensOf,
  detailsOf,
  wholeRaw,
  type EventDetails,
} from './calls/event-details.ts';
import {
  admissionOf,
  AMOUNT_MAX,
  assertValid,
  problemWith,
  type Consumption,
} from './calls/validation.ts';
import { IN_PROGRESS_RETRY_SECONDS } from './credits/quota-exceeded.ts';
import type { LiveUsage } from './live-usage.ts';
import type { PlanCatalogue } from '../plans/plan-catalogue.ts';
import type { TimedCall, UsageQueues } from './routing/queues.ts';
import type { UsageRouter } from './routing/router.ts';

/** The answer to one event, in the words of the HTTP interface. */
export type IngestResult =
  | {
      status: 'recorded' | 'duplicate' | 'rejected';
      /** Of what was recorded now: what it took beyond the quota, and of which sources. */
      charged?: Charge;
      used: number;
      limit: Limit;
      remaining: number | null;
      /** Of a rejection by the limit of the member whom the event names; the counters are theirs. */
      reason?: 'member_limit';
      /** Of a rejection: what open reservations keep. */
      held?: number;
      /** Of a rejection for which they alone are the reason: when the same event may be sent again. */
      retryAfterSeconds?: number;
    }
  | { status: 'invalid'; error: string; code: string };

export interface IngestDeps {
  queues: Pick<UsageQueues, 'admissions'>;
  router: Pick<UsageRouter, 'read'>;
  plans: Pick<PlanCatalogue, 'ratingOf'>;
  clock: Clock;
  live: LiveUsage;
}

/** An event that was checked. With `raw` it need not have an amount. */
type UsageEvent = Omit<Consumption, 'amount'> & EventDetails & { amount?: number };

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
  for (const [place, event] of events.entries()) {
    try {
      const call = callOf(deps, event, now);
      calls.push(call instanceof Promise ? await call : call);
      places.push(place);
    } catch (error) {
      if (!(error instanceof BillingError) || error.status >= 500) throw error;
      results[place] = { status: 'invalid', error: error.message, code: error.code };
    }
  }

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

/**
 * What admission takes of an event, at once where nothing has to be weighed. Throws a BillingError with
 * what is wrong with it.
 */
function callOf(deps: IngestDeps, wanted: unknown, now: Date): TimedCall | Promise<TimedCall> {
  assertValid(problemWithEvent(wanted));
  const event = wanted as UsageEvent;
  const problem = problemWithInstant(event.occurredAt, now);
  if (problem === undefined) return readEvent(deps, event, now);
  return assertInstant(deps, event, problem).then(() => readEvent(deps, event, now));
}

function readEvent(deps: IngestDeps, event: UsageEvent, now: Date): TimedCall | Promise<TimedCall> {
  const startedAt = startOf(event.occurredAt, now);
  const details = detailsOf(event);
  if (details?.raw !== undefined) return weighed(deps, event, details, startedAt, now);
  const about = details && { note: noteOf(details), said: saidOf(event, details) };
  return {
    call: admissionOf(event as Consumption, startedAt, about),
    startedAt: startedAt ?? now,
  };
}

const saidOf = ({ resourceType, amount }: UsageEvent, details: EventDetails) =>
  `${resourceType} ${amount} ${canonicalJson(details)}`;

/** By the card that was in force when the work began. */
async function weighed(
  { plans }: IngestDeps,
  event: UsageEvent,
  details: EventDetails,
  startedAt: Date | undefined,
  now: Date,
): Promise<TimedCall> {
  const raw = wholeRaw(details.raw!);
  const { card, model, weights } = await plans.ratingOf(details.model ?? null, startedAt ?? now);
  const amount = weigh(raw, weights);
  assertValid(
    amount > AMOUNT_MAX ? `raw comes to ${amount} units, above ${AMOUNT_MAX}.` : undefined,
  );
  const note = { ...noteOf(details), rated: { card, model, raw } };
  return {
    call: admissionOf({ ...event, amount }, startedAt, { note, said: saidOf(event, details) }),
    startedAt: startedAt ?? now,
  };
}

const EVENT_FIELDS: ReadonlySet<string> = new Set([
  'tenantId',
  'resourceType',
  'amount',
  'enforce',
  'idempotencyKey',
  'metadata',
  'occurredAt',
  ...DETAIL_FIELDS,
] satisfies (keyof Consumption | keyof EventDetails)[]);

function problemWithEvent(event: unknown): string | undefined {
  if (event === null || typeof event !== 'object' || Array.isArray(event)) {
    return 'An event must be an object.';
  }
  const unknown = Object.keys(event).find((field) => !EVENT_FIELDS.has(field));
  if (unknown !== undefined) {
    return `An event has no field ${JSON.stringify(unknown.slice(0, 40).toWellFormed())}; it has ${[...EVENT_FIELDS].join(', ')}.`;
  }
  const said = event as Record<string, unknown>;
  if (said['idempotencyKey'] === undefined) return 'idempotencyKey is missing.';
  const problem = problemWithDetails(said);
  if (problem !== undefined) return problem;
  const { raw, amount } = event as EventDetails & { amount?: unknown };
  if (raw === undefined || amount !== undefined) return problemWith(said);
  return problemWith({ ...said, amount: tokensOf(raw) });
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
  const recorded = recordedOf(answer);
  if (recorded?.status === 'recorded') return { ...recorded, charged: chargeOf(answer.drawn) };
  return recorded ?? rejected(answer);
}

function rejected({ outcome, used, limit, remaining, held, waits }: Admission): IngestResult {
  return {
    ...{ status: 'rejected', used, limit, remaining, held },
    ...(outcome === 'member_limit' ? { reason: outcome } : {}),
    ...(waits ? { retryAfterSeconds: IN_PROGRESS_RETRY_SECONDS } : {}),
  };
}
