import type Stripe from 'stripe';
import { asDecimal } from '../../schema/decimal.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { aggregateUsage } from '../meter-usage.ts';
import { isActiveDiscount, prorate, shareDiscounts, spread } from '../discount/shares.ts';
import { idsOf } from '../tax/rates.ts';
import { priceAmount, tierParts, usageAmount } from '../catalog/cost.ts';
import { priceFor } from '../catalog/price.ts';
import { periodAt } from '../calendar.ts';
import type { Period } from '../calendar.ts';
import type { LineDraft } from '../invoice/line.ts';
import { lineText, tierText, trialText } from './line-texts.ts';

type Item = Stripe.SubscriptionItem;

/** The price of an item, in the currency of its subscription. */
export function priceOf(
  ctx: Context,
  item: Item,
  { currency }: Pick<Stripe.Subscription, 'currency'>,
): Stripe.Price {
  return priceFor(ctx, item.price.id, currency);
}

export function isMetered(item: Item): boolean {
  return item.price.recurring!.usage_type === 'metered';
}

/** The discounts over all items that count at `at`. Those of the subscription replace the customer's. */
export function discountsAt(ctx: Context, subscription: Stripe.Subscription, at: number): string[] {
  return subscription.discounts.map(idOf).filter((id) => isActiveDiscount(ctx, id, at));
}

/** What a full period of the item costs before discounts; metered items are billed afterwards. */
export function fullAmount(
  ctx: Context,
  subscription: Pick<Stripe.Subscription, 'currency'>,
  item: Item,
): number {
  if (isMetered(item)) return 0;
  return priceAmount(priceOf(ctx, item, subscription), item.quantity ?? 1);
}

/** What a full period of each item costs after discounts, in the order of the items. */
export function netAmounts(
  ctx: Context,
  subscription: Stripe.Subscription,
  items: readonly Item[],
  at: number,
): number[] {
  const parts = items.map((item) => ({
    amount: fullAmount(ctx, subscription, item),
    price: priceOf(ctx, item, subscription),
    discounts: item.discounts.map(idOf).filter((id) => isActiveDiscount(ctx, id, at)),
    isDiscountable: true,
  }));
  const discounts = discountsAt(ctx, subscription, at);
  const shares = shareDiscounts(ctx, parts, discounts, subscription.currency);
  return parts.map(({ amount }, i) => {
    return amount - shares[i]!.reduce((sum, share) => sum + share.amount, 0);
  });
}

/**
 * The lines for an item's coming period, in advance: of a graduated price one for each tier. A first
 * period cut short costs its part.
 */
export function periodLines(
  ctx: Context,
  subscription: Stripe.Subscription,
  item: Item,
  kind: 'full' | 'part' | 'trial' | 'free',
): LineDraft[] {
  const line = periodLine(ctx, subscription, item, kind);
  if (kind === 'trial' || kind === 'free' || isMetered(item)) return [line];
  return byTier(ctx, line, priceOf(ctx, item, subscription), item.quantity ?? 1);
}

function periodLine(
  ctx: Context,
  subscription: Stripe.Subscription,
  item: Item,
  kind: 'full' | 'part' | 'trial' | 'free',
): LineDraft {
  const price = priceOf(ctx, item, subscription);
  const period = { start: item.current_period_start, end: item.current_period_end };
  const quantity = item.quantity ?? 0;
  const full = fullPeriod(subscription, item);
  const whole = fullAmount(ctx, subscription, item);
  const amount =
    kind === 'trial' || kind === 'free'
      ? 0
      : kind === 'part'
        ? prorate(whole, period.start, full.start, full.end)
        : whole;
  return {
    amount,
    currency: subscription.currency,
    description:
      kind === 'trial'
        ? trialText(ctx, subscription, price, item.quantity ?? 1)
        : lineText(ctx, price, quantity),
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

/** The lines for usage in a period that is over. Usage corrected below nothing is nothing. */
export function usageLines(
  ctx: Context,
  subscription: Stripe.Subscription,
  item: Item,
  period: Period,
): LineDraft[] {
  const price = priceOf(ctx, item, subscription);
  const customer = idOf(subscription.customer);
  const meter = price.recurring!.meter;
  const sum = meter === null ? 0 : aggregateUsage(ctx, meter, customer, period.start, period.end);
  const usage = Math.max(0, sum);
  const line = {
    ...periodLine(ctx, subscription, item, 'full'),
    amount: usageAmount(price, usage),
    description: lineText(ctx, price, usage),
    period,
    quantity: Math.round(usage),
  };
  return byTier(ctx, line, price, usage);
}

/** What was used up to now and is not billed yet, of the items where it costs something. */
export function outstandingUsage(ctx: Context, subscription: Stripe.Subscription): LineDraft[] {
  if (subscription.status === 'trialing') return [];
  return subscription.items.data.filter(isMetered).flatMap((item) => {
    const period = { start: item.current_period_start, end: ctx.now };
    const lines = usageLines(ctx, subscription, item, period);
    return lines.some(({ amount }) => amount !== 0) ? lines : [];
  });
}

/** A line for each tier of a graduated price: together they cost what the line costs. */
function byTier(ctx: Context, line: LineDraft, price: Stripe.Price, quantity: number): LineDraft[] {
  const parts = tierParts(price, quantity);
  if (parts === null) return [line];
  const paid = parts.filter(({ amount }) => amount > 0);
  const shares = spread(
    line.amount,
    paid.map(({ amount }) => amount),
  );
  return parts.map((part) => ({
    ...line,
    amount: part.amount > 0 ? shares[paid.indexOf(part)]! : 0,
    description: tierText(ctx, price, part),
    quantity: Math.round(part.quantity),
    unitAmount: part.isFlat ? null : asDecimal(part.rate),
  }));
}

/** The whole period that the item's current one is, or is the rest of. */
export function fullPeriod(subscription: Stripe.Subscription, item: Item): Period {
  const { billing_cycle_anchor: anchor } = subscription;
  return periodAt(anchor, item.price.recurring!, item.current_period_start);
}
