import { atEnd } from '../at-end.ts';
import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { refreshEntitlements } from '../entitlements.ts';

/** Has the customer's entitlements follow, once all that the request does is done. */
export function announceEntitlements(ctx: Context, subscription: Stripe.Subscription): void {
  const customer = idOf(subscription.customer);
  ctx.atEnd(atEnd.entitlements, customer, () => {
    if (ctx.store.find('customer', customer) !== undefined) refreshEntitlements(ctx, customer);
  });
}
