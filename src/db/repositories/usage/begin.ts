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
