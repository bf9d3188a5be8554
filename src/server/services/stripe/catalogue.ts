import type { Stripe } from 'stripe';
import { z } from 'zod';
import {
  findSetting,
  writeSetting,
} from '../../../db/repositories/operations/setting.repository.ts';
import { bindPrices } from '../../../db/repositories/billing/plan-version.repository.ts';
import type { Db } from '../../../db/client.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import { INTERVALS, type Interval, type PaidPlan } from '../../../domain/plans.ts';
import type { Logger } from '../../log.ts';
import { SharedReading } from '../plans/shared-reading.ts';
import type { StripeAccess } from './client/client.ts';
import { callStripe } from './client/errors.ts';
import {
  CATALOGUE_SLOTS,
  findPrice,
  offeredPrice,
  readOfferedPrices,
  type OfferedPrice,
} from './offered-prices.ts';
import type { PriceSnapshot } from './snapshots/schemas.ts';

/** How long prices are taken as read before Stripe is asked again. */
const FRESH_MS = 5 * 60_000;
/** How long the next reading waits after one that failed, or after one that did not have what was asked for. */
const RETRY_MS = 10_000;

const kept = z.array(offeredPrice).min(1);

/**
 * Which price is which plan. What is offered, and for how much, is read from Stripe: the price ids
 * of the configuration, else the prices with our lookup keys. The last reading is kept in the
 * database, so that a process that starts while Stripe is away knows it too.
 */
export class PriceCatalogue {
  readonly #stripe: Stripe;
  readonly #access: Pick<StripeAccess, 'prices' | 'apiBase'>;
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #log: Logger;
  #offered: OfferedPrice[] | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  readonly #reading = new SharedReading<OfferedPrice[]>();
  /** Prices that are not offered any more; which plan they are does not change. */
  readonly #retired = new Map<string, { plan: PaidPlan; interval: Interval | null } | undefined>();

  constructor(deps: {
    stripe: Stripe;
    access: Pick<StripeAccess, 'prices' | 'apiBase'>;
    db: Db;
    clock: Clock;
    log: Logger;
  }) {
    this.#stripe = deps.stripe;
    this.#access = deps.access;
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /**
   * What can be bought, cheapest plan first. Answers the last reading while Stripe is away; throws
   * 503 `stripe_unavailable` only when there never was one.
   */
  async listOffered(): Promise<OfferedPrice[]> {
    const now = this.#clock.now().getTime();
    const fresh = now - this.#readAt < FRESH_MS || now - this.#failedAt < RETRY_MS;
    if (this.#offered && fresh) return this.#offered;
    return this.#share().catch((error: unknown) => this.#lastReading(error));
  }

  /**
   * The same as Stripe has it, read after `instant`: another process may have offered by then what our last
   * reading does not have. Throws 503 `stripe_unavailable` while that cannot be known.
   */
  async listOfferedSince(instant: Date): Promise<OfferedPrice[]> {
    if (this.#offered && this.#readAt > instant.getTime()) return this.#offered;
    // One that is under way may have begun before.
    this.#reading.outdate();
    return this.#share();
  }

  #share(): Promise<OfferedPrice[]> {
    return this.#reading.share((isCurrent) => this.#read(isCurrent));
  }

  /**
   * The offered price `priceId`; throws 400 `unknown_price` for any other id. Another process may
   * offer a new one already that our last reading does not have.
   */
  async getOffered(priceId: string): Promise<OfferedPrice> {
    const find = async () => (await this.listOffered()).find((one) => one.priceId === priceId);
    const price = (await find()) ?? (this.#mayHaveChanged() ? await find() : undefined);
    if (price) return price;
    throw new BillingError(
      'unknown_price',
      'This price is not offered; GET /api/plans lists those that are.',
    );
  }

  /** Lets the next question go to Stripe, unless that was asked a moment ago. */
  #mayHaveChanged(): boolean {
    const last = Math.max(this.#readAt, this.#failedAt);
    if (this.#clock.now().getTime() - last < RETRY_MS) return false;
    this.#outdate();
    return true;
  }

  #outdate(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#reading.outdate();
  }

  /**
   * The plan of a price that a subscription has, retired ones included: by its id, else by what our
   * set-up wrote on it (`metadata.squaretable_plan`), else by its product. `undefined` when it is
   * none of ours.
   */
  async findPlan(
    price: PriceSnapshot,
  ): Promise<{ priceId: string; plan: PaidPlan; interval: Interval | null } | undefined> {
    const offered = await this.listOffered();
    const exact = offered.find((one) => one.priceId === price.id);
    const plan = exact?.plan ?? planFromMetadata(price) ?? planFromProduct(price, offered);
    return plan && { priceId: price.id, plan, interval: intervalOf(price) };
  }

  /** The same for a price of which only the id is known: one that a schedule names. */
  async findPlanById(
    priceId: string,
  ): Promise<{ plan: PaidPlan; interval: Interval | null } | undefined> {
    const offered = (await this.listOffered()).find((one) => one.priceId === priceId);
    if (offered) return offered;
    if (!this.#retired.has(priceId)) {
      const price = await callStripe(() => findPrice(this.#stripe, priceId));
      this.#retired.set(priceId, price ? await this.findPlan(price) : undefined);
    }
    return this.#retired.get(priceId);
  }

  /**
   * Which version of its plan each price sells; one that is seen for the first time sells the newest
   * from then on.
   */
  bind(prices: readonly { priceId: string; plan: PaidPlan }[]): Promise<Map<string, number>> {
    return bindPrices(this.#db, prices, this.#clock.now());
  }

  /** Forgets the last reading, so that the next question goes to Stripe. */
  expire(): void {
    this.#outdate();
    this.#failedAt = Number.NEGATIVE_INFINITY;
    this.#retired.clear();
  }

  async #read(isCurrent: () => boolean): Promise<OfferedPrice[]> {
    const now = this.#clock.now();
    const { offered, problems } = await callStripe(() =>
      readOfferedPrices(this.#stripe, this.#access.prices),
    );
    for (const problem of problems) this.#log.error({ problem }, 'price catalogue');
    if (!isCurrent()) return offered;
    if (offered.length > 0) await writeSetting(this.#db, this.#settingKey, offered, now);
    await this.bind(offered);
    if (!isCurrent()) return offered;
    this.#readAt = now.getTime();
    this.#offered = offered;
    return offered;
  }

  /** While Stripe is away the last reading stands. */
  async #lastReading(error: unknown): Promise<OfferedPrice[]> {
    const last = this.#offered ?? (await this.#findKept());
    if (!last) throw error;
    this.#failedAt = this.#clock.now().getTime();
    this.#log.warn({ err: error }, 'prices could not be read; the last reading stands');
    this.#offered = last;
    return last;
  }

  async #findKept(): Promise<OfferedPrice[] | undefined> {
    return kept.safeParse(await findSetting(this.#db, this.#settingKey)).data;
  }

  /** A local Stripe's prices are never taken for a real account's. */
  get #settingKey(): string {
    return this.#access.apiBase ? 'stripe.local.prices' : 'stripe.prices';
  }
}

function planFromMetadata(price: PriceSnapshot): PaidPlan | undefined {
  const byMetadata = price.metadata.squaretable_plan;
  if (byMetadata === 'pro' || byMetadata === 'team') return byMetadata;
  return CATALOGUE_SLOTS.find((slot) => slot.lookupKey === price.lookupKey)?.plan;
}

/** By product, unless two plans share one. */
function planFromProduct(
  price: PriceSnapshot,
  offered: readonly OfferedPrice[],
): PaidPlan | undefined {
  const plans = new Set(
    offered.flatMap((one) => (one.productId === price.productId ? one.plan : [])),
  );
  return plans.size === 1 ? [...plans][0] : undefined;
}

function intervalOf(price: PriceSnapshot): Interval | null {
  if (price.recurring?.intervalCount !== 1) return null;
  return INTERVALS.find((interval) => interval === price.recurring?.interval) ?? null;
}
