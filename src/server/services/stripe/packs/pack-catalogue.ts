import type { Stripe } from 'stripe';
import { z } from 'zod';
import {
  bindPackPrices,
  listPackVersions,
} from '../../../../db/repositories/billing/credit-pack.repository.ts';
import {
  findSetting,
  writeSetting,
} from '../../../../db/repositories/operations/setting.repository.ts';
import type { Db } from '../../../../db/client.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { bySize, type PackDefinition } from '../../../../domain/billing/pack.ts';
import type { Logger } from '../../../log.ts';
import { SharedReading } from '../../plans/shared-reading.ts';
import type { StripeAccess } from '../client/client.ts';
import { callStripe } from '../client/errors.ts';
import { readPackPrices, type PackPrice } from './pack-prices.ts';

/** How long prices are taken as read before Stripe is asked again. */
const FRESH_MS = 60_000;
/** How long after a failed reading the next one waits. */
const RETRY_MS = 10_000;

const money = z.object({ amountMinor: z.number().int(), currency: z.string() });
const kept = z.array(
  z.object({
    priceId: z.string(),
    packId: z.string(),
    version: z.number().int(),
    amounts: z.array(money).min(1),
  }),
);

/** A pack that can be bought now: the version that its price sells, and what that price costs. */
export type OfferedPack = Omit<PackDefinition, 'active'> & { priceId: string };

interface PackCatalogueDeps {
  stripe: Stripe;
  access: Pick<StripeAccess, 'apiBase'>;
  db: Db;
  clock: Clock;
  log: Logger;
}

/**
 * Which packs can be bought, and for how much. What they are is in the database, what they cost is
 * Stripe's; the last reading is kept, for a start while Stripe is away.
 */
export class PackCatalogue {
  readonly #deps: PackCatalogueDeps;
  #prices: PackPrice[] | undefined;
  /** The newest versions at the reading: when others are published, Stripe is asked again. */
  #published = '';
  #readAt = Number.NEGATIVE_INFINITY;
  readonly #reading = new SharedReading<PackPrice[]>();

  constructor(deps: PackCatalogueDeps) {
    this.#deps = deps;
  }

  /**
   * Smallest first. Answers the last reading while Stripe is away; throws 503 `stripe_unavailable` only
   * when there never was one.
   */
  async listOffered(): Promise<OfferedPack[]> {
    const versions = await listPackVersions(this.#deps.db);
    const prices = await this.#freshPrices(versions);
    return prices
      .flatMap(({ packId, version, priceId, amounts }) => {
        const pack = versions.find((one) => one.id === packId && one.version === version);
        const isSold = versions.findLast((one) => one.id === packId)?.active;
        return pack && isSold ? { ...pack, priceId, amounts } : [];
      })
      .toSorted(bySize);
  }

  /** The offered pack; throws 400 `unknown_pack` for any other id. */
  async getOffered(packId: string): Promise<OfferedPack> {
    const pack = (await this.listOffered()).find(({ id }) => id === packId);
    if (pack) return pack;
    throw new BillingError(
      'unknown_pack',
      'This pack is not offered; GET /api/credits/packs lists those that are.',
    );
  }

  /** Forgets the last reading, so that the next question goes to Stripe. */
  expire(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#reading.outdate();
  }

  async #freshPrices(versions: readonly PackDefinition[]): Promise<PackPrice[]> {
    const published = versions.map(({ id, version }) => `${id}:${version}`).join(' ');
    const age = this.#deps.clock.now().getTime() - this.#readAt;
    if (this.#prices && age < FRESH_MS && published === this.#published) return this.#prices;
    if (published !== this.#published) this.expire();
    this.#published = published;
    return this.#reading.share((isCurrent) => this.#read(versions, isCurrent));
  }

  async #read(versions: readonly PackDefinition[], isCurrent: () => boolean): Promise<PackPrice[]> {
    const { stripe, db, clock, log } = this.#deps;
    const now = clock.now();
    try {
      const { prices, problems } = await callStripe(() => readPackPrices(stripe, versions));
      for (const problem of problems) log.error({ problem }, 'pack catalogue');
      const bound = await bindPackPrices(db, prices, now);
      const read = prices.map((one) => ({ ...one, ...bound.get(one.priceId)! }));
      if (!isCurrent()) return read;
      this.#prices = read;
      await writeSetting(db, this.#settingKey, this.#prices, now);
      this.#readAt = now.getTime();
    } catch (error) {
      this.#prices ??= kept.safeParse(await findSetting(db, this.#settingKey)).data;
      if (!this.#prices) throw error;
      log.warn({ err: error }, 'prices of packs could not be read; the last reading stands');
      if (isCurrent()) this.#readAt = now.getTime() - FRESH_MS + RETRY_MS;
    }
    return this.#prices;
  }

  /** A local Stripe's prices are never taken for a real account's. */
  get #settingKey(): string {
    return this.#deps.access.apiBase ? 'stripe.local.packs' : 'stripe.packs';
  }
}
