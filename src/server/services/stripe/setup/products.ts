import type { Stripe } from 'stripe';
import { PAID_PLANS, type PaidPlan } from '../../../../domain/plans.ts';
import { soldName } from '../../../../domain/product.ts';
import { APP_MARK } from '../customers.ts';
import { isMissing } from '../client/errors.ts';
import { NOT_MADE, type Changes } from './changes.ts';
import { CATALOGUE_SLOTS, type CatalogueSlot } from '../offered-prices.ts';

const CURRENCY = 'cny';

export interface EnsuredPrice extends CatalogueSlot {
  priceId: string;
  productId: string;
}

export interface TaxTerms {
  automaticTax: boolean;
}

type MadePrice = Pick<Stripe.Price, 'id' | 'product' | 'tax_behavior'>;

/**
 * Makes the products and prices that are not there yet. What is there stays as it is: the
 * operator's amounts, names and archived prices win.
 */
export async function ensurePrices(
  stripe: Stripe,
  changes: Changes,
  tax: TaxTerms = { automaticTax: false },
): Promise<EnsuredPrice[]> {
  const products = new Map<PaidPlan, string>();
  for (const plan of PAID_PLANS) products.set(plan, await ensureProduct(stripe, changes, plan));
  const existing = await stripe.prices.list({
    lookup_keys: CATALOGUE_SLOTS.map((slot) => slot.lookupKey),
    active: true,
    limit: 10,
  });
  const ensured: EnsuredPrice[] = [];
  for (const slot of CATALOGUE_SLOTS) {
    const price =
      existing.data.find((one) => one.lookup_key === slot.lookupKey) ??
      (await createPrice(stripe, changes, slot, products.get(slot.plan)!));
    await ensureTaxBehavior(stripe, changes, price, tax);
    const productId = typeof price.product === 'string' ? price.product : price.product.id;
    ensured.push({ ...slot, priceId: price.id, productId });
  }
  return ensured;
}

async function ensureProduct(stripe: Stripe, changes: Changes, plan: PaidPlan): Promise<string> {
  const id = `squaretable_${plan}`;
  try {
    return (await stripe.products.retrieve(id)).id;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const name = soldName(plan, 'en');
  const metadata = { app: APP_MARK, squaretable_plan: plan };
  const make = () => stripe.products.create({ id, name, metadata });
  return (await changes.make(`the product ${id}`, make, { id })).id;
}

function createPrice(
  stripe: Stripe,
  changes: Changes,
  { plan, interval, lookupKey, firstAmountMinor }: CatalogueSlot,
  product: string,
): Promise<MadePrice> {
  const make = () =>
    stripe.prices.create({
      product,
      currency: CURRENCY,
      unit_amount: firstAmountMinor,
      recurring: { interval },
      lookup_key: lookupKey,
      metadata: { app: APP_MARK, squaretable_plan: plan },
    });
  const instead: MadePrice = { id: NOT_MADE, product, tax_behavior: null };
  return changes.make(`the price ${lookupKey}`, make, instead);
}

/**
 * Where tax is automatic a price has to say whether it holds the tax already. Ours do: what stands on
 * the page is what is paid. Stripe takes the word once, so one that an operator said stays.
 */
export async function ensureTaxBehavior(
  stripe: Stripe,
  changes: Changes,
  { id, tax_behavior }: Pick<Stripe.Price, 'id' | 'tax_behavior'>,
  { automaticTax }: TaxTerms,
): Promise<void> {
  if (!automaticTax || (tax_behavior ?? 'unspecified') !== 'unspecified') return;
  await changes.update(`tax of the price ${id}`, () =>
    stripe.prices.update(id, { tax_behavior: 'inclusive' }),
  );
}
