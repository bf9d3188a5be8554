import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';

export function productName(ctx: Context, price: Stripe.Price): string {
  return ctx.store.find('product', idOf(price.product))?.name ?? price.nickname ?? price.id;
}
