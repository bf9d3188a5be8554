import type pg from 'pg';
import type { Limit } from '../../../domain/plans.ts';
import { RESOURCE_TYPES, type ResourceType } from '../../../domain/quota.ts';
import type { Period } from '../../../domain/period.ts';
import { parseNumbers, parseWords, plainArray, textArray } from './arrays.ts';

/** One consumption, or one reservation, that wants to be admitted. */
export interface AdmissionCall {
  /** Lower case. */
  tenantId: string;
  resourceType: ResourceType;
  /** Whole units, at least 1. */
  amount: number;
  /** False: recorded also beyond the limit. */
  enforce: boolean;
  key: string | null;
  /** A hash of the body that came with the key; 0 without a key. */
  fingerprint: number;
  /** JSON text. */
  metadata: string | null;
  /** Set for a reservation: its id, and when it expires. */
  reservationId: string | null;
  expiresAt: Date | null;
}

export type AdmissionOutcome =
  'accepted' | 'rejected' | 'repeat_of_accepted' | 'repeat_of_rejected' | 'conflict';

/** The answer to one call: the counters right after it, or those of the first time. */
export interface Admission {
  outcome: AdmissionOutcome;
  used: number;
  limit: Limit;
  /** `null` without a limit; never negative. */
  remaining: number | null;
  reservationId: string | null;
}

export interface AdmissionBatch {
  period: Period;
  /** When the work of these calls started; its UTC day is the day of the daily chart. */
  occurredAt: Date;
  now: Date;
  calls: readonly AdmissionCall[];
}

interface Group {
  tenantId: string;
  resource: number;
  used: number;
  held: number;
  /** 1-based place in the sorted batch. */
  place: number;
}

/** `usage_admit` found a group whose counters do not exist yet. */
export const PERIOD_NOT_OPEN = 'UB001';

const OUTCOMES: readonly AdmissionOutcome[] = [
  'accepted',
  'rejected',
  'repeat_of_accepted',
  'repeat_of_rejected',
  'conflict',
];

const TEXT = `select * from usage_admit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`;

type AdmitRow = Record<
  'group_used' | 'group_held' | 'group_limits' | 'call_used' | 'call_limits' | 'call_remaining',
  string
> & { outcomes: string | null; call_reservations: string };

const AS_TEXT = { getTypeParser: () => (value: string) => value };

/** Admits a batch in one round trip and one transaction; the answers are in the calls' order. */
export async function admitBatch(
  client: pg.ClientBase | pg.Pool,
  batch: AdmissionBatch,
  careful: boolean,
): Promise<Admission[]> {
  const { calls } = batch;
  const { groups, groupOf } = groupCalls(calls);
  const n = calls.length;
  const places = new Array<number>(n);
  const amounts = new Array<number>(n);
  const usedThrough = new Array<number>(n);
  const heldThrough = new Array<number>(n);
  const enforce = new Array<string>(n);
  let keyed = false;
  let described = false;
  let reserving = false;
  for (let i = 0; i < n; i++) {
    const call = calls[i]!;
    const group = groupOf[i]!;
    if (call.reservationId === null) group.used += call.amount;
    else group.held += call.amount;
    places[i] = group.place;
    amounts[i] = call.amount;
    usedThrough[i] = group.used;
    heldThrough[i] = group.held;
    enforce[i] = call.enforce ? 't' : 'f';
    keyed ||= call.key !== null;
    described ||= call.metadata !== null;
    reserving ||= call.reservationId !== null;
  }
  const result = await client.query<AdmitRow>({
    name: 'usage_admit',
    text: TEXT,
    types: AS_TEXT,
    values: [
      careful,
      batch.period,
      batch.occurredAt.toISOString(),
      batch.now.toISOString(),
      plainArray(groups.map((group) => group.tenantId)),
      plainArray(groups.map((group) => RESOURCE_TYPES[group.resource]!)),
      plainArray(groups.map((group) => group.used)),
      plainArray(groups.map((group) => group.held)),
      plainArray(places),
      plainArray(amounts),
      plainArray(usedThrough),
      plainArray(heldThrough),
      plainArray(enforce),
      keyed ? textArray(calls.map((call) => call.key)) : null,
      keyed ? plainArray(calls.map((call) => call.fingerprint)) : null,
      described ? textArray(calls.map((call) => call.metadata)) : null,
      reserving ? textArray(calls.map((call) => call.reservationId)) : null,
      reserving ? textArray(calls.map((call) => call.expiresAt?.toISOString() ?? null)) : null,
    ],
  });
  const row = result.rows[0]!;
  return row.outcomes === null
    ? answersOfAccepted(row, calls, groups, places, usedThrough, heldThrough)
    : answersOfMixed(row, row.outcomes);
}

/** The groups of the batch, in the order in which their counters are locked. */
function groupCalls(calls: readonly AdmissionCall[]): { groups: Group[]; groupOf: Group[] } {
  const byTenant = new Map<string, (Group | undefined)[]>();
  const groups: Group[] = [];
  const groupOf = new Array<Group>(calls.length);
  for (let i = 0; i < calls.length; i++) {
    const { tenantId, resourceType } = calls[i]!;
    let ofTenant = byTenant.get(tenantId);
    if (ofTenant === undefined) byTenant.set(tenantId, (ofTenant = []));
    const resource = RESOURCE_TYPES.indexOf(resourceType);
    let group = ofTenant[resource];
    if (group === undefined) {
      group = { tenantId, resource, used: 0, held: 0, place: 0 };
      groups.push((ofTenant[resource] = group));
    }
    groupOf[i] = group;
  }
  groups.sort((a, b) =>
    a.tenantId < b.tenantId ? -1 : a.tenantId > b.tenantId ? 1 : a.resource - b.resource,
  );
  groups.forEach((group, index) => (group.place = index + 1));
  return { groups, groupOf };
}

/** Everything fitted: each answer follows from its group's counters after the batch. */
function answersOfAccepted(
  row: AdmitRow,
  calls: readonly AdmissionCall[],
  groups: readonly Group[],
  places: readonly number[],
  usedThrough: readonly number[],
  heldThrough: readonly number[],
): Admission[] {
  const used = parseNumbers(row.group_used);
  const held = parseNumbers(row.group_held);
  const limits = parseNumbers(row.group_limits);
  const answers = new Array<Admission>(calls.length);
  for (let i = 0; i < calls.length; i++) {
    const at = places[i]! - 1;
    const group = groups[at]!;
    const limit = limits[at]!;
    const usedBehind = group.used - usedThrough[i]!;
    const heldBehind = group.held - heldThrough[i]!;
    const usedNow = used[at]! - usedBehind;
    answers[i] = {
      outcome: 'accepted',
      used: usedNow,
      limit,
      remaining: limit === null ? null : limit - usedNow - held[at]! + heldBehind,
      reservationId: calls[i]!.reservationId,
    };
  }
  return answers;
}

function answersOfMixed(row: AdmitRow, outcomes: string): Admission[] {
  const used = parseNumbers(row.call_used);
  const limits = parseNumbers(row.call_limits);
  const remaining = parseNumbers(row.call_remaining);
  const reservations = parseWords(row.call_reservations);
  return parseNumbers(outcomes).map((outcome, i) => ({
    outcome: OUTCOMES[outcome!]!,
    used: used[i]!,
    limit: limits[i]!,
    remaining: remaining[i]!,
    reservationId: reservations[i]!,
  }));
}
