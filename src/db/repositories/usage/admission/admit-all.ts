import { databaseCode, isDataRefused, violatedConstraint } from '../../../database-error.ts';
import {
  admitBatch,
  PERIOD_NOT_OPEN,
  type Admission,
  type AdmissionBatch,
  type AdmissionCall,
} from './admit.ts';
import { admitDrawn } from '../credits/admit-drawn.ts';
import { admitOne } from './admit-one.ts';
import { admitWhole, NOT_WHOLE } from './admit-whole.ts';
import { isToComeAgain, type Bucket } from '../bucket.ts';
import { ensurePartition, openPeriod } from '../periods.ts';

/** What becomes of a call: an answer, `unknown_tenant`, or the database's refusal of this call. */
export type AdmissionResult = Admission | { outcome: 'unknown_tenant' } | Error;

/**
 * What to expect of a batch: that it fits as a `whole` (the fastest), that some of it is beyond quotas
 * and credits are `drawn` for it, that it is `mixed`, or that some of its keys answered before, which
 * is looked for only when `careful`.
 */
export type AdmissionMode = 'whole' | 'drawn' | 'mixed' | 'careful';

/** More tries than that mean something else is wrong. */
const ATTEMPTS_MAX = 20;
const CHECK_VIOLATION = '23514';
const UNIQUE_VIOLATION = '23505';

/**
 * Admits a batch whatever it meets: keys that answered before, a month that nobody opened yet, a
 * tenant that does not exist, a call that the database refuses (the others are not lost for it).
 * Throws when the database cannot be reached. `mode` is a guess that saves a try; any is right.
 */
export async function admitAll(
  bucket: Bucket,
  batch: AdmissionBatch,
  mode: AdmissionMode = 'whole',
): Promise<AdmissionResult[]> {
  let opened = false;
  const isForFunction = bucket.byCitus || batch.calls.some(needsFunction);
  if (mode !== 'careful' && isForFunction) mode = 'mixed';
  for (let attempt = 1; ; attempt += 1) {
    const rounds = mode === 'careful' ? roundsOf(batch.calls) : [];
    if (rounds.length > 1) return admitInRounds(bucket, batch, rounds);
    try {
      if (mode === 'whole' && batch.calls.length === 1) {
        const one = await admitOne(bucket, batch);
        if (one !== undefined) return [one];
        mode = 'mixed';
      }
      if (mode === 'whole') return await admitWhole(bucket, batch);
      if (mode === 'drawn') return await admitDrawn(bucket, batch);
      return await admitBatch(bucket, batch, mode === 'careful');
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw error;
      const code = databaseCode(error);
      if (code === UNIQUE_VIOLATION) {
        mode = 'careful';
      } else if (code === NOT_WHOLE) {
        mode = 'mixed';
      } else if (code === PERIOD_NOT_OPEN) {
        if (opened) return admitKnownTenants(bucket, batch, mode);
        await openPeriod(bucket, batch.period, tenantsOf(batch.calls));
        opened = true;
      } else if (code === CHECK_VIOLATION && violatedConstraint(error) === undefined) {
        // "No partition of relation": the month's first row.
        await ensurePartition(bucket, batch.period);
      } else if (isDataRefused(error)) {
        return splitOff(bucket, batch, mode, error as Error);
      } else if (!isToComeAgain(bucket, error)) {
        throw error;
      }
    }
  }
}

/**
 * The one statement takes consumptions of now alone. Citus takes it apart, keeps what its parts answer in files,
 * and sends that to every server where a part inserts it; in the function each part is a statement.
 */
export const needsFunction = ({ reservationId, startedAt }: AdmissionCall) =>
  reservationId !== null || startedAt !== undefined;

const tenantsOf = (calls: readonly AdmissionCall[]) => [
  ...new Set(calls.map((call) => call.tenantId)),
];

/** The places of calls: a key that comes twice in one batch waits for a round of its own. */
function roundsOf(calls: readonly AdmissionCall[]): number[][] {
  const rounds: number[][] = [];
  const seen = new Map<string, number>();
  calls.forEach(({ tenantId, key }, place) => {
    const name = `${tenantId}${key}`;
    const round = key === null ? 0 : (seen.get(name) ?? 0);
    seen.set(name, round + 1);
    (rounds[round] ??= []).push(place);
  });
  return rounds;
}

/** Each round is a batch of its own: what one has recorded is not asked for again by the next. */
async function admitInRounds(
  bucket: Bucket,
  batch: AdmissionBatch,
  rounds: readonly number[][],
): Promise<AdmissionResult[]> {
  const results = new Array<AdmissionResult>(batch.calls.length);
  for (const places of rounds) {
    const calls = places.map((place) => batch.calls[place]!);
    const answers = await admitAll(bucket, { ...batch, calls }, 'careful');
    places.forEach((place, i) => (results[place] = answers[i]!));
  }
  return results;
}

async function admitKnownTenants(
  bucket: Bucket,
  batch: AdmissionBatch,
  mode: AdmissionMode,
): Promise<AdmissionResult[]> {
  const found = await bucket.client.query<{ id: string }>({
    text: `select tenant_id as id from ${bucket.schema}.usage_totals where tenant_id = any($1) and period = $2`,
    values: [tenantsOf(batch.calls), batch.period],
  });
  const known = new Set(found.rows.map((row) => row.id));
  const calls = batch.calls.filter((call) => known.has(call.tenantId));
  const answers = calls.length > 0 ? await admitAll(bucket, { ...batch, calls }, mode) : [];
  let next = 0;
  return batch.calls.map((call) =>
    known.has(call.tenantId) ? answers[next++]! : { outcome: 'unknown_tenant' },
  );
}

/** Some value cannot be stored: halve until the call that has it stands alone. */
async function splitOff(
  bucket: Bucket,
  batch: AdmissionBatch,
  mode: AdmissionMode,
  error: Error,
): Promise<AdmissionResult[]> {
  const { calls } = batch;
  if (calls.length === 1) return [error];
  const middle = Math.ceil(calls.length / 2);
  const first = await admitAll(bucket, { ...batch, calls: calls.slice(0, middle) }, mode);
  const second = await admitAll(bucket, { ...batch, calls: calls.slice(middle) }, mode);
  return [...first, ...second];
}
