import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';

/** The subscription that an invoice bills for, or null. */
export function subscriptionOf(ctx: Context, invoice: Stripe.Invoice): Stripe.Subscription | null {
  const id = subscriptionIdOf(invoice);
  return id === null ? null : (ctx.store.find('subscription', id) ?? null);
}

export function subscriptionIdOf(invoice: Stripe.Invoice): string | null {
  const details = invoice.parent?.subscription_details;
  return details ? idOf(details.subscription) : null;
}
