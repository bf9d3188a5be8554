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

const BEGIN = prepared('usage_begin', (u) => `select ${u}.usage_begin($1, $2, $3, $4)`);

/** Notes of a batch of reservations that their work began, in one round trip. See `usage_begin`. */
export async function beginBatch(bucket: Bucket, calls: readonly BeginCall[]): Promise<void> {
  await bucket.client.query({
    ...BEGIN(bucket),
    values: [
      plainArray(calls.map((call) => call.tenantId)),
      plainArray(calls.map((call) => call.reservationId)),
      plainArray(calls.map((call) => call.amount)),
      textArray(calls.map((call) => call.expiresAt?.toISOString() ?? null)),
    ],
  });
}
