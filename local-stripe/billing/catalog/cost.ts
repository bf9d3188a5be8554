import type Stripe from 'stripe';

type Tier = Stripe.Price.Tier;

/** The amount of `quantity` of a price; a metered price costs nothing yet. */
export function priceAmount(price: Stripe.Price, quantity: number | null): number {
  if (price.recurring?.usage_type === 'metered') return 0;
  return usageAmount(price, quantity ?? 1);
}

/** The same, of a metered price too: what has been used is known. */
export function usageAmount(price: Stripe.Price, quantity: number): number {
  if (price.billing_scheme === 'tiered') {
    const parts = tierParts(price, quantity);
    if (parts !== null) return parts.reduce((sum, { amount }) => sum + amount, 0);
    const { tier } = tierReached(price, quantity);
    return Math.round(unitOf(tier) * quantity + flatOf(tier));
  }
  const packages =
    price.transform_quantity === null
      ? quantity
      : roundPackages(
          quantity / price.transform_quantity.divide_by,
          price.transform_quantity.round,
        );
  return Math.round(Number(price.unit_amount_decimal ?? price.unit_amount ?? 0) * packages);
}

function roundPackages(packages: number, round: string): number {
  return round === 'up' ? Math.ceil(packages) : Math.floor(packages);
}

/** What one tier of a graduated price costs: its units, or the flat amount of the whole tier. */
export interface TierPart {
  /** Which tier, from 1. */
  tier: number;
  /** Of its units; 0 where it is the flat amount. */
  quantity: number;
  isFlat: boolean;
  /** Of one unit, or flat; in minor units with their fractions. */
  rate: number;
  /** In minor units, rounded: it is a line of its own. */
  amount: number;
}

/**
 * The parts of a graduated price, in the order of an invoice's lines; null for any other price. The
 * first tier begins at nothing, so its flat amount is billed also where nothing was used (an invoice
 * of real Stripe, quoted publicly: `0 character × Basic (Tier 1 at $0.00 / day)`, then $9.99 flat).
 */
export function tierParts(price: Stripe.Price, quantity: number): TierPart[] | null {
  if (price.tiers_mode !== 'graduated') return null;
  const parts: TierPart[] = [];
  let reached = 0;
  for (const [i, tier] of (price.tiers ?? []).entries()) {
    if (i > 0 && quantity <= reached) break;
    const end = Math.min(quantity, tier.up_to ?? quantity);
    const units = end - reached;
    const [unit, flat] = [unitOf(tier), flatOf(tier)];
    parts.push({
      tier: i + 1,
      quantity: units,
      isFlat: false,
      rate: unit,
      amount: Math.round(unit * units),
    });
    if (tier.flat_amount_decimal !== null) {
      parts.push({ tier: i + 1, quantity: 0, isFlat: true, rate: flat, amount: Math.round(flat) });
    }
    reached = end;
  }
  return parts;
}

/** The tier that a quantity of a tiered price reaches: of a volume price that of every unit. */
export function tierReached(
  price: Stripe.Price,
  quantity: number,
): { tier: Tier; number: number; rate: number } {
  const tiers = price.tiers ?? [];
  const index = tiers.findIndex(({ up_to }) => up_to === null || quantity <= up_to);
  const tier = tiers[index]!;
  return { tier, number: index + 1, rate: unitOf(tier) };
}

function unitOf(tier: Tier): number {
  return Number(tier.unit_amount_decimal ?? tier.unit_amount ?? 0);
}

function flatOf(tier: Tier): number {
  return Number(tier.flat_amount_decimal ?? tier.flat_amount ?? 0);
}
