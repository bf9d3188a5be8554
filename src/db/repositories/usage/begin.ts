import { repeated } from '../../repeated.ts';
import { plainArray, textArray } from './arrays.ts';
import { prepared, type Bucket } from './bucket.ts';

/** What is owed of a reservation's work by now, should nobody come to settle it. */
export interface BeginCall {
  tenantId: string;
  reservationId: string;
  /** Units; what is written never falls. */
  amount: number;
  /** Until when the hold lives on; as before when null. */
  expiresAt: Date | null;
}

const BEGIN = prepared(
  'usage_note_begun',
  (u) => `select known from ${u}.usage_note_begun($1, $2, $3, $4)`,
);

/**
 * Notes of a batch of reservations that their work began, in one round trip; answers which of them are
 * known here. See `usage_note_begun`.
 */
export async function beginBatch(bucket: Bucket, calls: readonly BeginCall[]): Promise<boolean[]> {
  const notes = notesOf(calls);
  const known = await repeated(() => note(bucket, [...notes.values()]));
  const places = new Map([...notes.keys()].map((key, place) => [key, place]));
  return calls.map((call) => known[places.get(keyOf(call))!]!);
}

const keyOf = ({ tenantId, reservationId }: BeginCall) => `${tenantId} ${reservationId}`;

/**
 * What is to be written of each reservation, in one order for everybody. Each comes once: the second
 * change of a row in one transaction waits for the counter that it refers to, whose holder may wait
 * for the row.
 */
function notesOf(calls: readonly BeginCall[]): Map<string, BeginCall> {
  const notes = new Map<string, BeginCall>();
  for (const call of calls.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))) {
    const key = keyOf(call);
    const before = notes.get(key);
    notes.set(key, before ? atLeast(before, call) : call);
  }
  return notes;
}

function atLeast(one: BeginCall, other: BeginCall): BeginCall {
  const ends = [one.expiresAt, other.expiresAt].filter((end) => end !== null);
  return {
    ...one,
    amount: Math.max(one.amount, other.amount),
    expiresAt: ends.length > 0 ? new Date(Math.max(...ends.map(Number))) : null,
  };
}

async function note(bucket: Bucket, calls: readonly BeginCall[]): Promise<boolean[]> {
  const result = await bucket.client.query<{ known: boolean[] }>({
    ...BEGIN(bucket),
    values: [
      plainArray(calls.map((call) => call.tenantId)),
      plainArray(calls.map((call) => call.reservationId)),
      plainArray(calls.map((call) => call.amount)),
      textArray(calls.map((call) => call.expiresAt?.toISOString() ?? null)),
    ],
  });
  return result.rows[0]!.known;
}
