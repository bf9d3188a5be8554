import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';

/**
 * After a failed attempt: when the next one is, by the retry settings, or null after the last. The
 * first invoice of a subscription is not retried: it has 23 hours to be paid by somebody.
 */
export function scheduleRetry(
  ctx: Context,
  invoice: Stripe.Invoice,
  attemptCount: number,
): number | null {
  const { attempts, spacingSeconds } = ctx.settings.retry;
  if (invoice.billing_reason === 'subscription_create' || !invoice.auto_advance) return null;
  if (attemptCount >= attempts) return null;
  const at = ctx.now + spacingSeconds;
  ctx.schedule(at, 'invoice.retry', invoice.id);
  return at;
}
