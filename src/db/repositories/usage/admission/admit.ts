import type { Limit } from '../../../../domain/quota.ts';
import type { Period } from '../../../../domain/period.ts';
import { parseNumbers, parseWords, plainArray, textArray } from '../arrays.ts';
import { prepared, type Bucket } from '../bucket.ts';
import { encodeBatch, type AdmissionCall, type EncodedBatch } from './encode.ts';
import { AS_TEXT } from '../hot-path.ts';

export type { AdmissionCall } from './encode.ts';

export type AdmissionOutcome =
  | 'accepted'
  | 'rejected'
  | 'repeat_of_accepted'
  | 'repeat_of_rejected'
  | 'conflict'
  | 'member_limit';

/** The answer to one call: the counters right after it, or those of the first time. */
export interface Admission {
  outcome: AdmissionOutcome;
  used: number;
  limit: Limit;
  /** `null` without a limit; never negative. */
  remaining: number | null;
  /** What open reservations keep. */
  held: number;
  reservationId: string | null;
  /** Of a refusal: it would fit if everything came back that is held. */
  waits: boolean;
  /** Units of the call that the quota does not pay, but credits do. */
  beyond: number;
  /** What of that was drawn, in µcr: of grants, and of overage. A hold draws nothing yet. */
  drawn: Drawn;
  /** The batch was decided call by call. */
  byCall?: true;
}

export interface Drawn {
  credits: number;
  overage: number;
}

export const NOTHING_DRAWN: Drawn = { credits: 0, overage: 0 };

export interface AdmissionBatch {
  period: Period;
  /** When the work of these calls started; its UTC day is the day of the daily chart. */
  occurredAt: Date;
  now: Date;
  calls: readonly AdmissionCall[];
}

/** A group's counters do not exist yet. */
export const PERIOD_NOT_OPEN = 'UB001';

const OUTCOMES: readonly AdmissionOutcome[] = [
  'accepted',
  'rejected',
  'repeat_of_accepted',
  'repeat_of_rejected',
  'conflict',
  // The counters are then the member's.
  'member_limit',
];

const ADMIT = prepared(
  'usage_admit_calls',
  (u) =>
    `select * from ${u}.usage_admit_calls($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
);

/** Each group's counters right after the batch, as array literals. */
export type GroupCounters = Record<
  'group_used' | 'group_held' | 'group_limits' | 'group_aside',
  string
>;

type AdmitRow = GroupCounters &
  Record<
    | 'call_used'
    | 'call_limits'
    | 'call_remaining'
    | 'call_held'
    | 'call_reservations'
    | 'call_waits'
    | 'call_beyond'
    | 'call_credits'
    | 'call_overage',
    string
  > & {
    outcomes: string | null;
  };

/**
 * Admits a batch in one round trip and one transaction, whatever mixture it is; the answers are in
 * the calls' order. `careful` looks for keys that answered before; without it they raise 23505.
 */
export async function admitBatch(
  bucket: Bucket,
  batch: AdmissionBatch,
  careful: boolean,
): Promise<Admission[]> {
  const { calls } = batch;
  const encoded = encodeBatch(calls);
  const { reserving, dated } = encoded;
  const result = await bucket.client.query<AdmitRow>({
    ...ADMIT(bucket),
    types: AS_TEXT,
    values: [
      careful,
      batch.period,
      batch.occurredAt.toISOString(),
      batch.now.toISOString(),
      encoded.groupTenants,
      encoded.groupResources,
      encoded.groupUsed,
      plainArray(encoded.groups.map((group) => group.held)),
      plainArray(encoded.places),
      encoded.amounts,
      plainArray(encoded.usedThrough),
      plainArray(encoded.heldThrough),
      plainArray(calls.map((call) => call.enforce)),
      encoded.keys,
      encoded.fingerprints,
      encoded.metadata,
      reserving ? textArray(calls.map((call) => call.reservationId)) : null,
      reserving ? textArray(calls.map((call) => call.expiresAt?.toISOString() ?? null)) : null,
      dated ? textArray(calls.map((call) => call.startedAt?.toISOString() ?? null)) : null,
    ],
  });
  const row = result.rows[0]!;
  return row.outcomes === null
    ? admissionsOfAccepted(row, encoded)
    : admissionsOfMixed(row, row.outcomes);
}

/** Of each group: what its calls took beyond a quota that was full before them, at which rate, and of what. */
export interface Spill {
  units: readonly (number | null)[];
  rates: readonly (number | null)[];
  areOverage: readonly boolean[];
}

/** Everything fitted: each answer follows from its group's counters after the batch. */
export function admissionsOfAccepted(
  row: GroupCounters,
  batch: EncodedBatch,
  spill?: Spill,
): Admission[] {
  const { calls, groups, places, usedThrough, heldThrough } = batch;
  const used = parseNumbers(row.group_used);
  const held = parseNumbers(row.group_held);
  const limits = parseNumbers(row.group_limits);
  const aside = parseNumbers(row.group_aside);
  const answers = new Array<Admission>(calls.length);
  for (let i = 0; i < calls.length; i++) {
    const at = places[i]! - 1;
    const group = groups[at]!;
    const limit = limits[at]!;
    const usedBehind = group.used - usedThrough[i]!;
    const heldBehind = group.held - heldThrough[i]!;
    const usedNow = used[at]! - usedBehind;
    const heldNow = held[at]! - heldBehind;
    const isBeyond = (spill?.units[at] ?? 0) > 0;
    const left = isBeyond || limit === null ? 0 : limit - usedNow - heldNow + aside[at]!;
    answers[i] = {
      outcome: 'accepted',
      used: usedNow,
      limit,
      remaining: limit === null ? null : left,
      held: heldNow,
      reservationId: calls[i]!.reservationId,
      waits: false,
      beyond: isBeyond ? calls[i]!.amount : 0,
      drawn: isBeyond ? drawnOf(calls[i]!.amount, spill!, at) : NOTHING_DRAWN,
    };
  }
  return answers;
}

function drawnOf(units: number, { rates, areOverage }: Spill, at: number): Drawn {
  const micro = units * rates[at]!;
  return areOverage[at] ? { credits: 0, overage: micro } : { credits: micro, overage: 0 };
}

function admissionsOfMixed(row: AdmitRow, outcomes: string): Admission[] {
  const used = parseNumbers(row.call_used);
  const limits = parseNumbers(row.call_limits);
  const remaining = parseNumbers(row.call_remaining);
  const held = parseNumbers(row.call_held);
  const reservations = parseWords(row.call_reservations);
  const waits = parseWords(row.call_waits);
  const beyond = parseNumbers(row.call_beyond);
  const credits = parseNumbers(row.call_credits);
  const overage = parseNumbers(row.call_overage);
  return parseNumbers(outcomes).map((outcome, i) => ({
    outcome: OUTCOMES[outcome!]!,
    used: used[i]!,
    limit: limits[i]!,
    remaining: remaining[i]!,
    held: held[i]!,
    reservationId: reservations[i]!,
    waits: waits[i] === 't',
    beyond: beyond[i]!,
    drawn: { credits: credits[i]!, overage: overage[i]! },
    byCall: true,
  }));
}
