import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { tierReached } from '../catalog/cost.ts';
import type { TierPart } from '../catalog/cost.ts';
import { productName } from '../catalog/name.ts';
import { moneyText } from '../currencies.ts';

/** `1 × Pro (at $29.00 / month)`, of a tiered price `3 × Pro (Tier 2 at $25.00 / month)`. */
export function lineText(ctx: Context, price: Stripe.Price, quantity: number): string {
  const counts = counted(ctx, price, quantity);
  if (price.billing_scheme !== 'tiered') {
    return `${counts} (${rate(price, Number(price.unit_amount_decimal))})`;
  }
  const tier = tierReached(price, quantity);
  return `${counts} (Tier ${tier.number} ${rate(price, tier.rate)})`;
}

/** `100 call × Pro (Tier 1 at $0.00 / month)`; of its flat amount `Pro (Tier 1 at $9.00 / month)`. */
export function tierText(ctx: Context, price: Stripe.Price, part: TierPart): string {
  const what = part.isFlat ? productName(ctx, price) : counted(ctx, price, part.quantity);
  return `${what} (Tier ${part.tier} ${rate(price, part.rate)})`;
}

/** What a trial says of an item, by the billing mode. */
export function trialText(
  ctx: Context,
  { billing_mode }: Stripe.Subscription,
  price: Stripe.Price,
  quantity: number,
): string {
  return billing_mode.type === 'flexible'
    ? `Free trial for ${counted(ctx, price, quantity)}`
    : `Trial period for ${productName(ctx, price)}`;
}

/** `1 × Pro`, or with the product's unit `1 seat × Pro`. */
function counted(ctx: Context, price: Stripe.Price, quantity: number): string {
  const unit = ctx.store.find('product', idOf(price.product))?.unit_label;
  return `${quantity} ${unit ? `${unit} ` : ''}× ${productName(ctx, price)}`;
}

/** `at $29.00 / month`, or for every third month `… / every 3 months`. */
function rate(price: Stripe.Price, amount: number): string {
  const { interval, interval_count } = price.recurring!;
  const every = interval_count === 1 ? interval : `every ${interval_count} ${interval}s`;
  return `at ${moneyText(amount, price.currency)} / ${every}`;
}
