import { parseNumbers, plainArray, textArray } from './arrays.ts';
import { prepared, type Bucket } from './bucket.ts';
import { AS_TEXT } from './hot-path.ts';

export interface SettleCall {
  tenantId: string;
  reservationId: string;
  /** What was really used; `null` releases. */
  amount: number | null;
  /** JSON text for the ledger row; the reservation's own when null. */
  metadata: string | null;
}

export type SettleOutcome =
  'done' | 'done_before' | 'settled_otherwise' | 'released_before' | 'unknown';

export interface Settlement {
  outcome: SettleOutcome;
  /** The counters right after it; of the first time when it was done before. */
  used: number | null;
  remaining: number | null;
}

const OUTCOMES: readonly SettleOutcome[] = [
  'done',
  'done_before',
  'settled_otherwise',
  'released_before',
  'unknown',
];

const SETTLE = prepared(
  'usage_settle',
  (u) => `select * from ${u}.usage_settle($1, $2, $3, $4, $5)`,
);

/** Settles and releases a batch of reservations in one round trip and one transaction. */
export async function settleBatch(
  bucket: Bucket,
  now: Date,
  calls: readonly SettleCall[],
): Promise<Settlement[]> {
  type Row = Record<'outcomes' | 'used_after' | 'remaining_after', string>;
  const result = await bucket.client.query<Row>({
    ...SETTLE(bucket),
    types: AS_TEXT,
    values: [
      now.toISOString(),
      plainArray(calls.map((call) => call.tenantId)),
      plainArray(calls.map((call) => call.reservationId)),
      textArray(calls.map((call) => (call.amount === null ? null : String(call.amount)))),
      textArray(calls.map((call) => call.metadata)),
    ],
  });
  const row = result.rows[0]!;
  const used = parseNumbers(row.used_after);
  const remaining = parseNumbers(row.remaining_after);
  return parseNumbers(row.outcomes).map((outcome, i) => ({
    outcome: OUTCOMES[outcome!]!,
    used: used[i]!,
    remaining: remaining[i]!,
  }));
}
