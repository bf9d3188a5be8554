import { productName } from '../catalog/name.ts';
import type Stripe from 'stripe';
import { asDecimal } from '../../schema/decimal.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { aggregateUsage } from '../meter-usage.ts';
import { isActiveDiscount, prorate, shareDiscounts } from '../amounts.ts';
import { idsOf } from '../tax/rates.ts';
import { priceAmount } from '../catalog/cost.ts';
import { periodAt } from '../calendar.ts';
import { moneyText } from '../currencies.ts';
import type { Period } from '../calendar.ts';
import type { LineDraft } from '../invoice/line.ts';

type Item = Stripe.SubscriptionItem;

export function priceOf(ctx: Context, item: Item): Stripe.Price {
  return ctx.store.get('price', item.price.id);
}

export function isMetered(item: Item): boolean {
  return item.price.recurring!.usage_type === 'metered';
}

/** The discounts over all items that count at `at`. Those of the subscription replace the customer's. */
export function discountsAt(ctx: Context, subscription: Stripe.Subscription, at: number): string[] {
  return subscription.discounts.map(idOf).filter((id) => isActiveDiscount(ctx, id, at));
}

/** What a full period of the item costs before discounts; metered items are billed afterwards. */
export function fullAmount(ctx: Context, item: Item): number {
  return isMetered(item) ? 0 : priceAmount(priceOf(ctx, item), item.quantity ?? 1);
}

/** What a full period of each item costs after discounts, in the order of the items. */
export function netAmounts(
  ctx: Context,
  subscription: Stripe.Subscription,
  items: readonly Item[],
  at: number,
): number[] {
  const parts = items.map((item) => ({
    amount: fullAmount(ctx, item),
    price: priceOf(ctx, item),
    discounts: item.discounts.map(idOf).filter((id) => isActiveDiscount(ctx, id, at)),
    isDiscountable: true,
  }));
  const discounts = discountsAt(ctx, subscription, at);
  const shares = shareDiscounts(ctx, parts, discounts, subscription.currency);
  return parts.map(({ amount }, i) => {
    return amount - shares[i]!.reduce((sum, share) => sum + share.amount, 0);
  });
}

/** The line for an item's coming period, in advance. A first period cut short costs its part. */
export function periodLine(
  ctx: Context,
  subscription: Stripe.Subscription,
  item: Item,
  kind: 'full' | 'part' | 'trial' | 'free',
): LineDraft {
  const price = priceOf(ctx, item);
  const period = { start: item.current_period_start, end: item.current_period_end };
  const quantity = item.quantity ?? 0;
  const full = fullPeriod(subscription, item);
  const whole = fullAmount(ctx, item);
  const amount =
    kind === 'trial' || kind === 'free'
      ? 0
      : kind === 'part'
        ? prorate(whole, period.start, full.start, full.end)
        : whole;
  return {
    amount,
    currency: subscription.currency,
    description: describe(ctx, subscription, item, kind === 'trial'),
    period,
    price,
    quantity: isMetered(item) ? 0 : quantity,
    discounts: item.discounts.map(idOf).filter((id) => isActiveDiscount(ctx, id, ctx.now)),
    isDiscountable: true,
    subscription: subscription.id,
    subscriptionItem: item.id,
    invoiceItem: null,
    isProration: false,
    ...(kind === 'trial' || kind === 'free' ? { unitAmount: asDecimal(0) } : {}),
    credited: null,
    taxRates: idsOf(item.tax_rates),
    metadata: {},
  };
}

/** The line for usage in a period that is over. */
export function usageLine(
  ctx: Context,
  subscription: Stripe.Subscription,
  item: Item,
  period: Period,
): LineDraft {
  const price = priceOf(ctx, item);
  const customer = idOf(subscription.customer);
  const meter = price.recurring!.meter;
  const usage = meter === null ? 0 : aggregateUsage(ctx, meter, customer, period.start, period.end);
  const asLicensed = {
    ...price,
    recurring: { ...price.recurring!, usage_type: 'licensed' as const },
  };
  return {
    ...periodLine(ctx, subscription, item, 'full'),
    amount: usage > 0 ? priceAmount(asLicensed, usage) : 0,
    description: `${counted(ctx, price, usage)} (${rate(price)})`,
    period,
    quantity: Math.round(usage),
  };
}

/** The whole period that the item's current one is, or is the rest of. */
export function fullPeriod(subscription: Stripe.Subscription, item: Item): Period {
  const { billing_cycle_anchor: anchor } = subscription;
  return periodAt(anchor, item.price.recurring!, item.current_period_start);
}

function describe(
  ctx: Context,
  { billing_mode }: Stripe.Subscription,
  item: Item,
  isTrial: boolean,
): string {
  const price = priceOf(ctx, item);
  const name = productName(ctx, price);
  if (isTrial) {
    return billing_mode.type === 'flexible'
      ? `Free trial for ${counted(ctx, price, item.quantity ?? 1)}`
      : `Trial period for ${name}`;
  }
  return `${counted(ctx, price, item.quantity ?? 0)} (${rate(price)})`;
}

/** `1 × Pro`, or with the product's unit `1 seat × Pro`. */
function counted(ctx: Context, price: Stripe.Price, quantity: number): string {
  const unit = ctx.store.find('product', idOf(price.product))?.unit_label;
  return `${quantity} ${unit ? `${unit} ` : ''}× ${productName(ctx, price)}`;
}

/** `at $29.00 / month`, or for every third month `… / every 3 months`. */
function rate(price: Stripe.Price): string {
  const { interval, interval_count } = price.recurring!;
  const every = interval_count === 1 ? interval : `every ${interval_count} ${interval}s`;
  if (price.billing_scheme === 'tiered') return `Tier 1 at ${every}`;
  return `at ${moneyText(Number(price.unit_amount_decimal), price.currency)} / ${every}`;
}
