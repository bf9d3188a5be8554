import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { billingSettings } from '../settings.ts';
import { subscriptionOf } from './subscription-of.ts';
import { markUncollectible } from './void.ts';

/** The last attempt at a one-off invoice failed: by its own settings it stays open or is written off. */
export function giveUpOneOff(ctx: Context, invoice: Stripe.Invoice): void {
  if (invoice.status !== 'open' || subscriptionOf(ctx, invoice) !== null) return;
  if (billingSettings(ctx.store).invoiceRetry.final === 'uncollectible') {
    markUncollectible(ctx, invoice, 'max_payment_attempts');
  }
}
