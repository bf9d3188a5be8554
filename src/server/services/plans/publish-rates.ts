import { isDeepStrictEqual } from 'node:util';
import type { Database, DbOrTx } from '../../../db/client.ts';
import {
  insertRateCard,
  listRateCards,
  lockRateCards,
} from '../../../db/repositories/billing/rate-card.repository.ts';
import { bucketOf } from '../../../db/repositories/usage/bucket.ts';
import { reweigh, type Reweighed } from '../../../db/repositories/usage/ledger/rated.ts';
import { cardAt, type RateCard } from '../../../domain/billing/usage/rate-card.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import { periodOf, previousPeriod, type Period } from '../../../domain/period.ts';

/** A card to be published, or that was. */
export interface RatePublication {
  version: number;
  effectiveAt: Date;
  /** Sentences: what differs from the card that would be in force then. */
  changes: string[];
  /** Cards that were to begin later, and never do: what is published last takes their place. */
  replaces: { version: number; effectiveAt: Date }[];
}

export interface RateDraft {
  weights: RateCard['weights'];
  /** Now unless told. */
  effectiveAt?: Date | undefined;
}

type RateDeps = { db: Database['db']; clock: Clock };

/** What publishing would do; `undefined` when the card of then is so already, and no other follows. Changes nothing. */
export async function foreseeRates(
  { db, clock }: RateDeps,
  draft: RateDraft,
): Promise<RatePublication | undefined> {
  return (await dueOf(db, draft, clock.now()))?.publication;
}

/**
 * Publishes a card where another one would be in force from its instant on. Calls that begin from then on are
 * weighed by it, those that began before keep the old one. What was to begin later still never does. 400 for an
 * instant that is over.
 */
export async function publishRates(
  { db, clock }: RateDeps,
  draft: RateDraft,
): Promise<RatePublication | undefined> {
  return db.transaction(async (tx) => {
    await lockRateCards(tx);
    const now = clock.now();
    const due = await dueOf(tx, draft, now);
    if (due) await insertRateCard(tx, due.card, now);
    return due?.publication;
  });
}

/** What a month's calls would have come to by other weights, by model, over all buckets. */
export async function reweighMonth(
  { buckets }: Pick<Database, 'buckets'>,
  period: Period,
  weights: RateCard['weights'],
): Promise<Reweighed[]> {
  const byModel = new Map<string | null, Reweighed>();
  for (const { number } of await buckets.list()) {
    const bucket = bucketOf((await buckets.of(number)).pool, number);
    for (const one of await reweigh(bucket, period, weights)) {
      const sum = byModel.get(one.model) ?? {
        ...one,
        calls: 0,
        recorded: 0,
        weighed: 0,
        refused: 0,
      };
      sum.calls += one.calls;
      sum.recorded += one.recorded;
      sum.weighed += one.weighed;
      sum.refused += one.refused;
      byModel.set(one.model, sum);
    }
  }
  return [...byModel.values()];
}

/** The month whose calls a dry run weighs again: the last one that is over. */
export const lastMonth = (now: Date): Period => previousPeriod(periodOf(now));

async function dueOf(db: DbOrTx, { weights, effectiveAt }: RateDraft, now: Date) {
  const cards = await listRateCards(db);
  const begins = effectiveAt ?? now;
  if (begins < now) {
    throw new BillingError(
      'invalid_request',
      `A card cannot begin before ${now.toISOString()}: calls that began before it keep theirs.`,
    );
  }
  const before = cardAt(cards, begins);
  const replaces = cards
    .filter((one) => one.effectiveAt > begins && cardAt(cards, one.effectiveAt) === one)
    .map(({ version, effectiveAt }) => ({ version, effectiveAt }));
  const isSame = before && isDeepStrictEqual({ ...before.weights }, { ...weights });
  if (isSame && replaces.length === 0) return undefined;
  const card = { version: (cards.at(-1)?.version ?? 0) + 1, effectiveAt: begins, weights };
  const changes = changesOf(before?.weights ?? {}, weights);
  const { version } = card;
  return { card, publication: { version, effectiveAt: begins, changes, replaces } };
}

function changesOf(before: RateCard['weights'], next: RateCard['weights']): string[] {
  const models = [...new Set([...Object.keys(before), ...Object.keys(next)])].sort();
  return models.flatMap((model) => {
    const [from, to] = [described(before, model), described(next, model)];
    return from === to ? [] : [`${model}: ${from} → ${to}`];
  });
}

function described(weights: RateCard['weights'], model: string): string {
  const own = Object.hasOwn(weights, model) ? weights[model] : undefined;
  if (own === undefined) return 'not named';
  const { input, cached, output } = own;
  return `input ${input / 1e6}, cached ${cached / 1e6}, output ${output / 1e6}`;
}
