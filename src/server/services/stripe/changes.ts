import type { Stripe } from 'stripe';
import { readPreview, type InvoicePreview } from './snapshots/invoice-snapshot.ts';
import type { CallTimeouts } from './client/client.ts';
import {
  readSubscription,
  SUBSCRIPTION_EXPAND,
  type SubscriptionSnapshot,
} from './snapshots/subscription-snapshot.ts';

/** A change of price that begins at once and is paid at once. */
export interface ImmediateChange {
  subscription: SubscriptionSnapshot;
  itemId: string;
  priceId: string;
  /** Unix seconds: the instant from which the difference is charged. */
  prorationDate: number;
  /** A new interval begins a new period; the anchor stays otherwise, and during a trial. */
  resetsPeriod: boolean;
}

/** What the change would cost now. */
export async function previewChange(
  stripe: Stripe,
  { subscription, itemId, priceId, prorationDate, resetsPeriod }: ImmediateChange,
): Promise<InvoicePreview> {
  const answer = await stripe.invoices.createPreview({
    customer: subscription.customerId,
    subscription: subscription.id,
    subscription_details: {
      items: [{ id: itemId, price: priceId }],
      proration_behavior: 'always_invoice',
      proration_date: prorationDate,
      ...(resetsPeriod ? { billing_cycle_anchor: { type: 'now' as const } } : {}),
    },
  });
  return readPreview(answer);
}

/**
 * Makes the change and charges the difference. It is applied only when that is paid: until then
 * the subscription keeps its price and carries a pending update (for up to 23 hours). A planned
 * end that follows the period is taken back in the same call, and likewise waits for the payment.
 * Source: Stripe, "Pending updates"; `cancel_at_period_end` among them since 2026-09-30.endive.
 */
export async function applyChange(
  stripe: Stripe,
  { subscription, itemId, priceId, prorationDate, resetsPeriod }: ImmediateChange,
  options: CallTimeouts & { idempotencyKey: string },
): Promise<void> {
  const { cancelAtPeriodEnd, scheduleId } = subscription;
  const answer = await stripe.subscriptions.update(
    subscription.id,
    {
      // Without the item's id Stripe would add a second price beside the first.
      items: [{ id: itemId, price: priceId }],
      proration_behavior: 'always_invoice',
      proration_date: prorationDate,
      payment_behavior: 'pending_if_incomplete',
      ...(resetsPeriod ? { billing_cycle_anchor: { type: 'now' as const } } : {}),
      ...(cancelAtPeriodEnd && !scheduleId ? { cancel_at_period_end: false } : {}),
      expand: SUBSCRIPTION_EXPAND,
    },
    options,
  );
  readSubscription(answer);
}
