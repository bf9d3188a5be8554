import { periodOf } from '../../../domain/period.ts';
import { keyConflict, recordedOf, type Recorded } from './calls/results.ts';
import { refusalOf } from './credits/refusal.ts';
import { admissionOf, assertValid, problemWith, type Consumption } from './calls/validation.ts';
import { problemWithInstant, startOf } from './calls/instant.ts';
import type { MeteringDeps } from './metering-deps.ts';

export interface TrackRequest extends Consumption {
  /** When the work started, however long ago; for who need not be checked. */
  startedAt?: Date;
}

/**
 * Records one consumption; it is durable when this resolves. 429 `quota_exceeded` or `member_limit` when it does not
 * fit (unless `enforce` is false), 409 `idempotency_conflict` for a key with another body, 404
 * `tenant_not_found`, 400 for what is not valid.
 */
export async function trackUsage(deps: MeteringDeps, request: TrackRequest): Promise<Recorded> {
  assertValid(problemWith(request));
  const now = deps.clock.now();
  assertValid(problemWithInstant(request.occurredAt, now));
  const startedAt = request.startedAt ?? startOf(request.occurredAt, now);
  const call = admissionOf(request, startedAt);
  const timed = { call, startedAt: startedAt ?? now };
  const admission = await deps.queues.admissions.submit(timed, call.tenantId);
  const recorded = recordedOf(admission);
  if (recorded === undefined) {
    if (admission.outcome === 'conflict') throw keyConflict(call.key);
    deps.metrics?.calls.inc({ outcome: 'rejected' });
    throw await refusalOf(deps, { ...call, ...admission, period: periodOf(timed.startedAt) });
  }
  deps.metrics?.calls.inc({ outcome: recorded.status });
  if (recorded.status === 'recorded') deps.live.changed(call.tenantId);
  return recorded;
}
