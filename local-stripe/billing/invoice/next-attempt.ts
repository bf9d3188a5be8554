import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { billingSettings } from '../settings.ts';
import { subscriptionOf } from './subscription-of.ts';

/**
 * After a failed attempt: when the next one is, by the retry settings, or null after the last. The
 * first invoice of a subscription is not retried: it has 23 hours to be paid by somebody.
 */
export function scheduleRetry(
  ctx: Context,
  invoice: Stripe.Invoice,
  attemptCount: number,
): number | null {
  const { retry, invoiceRetry } = billingSettings(ctx.store);
  const isOneOff = subscriptionOf(ctx, invoice) === null;
  const { attempts, spacingSeconds } = isOneOff ? invoiceRetry : retry;
  if (invoice.billing_reason === 'subscription_create' || !invoice.auto_advance) return null;
  if (attemptCount >= attempts) return null;
  const at = ctx.now + spacingSeconds;
  ctx.schedule(at, 'invoice.retry', invoice.id);
  return at;
}
