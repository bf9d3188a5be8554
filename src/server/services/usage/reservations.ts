import type { AdmissionCall } from '../../../db/repositories/usage/admission/admit.ts';
import type { SettleCall, Settlement } from '../../../db/repositories/usage/settle.ts';
import type { Rated } from '../../../domain/billing/usage/rate-card.ts';
import { BillingError } from '../../../domain/errors.ts';
import { periodOf } from '../../../domain/period.ts';
import { keyConflict, recordedOf } from './calls/results.ts';
import { refusalOf } from './credits/refusal.ts';
import { AMOUNT_MAX, TTL_SECONDS_MAX, type ReservationRequest } from './calls/validation.ts';
import {
  assertValid,
  isWholeAmount,
  problemWith,
  problemWithMetadata,
} from './calls/validation.ts';
import { reservationOf } from './calls/validation.ts';
import { canonicalJson } from './calls/fingerprint.ts';
import { assertInstant, problemWithInstant, startOf } from './calls/instant.ts';
import type { MeteringDeps } from './metering-deps.ts';
import {
  formatReservationId,
  newReservationKey,
  parseReservationId,
  reservationNotFound,
} from './calls/reservation-id.ts';

export interface Reservation {
  reservationId: string;
  expiresAt: Date;
  /** What is left after the hold; `null` without a limit. */
  remaining: number | null;
}

export interface SettleRequest {
  reservationId: string;
  /** Checked against the reservation's when given. */
  tenantId?: string;
  /** What was really used, from 0; recorded in full, also above what was held. */
  amount: number;
  metadata?: Record<string, unknown> | undefined;
  /** How the amount was weighed, for the ledger; with `metadata`. */
  rated?: Rated | undefined;
}

export interface BeginRequest {
  reservationId: string;
  /** Units owed by now. */
  amount: number;
  /** Seconds that the hold lives on from now; as before when left out. */
  ttlSeconds?: number;
}

export interface Settled {
  used: number;
  remaining: number | null;
}

/** Holds units for work that begins now; 429 `quota_exceeded` or `member_limit` when they do not fit. */
export async function reserve(
  deps: MeteringDeps,
  request: ReservationRequest,
): Promise<Reservation> {
  assertValid(problemWith(request));
  assertTtl(request.ttlSeconds);
  const { clock, live, metrics, queues } = deps;
  const now = clock.now();
  const problem = problemWithInstant(request.occurredAt, now);
  if (problem !== undefined) await assertInstant(deps, request, problem);
  const key = newReservationKey(request.tenantId.toLowerCase());
  const startedAt = startOf(request.occurredAt, now);
  const call = reservationOf(request, key.id, now, startedAt);
  const timed = { call, startedAt: startedAt ?? now };
  const admission = await queues.admissions.submit(timed, call.tenantId);
  if (admission.outcome === 'conflict') throw keyConflict(call.key);
  const recorded = recordedOf(admission);
  metrics?.calls.inc({ outcome: recorded?.status ?? 'rejected' });
  if (recorded === undefined)
    throw await refusalOf(deps, { ...call, ...admission, period: periodOf(timed.startedAt) });
  const { remaining } = recorded;
  if (recorded.status === 'duplicate') {
    // The same key with a consumption's body would have been a conflict, so it made a reservation.
    const id = admission.reservationId!;
    const reservationId = formatReservationId({ tenantId: call.tenantId, id });
    return { reservationId, expiresAt: await expiryOf(deps, call, id, request), remaining };
  }
  live.changed(call.tenantId);
  return { reservationId: formatReservationId(key), expiresAt: call.expiresAt!, remaining };
}

/** When the reservation that a key made ends; told by the key when it is pruned already. */
async function expiryOf(
  { router }: MeteringDeps,
  call: AdmissionCall,
  id: string,
  { ttlSeconds }: ReservationRequest,
): Promise<Date> {
  const isUnknown = (instant: Date | undefined) => instant === undefined;
  const { tenantId } = call;
  const expiresAt = await router.read(tenantId, (at) => at.findExpiry(tenantId, id), isUnknown);
  if (expiresAt !== undefined) return expiresAt;
  const madeAt = await router.read(
    tenantId,
    (at) => at.findKeyTime(tenantId, call.key!),
    isUnknown,
  );
  return new Date(madeAt!.getTime() + ttlSeconds * 1000);
}

/**
 * Notes that the work of a reservation began: `amount` is owed by now, also if nobody comes to settle
 * it. Again with more as it goes on; with `ttlSeconds` the hold lives so long from now. Nothing
 * happens to a reservation that is closed.
 */
export async function begin(deps: MeteringDeps, request: BeginRequest): Promise<void> {
  const { reservationId, amount, ttlSeconds } = request;
  if (!isWholeAmount(amount, 0)) throw new RangeError(`${amount} units cannot be owed.`);
  const key = parseReservationId(reservationId);
  const expiresAt =
    ttlSeconds === undefined ? null : new Date(deps.clock.now().getTime() + ttlSeconds * 1000);
  const call = { tenantId: key.tenantId, reservationId: key.id, amount, expiresAt };
  await deps.queues.beginnings.submit(call, key.tenantId);
}

/**
 * Records what a reservation's work really used. Settling again with the same amount answers the
 * same; with another 409 `reservation_settled`; after a release 409 `reservation_released`. One
 * that expired is settled all the same.
 */
export async function settle(deps: MeteringDeps, request: SettleRequest): Promise<Settled> {
  const { amount, metadata, rated } = request;
  if (!isWholeAmount(amount, 0)) {
    throw new BillingError(
      'invalid_request',
      `amount must be a whole number from 0 to ${AMOUNT_MAX}.`,
    );
  }
  assertValid(problemWithMetadata(metadata));
  const described = metadata && canonicalJson(rated ? { ...metadata, rated } : metadata);
  const settlement = await end(deps, request, amount, described ?? null);
  return { used: settlement.used!, remaining: settlement.remaining };
}

/** Gives a hold back. Again, or after it expired: nothing more happens. */
export async function release(
  deps: MeteringDeps,
  request: Pick<SettleRequest, 'reservationId' | 'tenantId'>,
): Promise<void> {
  await end(deps, request, null, null);
}

async function end(
  deps: MeteringDeps,
  request: Pick<SettleRequest, 'reservationId' | 'tenantId'>,
  amount: number | null,
  metadata: string | null,
): Promise<Settlement> {
  const { reservationId } = request;
  const key = parseReservationId(reservationId);
  if (request.tenantId !== undefined && request.tenantId.toLowerCase() !== key.tenantId) {
    throw reservationNotFound(reservationId);
  }
  const call: SettleCall = { tenantId: key.tenantId, reservationId: key.id, amount, metadata };
  const settlement = await deps.queues.settlements.submit(call, key.tenantId);
  switch (settlement.outcome) {
    case 'done':
      deps.live.changed(key.tenantId);
      return settlement;
    case 'done_before':
      return settlement;
    case 'settled_otherwise':
      throw new BillingError(
        'reservation_settled',
        amount === null
          ? 'The reservation was settled: what it used is recorded and cannot be released.'
          : 'The reservation was settled with another amount.',
      );
    case 'released_before':
      throw new BillingError('reservation_released', 'The reservation was released before.');
    case 'unknown':
      throw reservationNotFound(reservationId);
  }
}

function assertTtl(ttlSeconds: unknown): void {
  const whole = typeof ttlSeconds === 'number' && Number.isInteger(ttlSeconds);
  if (whole && ttlSeconds >= 1 && ttlSeconds <= TTL_SECONDS_MAX) return;
  throw new BillingError(
    'invalid_request',
    `ttlSeconds must be a whole number from 1 to ${TTL_SECONDS_MAX}.`,
  );
}
