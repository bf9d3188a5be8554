import type Stripe from 'stripe';
import { idOf } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import type { CheckoutLine } from './row.ts';

/** What one line costs today, in the currency's smallest unit. */
export interface LineAmount {
  line: CheckoutLine;
  price: Stripe.Price;
  subtotal: number;
  discount: number;
}

export interface CheckoutAmounts {
  lines: LineAmount[];
  subtotal: number;
  discount: number;
  total: number;
}

/**
 * What is due at once: with a trial nothing of what recurs, of metered prices nothing, and the
 * session's discount off whatever its coupon applies to.
 */
export function checkoutAmounts(
  ctx: Context,
  lines: CheckoutLine[],
  options: { hasTrial: boolean; coupon: Stripe.Coupon | null },
): CheckoutAmounts {
  const amounts = lines.map((line) => {
    const price = ctx.store.get('price', line.price);
    const isLater = price.recurring !== null && options.hasTrial;
    const subtotal = isLater ? 0 : priceAmount(price, line.quantity);
    return { line, price, subtotal, discount: 0 };
  });
  if (options.coupon !== null) spreadDiscount(amounts, options.coupon);
  const subtotal = sum(amounts.map((amount) => amount.subtotal));
  const discount = sum(amounts.map((amount) => amount.discount));
  return { lines: amounts, subtotal, discount, total: subtotal - discount };
}

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

/** The last applicable line takes what rounding leaves, so that the parts make the whole. */
function spreadDiscount(amounts: LineAmount[], coupon: Stripe.Coupon): void {
  const applicable = amounts.filter(({ price }) => appliesTo(coupon, price));
  const base = sum(applicable.map((amount) => amount.subtotal));
  const currency = applicable[0]?.price.currency ?? '';
  const whole =
    coupon.percent_off === null
      ? Math.min(amountOff(coupon, currency), base)
      : Math.round((base * coupon.percent_off) / 100);
  let left = whole;
  for (const [index, amount] of applicable.entries()) {
    const isLast = index === applicable.length - 1;
    const share = isLast || base === 0 ? left : Math.round((whole * amount.subtotal) / base);
    amount.discount = share;
    left -= share;
  }
}

/** What the coupon takes off in this currency, which may be one of its `currency_options`. */
export function amountOff(coupon: Stripe.Coupon, currency: string): number {
  if (coupon.currency === currency) return coupon.amount_off ?? 0;
  return coupon.currency_options?.[currency]?.amount_off ?? 0;
}

export function appliesTo(coupon: Stripe.Coupon, price: Stripe.Price): boolean {
  const products = coupon.applies_to?.products;
  return products === undefined || products.includes(idOf(price.product));
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
