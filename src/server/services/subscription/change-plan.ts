import type { UpgradeResult } from '../../../domain/api.ts';
import { BillingError } from '../../../domain/errors.ts';
import { classifyChange } from '../../../domain/subscription-change.ts';
import type { OfferedPrice } from '../stripe/catalogue.ts';
import { toDate, toUnixSeconds } from '../stripe/shapes.ts';
import type { SubscriptionSnapshot } from '../stripe/subscription-snapshot.ts';
import { changeBilling, syncAfterChange, type Asker, type Billing } from './billing.ts';
import {
  assertPaidUp,
  dropPendingChange,
  getLive,
  releaseOwnSchedule,
  type LiveSubscription,
} from './live-subscription.ts';
import { immediateChange } from './preview.ts';

/** How old a preview may be whose amount is charged: an older one would charge too much or little. */
const PREVIEW_AGE_SECONDS_MAX = 3600;
/** How far a clock may be ahead of ours. */
const AHEAD_SECONDS_MAX = 60;

/**
 * Changes the plan or the interval: a higher plan, or a year instead of a month, now and once it is
 * paid; everything else at the end of the period. Choosing a plan takes a planned cancellation
 * back. Asking for what is so already changes nothing, and succeeds.
 */
export async function changePlan(
  billing: Billing,
  asker: Asker,
  priceId: string,
  prorationDate: number | undefined,
): Promise<UpgradeResult> {
  const price = await billing.catalogue.getOffered(priceId);
  const result = await changeBilling(billing, asker, async (_tx, tenant) => {
    const live = await getLive(billing, tenant);
    const now = billing.clock.now();
    const kind = classifyChange(live.current, price);
    if (kind === 'none') return done('now', now);
    await assertPaidUp(billing, live);
    if (kind === 'now') return changeNow(billing, live, price, prorationDate, now);
    return changeAtPeriodEnd(billing, live, price);
  });
  await syncAfterChange(billing, asker);
  return result;
}

function done(effective: 'now' | 'period_end', at: Date): UpgradeResult {
  return { success: true, effective, effectiveAt: at.toISOString() };
}

async function changeAtPeriodEnd(
  billing: Billing,
  live: LiveSubscription,
  price: OfferedPrice,
): Promise<UpgradeResult> {
  const { item, current, endsAt } = live;
  const periodEnd = item.currentPeriodEnd;
  if (current.scheduledPriceId === price.priceId) return done('period_end', periodEnd);
  await releaseOwnSchedule(billing, live);
  await dropPendingChange(billing, live);
  if (endsAt) await billing.stripe.clearCancellation(live.snapshot);
  await billing.stripe.scheduleChange({
    subscription: live.snapshot,
    currentPriceId: current.priceId,
    periodEnd,
    priceId: price.priceId,
    interval: price.interval,
    changesInterval: current.interval !== price.interval,
  });
  return done('period_end', periodEnd);
}

async function changeNow(
  billing: Billing,
  live: LiveSubscription,
  price: OfferedPrice,
  previewedAt: number | undefined,
  now: Date,
): Promise<UpgradeResult> {
  const prorationDate = checkedDate(live, previewedAt, now);
  // The same change waits for its payment already: do not make a second invoice of it.
  if (live.snapshot.pendingPriceIds?.includes(price.priceId)) {
    return waiting(billing, live.snapshot, now);
  }
  await releaseOwnSchedule(billing, live);
  await dropPendingChange(billing, live);
  const changed = await billing.stripe.updateSubscription(
    immediateChange(live, price, prorationDate),
  );
  if (changed.pendingPriceIds) return waiting(billing, changed, now);
  if (live.endsAt) await billing.stripe.clearCancellation(changed);
  return done('now', toDate(prorationDate));
}

/** The change is made when its invoice is paid, within Stripe's 23 hours. */
async function waiting(
  billing: Billing,
  { latestInvoiceId }: SubscriptionSnapshot,
  now: Date,
): Promise<UpgradeResult> {
  const invoice = latestInvoiceId ? await billing.stripe.findInvoice(latestInvoiceId) : undefined;
  const paymentUrl = invoice?.hostedInvoiceUrl;
  return {
    success: false,
    effective: 'now',
    effectiveAt: now.toISOString(),
    ...(paymentUrl ? { paymentUrl } : {}),
  };
}

function checkedDate(live: LiveSubscription, previewedAt: number | undefined, now: Date): number {
  const seconds = toUnixSeconds(now);
  if (previewedAt === undefined) return seconds;
  const recent =
    previewedAt >= seconds - PREVIEW_AGE_SECONDS_MAX && previewedAt <= seconds + AHEAD_SECONDS_MAX;
  const { currentPeriodStart, currentPeriodEnd } = live.item;
  const at = toDate(previewedAt);
  if (recent && at >= currentPeriodStart && at < currentPeriodEnd) return previewedAt;
  throw new BillingError(
    'state_changed',
    'The preview is out of date; preview the change again and confirm the new amount.',
  );
}
