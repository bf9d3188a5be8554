import { listSoldPacks } from '../../../db/repositories/billing/credit-pack.repository.ts';
import { listRateCards } from '../../../db/repositories/billing/rate-card.repository.ts';
import {
  listPlanVersions,
  type PublishedPlan,
} from '../../../db/repositories/billing/plan-version.repository.ts';
import type { Db } from '../../../db/client.ts';
import type { PlanShare } from '../../../domain/billing/plan-share.ts';
import {
  cardAt,
  weightsOf,
  type RateCard,
  type Rating,
} from '../../../domain/billing/usage/rate-card.ts';
import { BillingError } from '../../../domain/errors.ts';
import { PLANS, type Plan, type PlanDefinition } from '../../../domain/plans.ts';
import { SharedReading } from './shared-reading.ts';

/** After so long the newest versions are asked for again, also when nobody told of a new one. */
const FRESH_MS = 5_000;

/**
 * What the plans include, which packs of credits there are beside them, and what the tokens of models
 * weigh. A published version never changes, so it is read once; which one is the newest is asked again
 * every few seconds, and at once when one is published. Admission does not rest on it: its limit stands
 * beside the counter.
 */
export class PlanCatalogue {
  readonly #db: Db;
  #versions: ReadonlyMap<Plan, readonly PublishedPlan[]> = new Map();
  #packIds: readonly string[] = [];
  #rateCards: readonly RateCard[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  readonly #reading = new SharedReading<boolean>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** The newest version of each plan, on free that is in force, cheapest first. */
  async listNewest(): Promise<PlanDefinition[]> {
    await this.#freshen();
    return PLANS.map((plan) => this.#newest(plan));
  }

  /** The packs of credits that are sold, smallest first. */
  async listPackIds(): Promise<readonly string[]> {
    await this.#freshen();
    return this.#packIds;
  }

  /**
   * By what a call that begins at `instant` is weighed. 400 `unknown_model` for a model that the card in
   * force neither names nor has a weight for.
   */
  async ratingOf(model: string | null, instant: Date): Promise<Rating> {
    await this.#freshen();
    const card = cardAt(this.#rateCards, instant);
    if (!card) throw new Error('No rate card is published: run npm run db:migrate.');
    const weights = weightsOf(card, model);
    if (weights) return { card: card.version, model, weights };
    throw new BillingError(
      'unknown_model',
      model === null
        ? 'Say which model it was: there is no weight for an unnamed one.'
        : `There is no weight for the model "${model}": name another one.`,
      { data: { models: Object.keys(card.weights) } },
    );
  }

  /** A plan in one of its versions; null asks for the newest. */
  async get(plan: Plan, version: number | null): Promise<PlanDefinition> {
    if (version === null) {
      await this.#freshen();
      return this.#newest(plan);
    }
    const known = this.#find(plan, version);
    if (known) return known;
    // One that was begun before, or was outdated under way, may lack what is published by now.
    const isOlder = this.#reading.isUnderWay;
    const isKept = await this.#read();
    if ((isOlder || !isKept) && !this.#find(plan, version)) await this.#read();
    return this.#find(plan, version) ?? this.#newest(plan);
  }

  /** Something was published: the newest versions are asked for again. */
  expire(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#reading.outdate();
  }

  /** The part of a higher plan that is paid; `null` when the plan is whole. */
  async shareOf(paid: {
    base: Plan | null;
    baseVersion: number | null;
    from: Date | null;
    until: Date | null;
  }): Promise<PlanShare | null> {
    const { base, baseVersion, from, until } = paid;
    if (!base || !from || !until) return null;
    return { base: await this.get(base, baseVersion), from, until };
  }

  #find(plan: Plan, version: number): PlanDefinition | undefined {
    return this.#versions.get(plan)?.find((one) => one.version === version);
  }

  #newest(plan: Plan): PlanDefinition {
    const newest = this.#versions.get(plan)?.findLast((one) => !one.isOnlyAnnounced);
    if (newest) return newest;
    throw new Error(`No version of the plan ${plan} is published: run npm run db:migrate.`);
  }

  async #freshen(): Promise<void> {
    if (performance.now() - this.#readAt > FRESH_MS) await this.#read();
  }

  /** Whether it is kept: nothing was published under way. */
  #read(): Promise<boolean> {
    return this.#reading.share((isCurrent) => this.#readNow(isCurrent));
  }

  async #readNow(isCurrent: () => boolean): Promise<boolean> {
    const all = await listPlanVersions(this.#db);
    const packs = await listSoldPacks(this.#db);
    const rateCards = await listRateCards(this.#db);
    const isKept = isCurrent();
    // An outdated reading is better than none.
    if (!isKept && this.#versions.size > 0) return false;
    this.#versions = Map.groupBy(all, ({ plan }) => plan);
    this.#packIds = packs.map(({ id }) => id);
    this.#rateCards = rateCards;
    if (isKept) this.#readAt = performance.now();
    return isKept;
  }
}
