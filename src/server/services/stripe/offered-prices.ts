import type { Stripe } from 'stripe';
import { z } from 'zod';
import { INTERVALS, PAID_PLANS, type Interval, type PaidPlan } from '../../../domain/plans.ts';
import type { Env } from '../../config/env.ts';
import type { ConfiguredPrices } from '../../config/stripe.config.ts';
import { READ_TIMEOUTS } from './client/client.ts';
import { isMissing } from './client/errors.ts';
import { price as priceSchema, type PriceSnapshot } from './snapshots/schemas.ts';

/** Also how the last reading is kept. */
export const offeredPrice = z.object({
  priceId: z.string(),
  plan: z.enum(PAID_PLANS),
  interval: z.enum(INTERVALS),
  amountMinor: z.number().int(),
  currency: z.string(),
  // Absent in what the version before kept.
  currencyOptions: z
    .array(z.object({ amountMinor: z.number().int(), currency: z.string() }))
    .default([]),
  productId: z.string(),
});

/** A price that can be bought now. */
export type OfferedPrice = z.infer<typeof offeredPrice>;

export interface CatalogueSlot {
  plan: PaidPlan;
  interval: Interval;
  /** What our set-up calls the price at Stripe; it moves to the new price when the amount changes. */
  lookupKey: string;
  configured: keyof ConfiguredPrices;
  variable: keyof Env;
  /** What the set-up charges where the account has no such price yet, in fen. */
  firstAmountMinor: number;
}

/** By plan: the type checker asks for the slots of every plan that is paid. */
const SLOTS: Readonly<Record<PaidPlan, readonly Omit<CatalogueSlot, 'plan'>[]>> = {
  pro: [
    {
      interval: 'month',
      lookupKey: 'squaretable_pro_monthly',
      configured: 'proMonthly',
      variable: 'STRIPE_PRICE_PRO_MONTHLY',
      firstAmountMinor: 2_900,
    },
    {
      interval: 'year',
      lookupKey: 'squaretable_pro_yearly',
      configured: 'proYearly',
      variable: 'STRIPE_PRICE_PRO_YEARLY',
      firstAmountMinor: 29_000,
    },
  ],
  team: [
    {
      interval: 'month',
      lookupKey: 'squaretable_team_monthly',
      configured: 'teamMonthly',
      variable: 'STRIPE_PRICE_TEAM_MONTHLY',
      firstAmountMinor: 9_900,
    },
  ],
};

/** What can be offered: each slot is one price at Stripe. */
export const CATALOGUE_SLOTS: readonly CatalogueSlot[] = PAID_PLANS.flatMap((plan) =>
  SLOTS[plan].map((slot) => ({ plan, ...slot })),
);

export interface OfferedReading {
  offered: OfferedPrice[];
  /** Sentences about slots that cannot be offered, and why. */
  problems: string[];
}

/**
 * Reads the price of every slot: by the configured id, else by lookup key. A slot whose price is
 * missing, archived or of another interval is left out, never guessed.
 */
export async function readOfferedPrices(
  stripe: Stripe,
  configured: ConfiguredPrices,
): Promise<OfferedReading> {
  const byLookupKey = await listByLookupKey(stripe, configured);
  const reading: OfferedReading = { offered: [], problems: [] };
  for (const slot of CATALOGUE_SLOTS) {
    const id = configured[slot.configured];
    const found = id ? await findPrice(stripe, id) : byLookupKey.get(slot.lookupKey);
    const offer = found ? offerOf(slot, found) : missing(slot, id);
    if (typeof offer === 'string') reading.problems.push(offer);
    else reading.offered.push(offer);
  }
  return reading;
}

async function listByLookupKey(
  stripe: Stripe,
  configured: ConfiguredPrices,
): Promise<Map<string, PriceSnapshot>> {
  const keys = CATALOGUE_SLOTS.filter((slot) => !configured[slot.configured]);
  if (keys.length === 0) return new Map();
  const { data } = await stripe.prices.list(
    {
      lookup_keys: keys.map((slot) => slot.lookupKey),
      active: true,
      limit: 10,
      expand: ['data.currency_options'],
    },
    READ_TIMEOUTS,
  );
  const prices = data.map((one) => priceSchema.parse(one));
  return new Map(prices.flatMap((one) => (one.lookupKey ? [[one.lookupKey, one] as const] : [])));
}

/** The price of that id; `undefined` when this account has none. */
export async function findPrice(stripe: Stripe, id: string): Promise<PriceSnapshot | undefined> {
  try {
    const params = { expand: ['currency_options'] };
    return priceSchema.parse(await stripe.prices.retrieve(id, params, READ_TIMEOUTS));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function missing(slot: CatalogueSlot, id: string | undefined): string {
  return id
    ? `${slot.variable} names ${id}, which this Stripe account does not have.`
    : `There is no active price with the lookup key ${slot.lookupKey}; npm run stripe:setup makes it.`;
}

function offerOf(slot: CatalogueSlot, price: PriceSnapshot): OfferedPrice | string {
  const { plan, interval, variable } = slot;
  if (!price.active) return `The price ${price.id} of ${variable} is archived.`;
  if (price.recurring?.interval !== interval || price.recurring.intervalCount !== 1) {
    return `The price ${price.id} of ${variable} is not charged once a ${interval}.`;
  }
  if (price.amountMinor === null)
    return `The price ${price.id} of ${variable} has no fixed amount.`;
  const { id, amountMinor, currency, currencyOptions, productId } = price;
  return { priceId: id, plan, interval, amountMinor, currency, currencyOptions, productId };
}
