import { plainArray, textArray } from './arrays.ts';
import type { Asks } from './hot-path.ts';

/** What is owed of a reservation's work by now, should nobody come to settle it. */
export interface BeginCall {
  tenantId: string;
  reservationId: string;
  /** Units; what is written never falls. */
  amount: number;
  /** Until when the hold lives on; as before when null. */
  expiresAt: Date | null;
}

/** Notes of a batch of reservations that their work began, in one round trip. See `usage_begin`. */
export async function beginBatch(client: Asks, calls: readonly BeginCall[]): Promise<void> {
  await client.query({
    name: 'usage_begin',
    text: 'select usage_begin($1, $2, $3, $4)',
    values: [
      plainArray(calls.map((call) => call.tenantId)),
      plainArray(calls.map((call) => call.reservationId)),
      plainArray(calls.map((call) => call.amount)),
      textArray(calls.map((call) => call.expiresAt?.toISOString() ?? null)),
    ],
  });
}
