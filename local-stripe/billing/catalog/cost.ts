import type Stripe from 'stripe';

/** The amount of `quantity` of a price; a metered price costs nothing yet. */
export function priceAmount(price: Stripe.Price, quantity: number | null): number {
  if (price.recurring?.usage_type === 'metered') return 0;
  const count = quantity ?? 1;
  if (price.billing_scheme === 'tiered') return tieredAmount(price, count);
  const packages =
    price.transform_quantity === null
      ? count
      : roundPackages(count / price.transform_quantity.divide_by, price.transform_quantity.round);
  return Math.round(unitAmount(price) * packages);
}

function unitAmount(price: { unit_amount: number | null; unit_amount_decimal: unknown }): number {
  return Number(price.unit_amount_decimal ?? price.unit_amount ?? 0);
}

function roundPackages(packages: number, round: string): number {
  return round === 'up' ? Math.ceil(packages) : Math.floor(packages);
}

function tieredAmount(price: Stripe.Price, quantity: number): number {
  const tiers = price.tiers ?? [];
  const tierOf = (tier: Stripe.Price.Tier, units: number): number =>
    Number(tier.unit_amount_decimal ?? tier.unit_amount ?? 0) * units +
    Number(tier.flat_amount_decimal ?? tier.flat_amount ?? 0);
  if (price.tiers_mode === 'volume') {
    const tier = tiers.find(({ up_to }) => up_to === null || quantity <= up_to);
    return tier === undefined ? 0 : Math.round(tierOf(tier, quantity));
  }
  let total = 0;
  let reached = 0;
  for (const tier of tiers) {
    if (quantity <= reached) break;
    const end = Math.min(quantity, tier.up_to ?? quantity);
    total += tierOf(tier, end - reached);
    reached = end;
  }
  return Math.round(total);
}
