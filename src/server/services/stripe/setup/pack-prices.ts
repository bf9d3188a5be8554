import type { Stripe } from 'stripe';
import type { PackDraft } from '../../../../db/catalogue/plans-file.ts';
import { packContents } from '../../../../domain/billing/pack.ts';
import { soldPackName } from '../../../../domain/product.ts';
import { isMissing } from '../client/errors.ts';
import { APP_MARK } from '../customers.ts';
import { PACK_CONTENTS, packLookupKey } from '../packs/pack-prices.ts';
import { NOT_MADE, type Changes } from './changes.ts';
import { ensureTaxBehavior, type TaxTerms } from './products.ts';

/**
 * Makes the prices of packs that are not there yet. One of ours that sells something else than the pack
 * is now gives its lookup key to a new one, and goes on being paid where somebody is at it; one that
 * an operator made stays.
 */
export async function ensurePackPrices(
  stripe: Stripe,
  changes: Changes,
  packs: readonly PackDraft[],
  tax: TaxTerms,
): Promise<void> {
  if (packs.length === 0) return;
  const { data } = await stripe.prices.list({
    lookup_keys: packs.map(({ id }) => packLookupKey(id)),
    active: true,
    limit: 100,
  });
  for (const pack of packs) {
    const there = data.find((one) => one.lookup_key === packLookupKey(pack.id));
    const sells = there?.metadata[PACK_CONTENTS];
    const isRight = there && (sells === undefined || sells === packContents(pack));
    const price = isRight ? there : await createPrice(stripe, changes, pack);
    await ensureTaxBehavior(stripe, changes, price, tax);
  }
}

async function createPrice(
  stripe: Stripe,
  changes: Changes,
  pack: PackDraft,
): Promise<Pick<Stripe.Price, 'id' | 'tax_behavior'>> {
  const product = await ensureProduct(stripe, changes, pack);
  const [own, ...others] = pack.amounts;
  const make = () =>
    stripe.prices.create({
      product,
      currency: own!.currency,
      unit_amount: own!.amountMinor,
      currency_options: Object.fromEntries(
        others.map(({ currency, amountMinor }) => [currency, { unit_amount: amountMinor }]),
      ),
      lookup_key: packLookupKey(pack.id),
      transfer_lookup_key: true,
      metadata: {
        app: APP_MARK,
        squaretable_pack: pack.id,
        [PACK_CONTENTS]: packContents(pack),
      },
    });
  const instead: Pick<Stripe.Price, 'id' | 'tax_behavior'> = { id: NOT_MADE, tax_behavior: null };
  return changes.make(`the price ${packLookupKey(pack.id)}`, make, instead);
}

/** One a pack and number of credits: what is at the till, or on an old invoice, keeps its name. */
async function ensureProduct(stripe: Stripe, changes: Changes, pack: PackDraft): Promise<string> {
  const credits = pack.credits + pack.bonus;
  const id = `${packLookupKey(pack.id)}_${credits}`;
  try {
    return (await stripe.products.retrieve(id)).id;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const name = soldPackName(credits, 'en');
  const metadata = { app: APP_MARK, squaretable_pack: pack.id };
  const make = async () => (await stripe.products.create({ id, name, metadata })).id;
  return changes.make(`the product ${id}`, make, id);
}
