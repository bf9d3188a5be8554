import { RESOURCE_TYPES, type ResourceType } from '../../../../domain/quota.ts';
import { plainArray, textArray } from '../arrays.ts';

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
  /** When its work started, where the caller said; on the day of the batch. Else with the batch. */
  startedAt?: Date | undefined;
}

/** The calls of one (tenant, resource), which share a row of counters. */
export interface Group {
  tenantId: string;
  resource: number;
  /** Sums of what its calls want recorded and held. */
  used: number;
  held: number;
  /** 1-based place in the sorted batch. */
  place: number;
}

/** A batch as arrays, one entry a group or a call, and what the answers are derived from. */
export interface EncodedBatch {
  calls: readonly AdmissionCall[];
  groups: readonly Group[];
  /** Of each call: its group's place, and its group's sums up to and including it. */
  places: readonly number[];
  usedThrough: readonly number[];
  heldThrough: readonly number[];
  keyed: boolean;
  reserving: boolean;
  /** Some calls name when their work started. */
  dated: boolean;
  groupTenants: string;
  groupResources: string;
  groupUsed: string;
  amounts: string;
  keys: string | null;
  fingerprints: string | null;
  metadata: string | null;
}

export function encodeBatch(calls: readonly AdmissionCall[]): EncodedBatch {
  const { groups, groupOf } = groupCalls(calls);
  const n = calls.length;
  const places = new Array<number>(n);
  const amounts = new Array<number>(n);
  const usedThrough = new Array<number>(n);
  const heldThrough = new Array<number>(n);
  let keyed = false;
  let described = false;
  let reserving = false;
  let dated = false;
  for (let i = 0; i < n; i++) {
    const call = calls[i]!;
    const group = groupOf[i]!;
    if (call.reservationId === null) group.used += call.amount;
    else group.held += call.amount;
    places[i] = group.place;
    amounts[i] = call.amount;
    usedThrough[i] = group.used;
    heldThrough[i] = group.held;
    keyed ||= call.key !== null;
    described ||= call.metadata !== null;
    reserving ||= call.reservationId !== null;
    dated ||= call.startedAt !== undefined;
  }
  return {
    ...{ calls, groups, places, usedThrough, heldThrough, keyed, reserving, dated },
    groupTenants: plainArray(groups.map((group) => group.tenantId)),
    groupResources: plainArray(groups.map((group) => RESOURCE_TYPES[group.resource]!)),
    groupUsed: plainArray(groups.map((group) => group.used)),
    amounts: plainArray(amounts),
    keys: keyed ? textArray(calls.map((call) => call.key)) : null,
    fingerprints: keyed ? plainArray(calls.map((call) => call.fingerprint)) : null,
    metadata: described ? textArray(calls.map((call) => call.metadata)) : null,
  };
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
