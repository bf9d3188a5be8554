import type Stripe from 'stripe';
import { spread } from '../billing/discount/shares.ts';
import { priceAmount, tierParts } from '../billing/catalog/cost.ts';
import { priceFor } from '../billing/catalog/price.ts';
import { amountOff, appliesTo } from '../billing/discount/coupon.ts';
import { taxesOn } from '../billing/tax/line-taxes.ts';
import type { TaxPolicy } from '../billing/tax/line-taxes.ts';
import { ratesOf } from '../billing/tax/rates.ts';
import { addTaxes, sumOf } from '../billing/tax/sums.ts';
import type { Context } from '../kernel/types.ts';
import type { CheckoutLine } from './row.ts';

/** What one line costs today, in the smallest unit of the session's currency, as `price` is too. */
export interface LineAmount {
  line: CheckoutLine;
  price: Stripe.Price;
  subtotal: number;
  discount: number;
  taxes: Stripe.InvoiceLineItem.Tax[];
  /** With the tax that comes on top. */
  total: number;
}

export interface CheckoutAmounts {
  lines: LineAmount[];
  subtotal: number;
  discount: number;
  /** All taxes, also those that are in the prices. */
  tax: number;
  total: number;
}

/**
 * What is due at once: with a trial nothing of what recurs, of metered prices nothing, the session's
 * discount off whatever its coupon applies to, and taxes on what is left.
 */
export function checkoutAmounts(
  ctx: Context,
  lines: CheckoutLine[],
  options: {
    currency: string;
    hasTrial: boolean;
    coupon: Stripe.Coupon | null;
    policy: TaxPolicy;
  },
): CheckoutAmounts {
  const costs = lines.flatMap((line) => costsOf(ctx, line, options));
  const discounts = options.coupon === null ? [] : discountsOn(costs, options.coupon);
  const parts = costs.map((cost, i) => {
    const discount = discounts[i] ?? 0;
    const amount = cost.subtotal - discount;
    const rates = ratesOf(ctx, cost.line.taxRates);
    const taxes = taxesOn(ctx, options.policy, { amount, price: cost.price, rates });
    return { ...cost, discount, taxes, total: amount + sumOf(taxes, 'exclusive') };
  });
  const amounts = lines.map((line) => together(parts.filter((part) => part.line === line)));
  return {
    lines: amounts,
    subtotal: sum(amounts.map((amount) => amount.subtotal)),
    discount: sum(amounts.map((amount) => amount.discount)),
    tax: sum(amounts.flatMap(({ taxes }) => taxes.map(({ amount }) => amount))),
    total: sum(amounts.map((amount) => amount.total)),
  };
}

/** The parts that a line costs, as its invoice will have them: a tier of a graduated price each. */
function costsOf(
  ctx: Context,
  line: CheckoutLine,
  { currency, hasTrial }: { currency: string; hasTrial: boolean },
) {
  const price = priceFor(ctx, line.price, currency);
  if (price.recurring !== null && hasTrial) return [{ line, price, subtotal: 0 }];
  const isMetered = price.recurring?.usage_type === 'metered';
  const tiers = isMetered ? null : tierParts(price, line.quantity ?? 1);
  const amounts = tiers?.map(({ amount }) => amount) ?? [priceAmount(price, line.quantity)];
  return amounts.map((subtotal) => ({ line, price, subtotal }));
}

/** The parts of one line, added up. */
function together(parts: readonly LineAmount[]): LineAmount {
  const [first] = parts;
  if (parts.length === 1) return first!;
  return {
    ...first!,
    subtotal: sum(parts.map(({ subtotal }) => subtotal)),
    discount: sum(parts.map(({ discount }) => discount)),
    taxes: addTaxes(parts.flatMap(({ taxes }) => taxes)),
    total: sum(parts.map(({ total }) => total)),
  };
}

/** What the coupon takes off each line. */
function discountsOn(
  costs: readonly { price: Stripe.Price; subtotal: number }[],
  coupon: Stripe.Coupon,
): number[] {
  const isOff = (cost: { price: Stripe.Price; subtotal: number }) =>
    cost.subtotal > 0 && appliesTo(coupon, cost.price);
  const applicable = costs.filter(isOff);
  const base = sum(applicable.map(({ subtotal }) => subtotal));
  const whole =
    coupon.percent_off === null
      ? Math.min(amountOff(coupon, applicable[0]?.price.currency ?? ''), base)
      : Math.round((base * coupon.percent_off) / 100);
  const shares = spread(
    whole,
    applicable.map(({ subtotal }) => subtotal),
  );
  return costs.map((cost) => (isOff(cost) ? shares[applicable.indexOf(cost)]! : 0));
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
