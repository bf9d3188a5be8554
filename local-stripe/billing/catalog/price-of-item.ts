import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';

type Item = Stripe.SubscriptionItem;

/** An item with what of its price may have been changed since it was put there: never what it costs. */
export function withPriceOfNow(ctx: Context, item: Item): Item {
  const now = ctx.store.find('price', item.price.id);
  if (now === undefined) return item;
  const { active, metadata, nickname, lookup_key, tax_behavior } = now;
  return {
    ...item,
    plan: { ...item.plan, active, metadata, nickname },
    price: { ...item.price, active, metadata, nickname, lookup_key, tax_behavior },
  };
}
