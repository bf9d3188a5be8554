import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { couponOf } from '../discount/shares.ts';

/** A coupon for `once` is gone after the first invoice that it took something off. */
export function useUpOnceDiscounts(
  ctx: Context,
  subscription: Stripe.Subscription,
  invoice: Stripe.Invoice,
): Stripe.Subscription {
  const used = new Set(
    (invoice.total_discount_amounts ?? [])
      .filter(({ amount }) => amount > 0)
      .map(({ discount }) => idOf(discount)),
  );
  return removeDiscounts(ctx, subscription, (discount) => {
    return used.has(discount.id) && couponOf(ctx, discount).duration === 'once';
  });
}

/** A coupon for some months is gone when they are over. */
export function endDiscounts(ctx: Context, subscription: Stripe.Subscription): Stripe.Subscription {
  return removeDiscounts(ctx, subscription, ({ end }) => end !== null && end <= ctx.now);
}

function removeDiscounts(
  ctx: Context,
  subscription: Stripe.Subscription,
  isOver: (discount: Stripe.Discount) => boolean,
): Stripe.Subscription {
  const stays = (id: string) => {
    const discount = ctx.store.find('discount', id);
    if (discount === undefined || !isOver(discount)) return true;
    ctx.emit('customer.discount.deleted', discount);
    return false;
  };
  const hasAny =
    subscription.discounts.length > 0 ||
    subscription.items.data.some((one) => one.discounts.length > 0);
  if (!hasAny) return subscription;
  const discounts = subscription.discounts.map(idOf).filter(stays);
  const data = subscription.items.data.map((item) => ({
    ...item,
    discounts: item.discounts.map(idOf).filter(stays),
  }));
  return ctx.update('subscription', subscription, {
    discounts,
    items: { ...subscription.items, data },
  });
}
