import type { Stripe } from 'stripe';
import { PLAN_CATALOGUE, type PaidPlan } from '../../../../domain/plans.ts';
import { APP_MARK } from '../customers.ts';
import { isMissing } from '../client/errors.ts';
import { CATALOGUE_SLOTS, type CatalogueSlot } from '../offered-prices.ts';

/** What the set-up charges where the account has no such price yet, in the minor unit of `CURRENCY`. */
const FIRST_AMOUNTS: Record<string, number> = {
  squaretable_pro_monthly: 2_900,
  squaretable_pro_yearly: 29_000,
  squaretable_team_monthly: 9_900,
};
const CURRENCY = 'cny';

export interface EnsuredPrice extends CatalogueSlot {
  priceId: string;
  productId: string;
}

/**
 * Makes the products and prices that are not there yet. What is there stays as it is: the
 * operator's amounts, names and archived prices win.
 */
export async function ensurePrices(stripe: Stripe): Promise<EnsuredPrice[]> {
  const products = {
    pro: await ensureProduct(stripe, 'pro'),
    team: await ensureProduct(stripe, 'team'),
  };
  const existing = await stripe.prices.list({
    lookup_keys: CATALOGUE_SLOTS.map((slot) => slot.lookupKey),
    active: true,
    limit: 10,
  });
  const ensured: EnsuredPrice[] = [];
  for (const slot of CATALOGUE_SLOTS) {
    const price =
      existing.data.find((one) => one.lookup_key === slot.lookupKey) ??
      (await createPrice(stripe, slot, products[slot.plan]));
    const productId = typeof price.product === 'string' ? price.product : price.product.id;
    ensured.push({ ...slot, priceId: price.id, productId });
  }
  return ensured;
}

async function ensureProduct(stripe: Stripe, plan: PaidPlan): Promise<string> {
  const id = `squaretable_${plan}`;
  try {
    return (await stripe.products.retrieve(id)).id;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const product = await stripe.products.create({
    id,
    name: `Small Squaretable ${PLAN_CATALOGUE[plan].name}`,
    metadata: { app: APP_MARK, squaretable_plan: plan },
  });
  return product.id;
}

function createPrice(
  stripe: Stripe,
  { plan, interval, lookupKey }: CatalogueSlot,
  product: string,
): Promise<Stripe.Price> {
  const amount = FIRST_AMOUNTS[lookupKey];
  if (amount === undefined) throw new Error(`No first amount is written down for ${lookupKey}.`);
  return stripe.prices.create({
    product,
    currency: CURRENCY,
    unit_amount: amount,
    recurring: { interval },
    lookup_key: lookupKey,
    metadata: { app: APP_MARK, squaretable_plan: plan },
  });
}
