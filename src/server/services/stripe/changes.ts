import type { Stripe } from 'stripe';
import { APP_MARK, createOnce } from './customers.ts';
import { isRefused } from './errors.ts';
import { readPreview, type InvoicePreview } from './invoice-snapshot.ts';
import { toUnixSeconds } from './shapes.ts';
import {
  readSchedule,
  readSubscription,
  SUBSCRIPTION_EXPAND,
  type ScheduleSnapshot,
  type SubscriptionSnapshot,
} from './subscription-snapshot.ts';

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
 * the subscription keeps its price and carries a pending update (for up to 23 hours).
 * Source: Stripe, "Pending updates".
 */
export async function applyChange(
  stripe: Stripe,
  { subscription, itemId, priceId, prorationDate, resetsPeriod }: ImmediateChange,
): Promise<SubscriptionSnapshot> {
  const key = `change:${subscription.id}:${subscription.latestInvoiceId}:${priceId}:${prorationDate}`;
  const answer = await createOnce(key, (options) =>
    stripe.subscriptions.update(
      subscription.id,
      {
        // Without the item's id Stripe would add a second price beside the first.
        items: [{ id: itemId, price: priceId }],
        proration_behavior: 'always_invoice',
        proration_date: prorationDate,
        payment_behavior: 'pending_if_incomplete',
        ...(resetsPeriod ? { billing_cycle_anchor: { type: 'now' as const } } : {}),
        expand: SUBSCRIPTION_EXPAND,
      },
      options,
    ),
  );
  return readSubscription(answer);
}

/** Keeps the present price to the end of its period and changes it then. No schedule may be attached. */
export async function scheduleChange(
  stripe: Stripe,
  values: {
    subscription: SubscriptionSnapshot;
    currentPriceId: string;
    periodEnd: Date;
    priceId: string;
    interval: 'month' | 'year';
    /** A new interval begins where its phase does, not at the old anchor. */
    changesInterval: boolean;
  },
): Promise<void> {
  const { subscription, currentPriceId, priceId, interval, periodEnd, changesInterval } = values;
  const schedule = await attachSchedule(stripe, subscription.id);
  const { trialEnd } = subscription;
  const onTrial = subscription.status === 'trialing' && trialEnd;
  await stripe.subscriptionSchedules.update(schedule.id, {
    end_behavior: 'release',
    proration_behavior: 'none',
    metadata: { app: APP_MARK },
    phases: [
      {
        items: [{ price: currentPriceId, quantity: 1 }],
        // Stripe refuses to move the start of the phase that runs, which need not be the period's.
        start_date: toUnixSeconds(currentPhaseStart(schedule)),
        end_date: toUnixSeconds(periodEnd),
        proration_behavior: 'none',
        ...(onTrial ? { trial_end: toUnixSeconds(trialEnd) } : {}),
      },
      {
        items: [{ price: priceId, quantity: 1 }],
        duration: { interval, interval_count: 1 },
        proration_behavior: 'none',
        ...(changesInterval ? { billing_cycle_anchor: 'phase_start' as const } : {}),
      },
    ],
  });
}

async function attachSchedule(stripe: Stripe, subscriptionId: string): Promise<ScheduleSnapshot> {
  const made = await stripe.subscriptionSchedules.create({ from_subscription: subscriptionId });
  return readSchedule(made);
}

function currentPhaseStart({ phases, currentPhaseEndsAt }: ScheduleSnapshot): Date {
  const current = phases.find((one) => one.endsAt.getTime() === currentPhaseEndsAt?.getTime());
  const phase = current ?? phases[0];
  if (!phase) throw new Error('Stripe answered a schedule without phases.');
  return phase.startsAt;
}

/** Lets the subscription go on as it is. A schedule that is over already is fine. */
export async function releaseSchedule(
  stripe: Stripe,
  schedule: Pick<ScheduleSnapshot, 'id'>,
): Promise<void> {
  try {
    await stripe.subscriptionSchedules.release(schedule.id);
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
}
