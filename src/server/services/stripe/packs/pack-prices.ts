import type { Stripe } from 'stripe';
import { packContents, type PackDefinition } from '../../../../domain/billing/pack.ts';
import type { Money } from '../../../../domain/money.ts';
import { READ_TIMEOUTS } from '../client/client.ts';
import { price as priceSchema, type PriceSnapshot } from '../snapshots/schemas.ts';

/** What our set-up calls the price of a pack; it moves to the new price when the pack changes. */
export function packLookupKey(packId: string): string {
  return `squaretable_pack_${packId}`;
}

/** In a price's metadata: what it sells, as `packContents` writes it. */
export const PACK_CONTENTS = 'squaretable_pack_contents';

/** A price of a pack, and the version that it sells. */
export interface PackPrice {
  priceId: string;
  packId: string;
  version: number;
  /** One a currency; the first is the price's own. */
  amounts: Money[];
}

/**
 * The price of each pack that is sold. One of ours says what it sells; one that an operator made sells
 * the newest version. A price of something that was never published is left out, never guessed.
 */
export async function readPackPrices(
  stripe: Stripe,
  versions: readonly PackDefinition[],
): Promise<{ prices: PackPrice[]; problems: string[] }> {
  const newest = new Map(versions.map((pack) => [pack.id, pack]));
  const sold = [...newest.values()].filter(({ active }) => active);
  if (sold.length === 0) return { prices: [], problems: [] };
  const { data } = await stripe.prices.list(
    {
      lookup_keys: sold.map(({ id }) => packLookupKey(id)),
      active: true,
      limit: 100,
      expand: ['data.currency_options'],
    },
    READ_TIMEOUTS,
  );
  const found = data.map((one) => priceSchema.parse(one));
  const prices: PackPrice[] = [];
  const problems: string[] = [];
  for (const pack of sold) {
    const price = found.find(({ lookupKey }) => lookupKey === packLookupKey(pack.id));
    const offer = offerOf(pack, price, versions);
    if (typeof offer === 'string') problems.push(offer);
    else prices.push(offer);
  }
  return { prices, problems };
}

function offerOf(
  newest: PackDefinition,
  price: PriceSnapshot | undefined,
  versions: readonly PackDefinition[],
): PackPrice | string {
  const key = packLookupKey(newest.id);
  if (!price) {
    return `There is no active price with the lookup key ${key}; npm run stripe:setup makes it.`;
  }
  const { id: priceId, amountMinor, currency, currencyOptions, recurring, metadata } = price;
  if (recurring) return `The price ${priceId} of ${key} is charged again and again, not once.`;
  if (amountMinor === null) return `The price ${priceId} of ${key} has no fixed amount.`;
  const contents = metadata[PACK_CONTENTS];
  const sells =
    contents === undefined
      ? newest
      : versions.findLast((one) => one.id === newest.id && packContents(one) === contents);
  if (!sells) {
    return `The price ${priceId} of ${key} sells ${contents}, which was never published; npm run plans:publish does that.`;
  }
  const amounts = [{ amountMinor, currency }, ...currencyOptions];
  return { priceId, packId: newest.id, version: sells.version, amounts };
}
