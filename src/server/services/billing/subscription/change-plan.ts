import type { UpgradeResult } from '../../../../domain/api.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Goal } from '../../../../domain/billing/intent.ts';
import { classifyChange } from '../../../../domain/billing/subscription-change.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import type { OfferedPrice } from '../../stripe/offered-prices.ts';
import { toDate, toUnixSeconds } from '../../stripe/snapshots/schemas.ts';
import { changeBilling, type BillingDeps } from './change-billing.ts';
import type { Requester } from '../requester.ts';
import { renew } from './cancel.ts';
import { carryOutIntent } from '../intents/carry-out.ts';
import { assertMayAlter, assertPaidUp } from './change-guards.ts';
import { immediateChange } from './preview.ts';
import {
  mainOf,
  readStripeState,
  type LiveSubscription,
  type StripeState,
} from '../intents/stripe-state.ts';

/** How old a preview may be whose amount is charged: an older one would charge too much or little. */
const PREVIEW_AGE_SECONDS_MAX = 3600;
/** How far a clock may be ahead of ours. */
const AHEAD_SECONDS_MAX = 60;

/** What is changed, by whom, and how it is now. */
interface Change {
  requester: Requester;
  tenant: Tenant;
  stripeState: StripeState;
  live: LiveSubscription;
  now: Date;
}

/**
 * Changes the plan or the interval: a higher plan, or a year instead of a month, now and once it is
 * paid; everything else at the end of the period. Choosing a plan takes a planned cancellation
 * back, and choosing the present one takes back whatever is planned. Asking for what is so already
 * changes nothing, and succeeds.
 */
export async function changePlan(
  billing: BillingDeps,
  requester: Requester,
  priceId: string,
  prorationDate: number | undefined,
): Promise<UpgradeResult> {
  return changeBilling(billing, requester, async (_tx, tenant) => {
    const stripeState = await readStripeState(billing, tenant);
    const [main] = stripeState.live;
    const now = billing.clock.now();
    if (main?.current.priceId === priceId) {
      const change = { requester, tenant, stripeState, live: main, now };
      return stay(billing, change);
    }
    const price = await billing.catalogue.getOffered(priceId);
    const live = mainOf(stripeState);
    assertPaidUp(live);
    const isNow = classifyChange(live.current, price) === 'now';
    assertMayAlter(live, isNow ? 'now' : 'later');
    const change = { requester, tenant, stripeState, live, now };
    return isNow
      ? changeNow(billing, change, price, prorationDate)
      : changeAtPeriodEnd(billing, change, price);
  });
}

function done(effective: 'now' | 'period_end', at: Date): UpgradeResult {
  return { success: true, effective, effectiveAt: at.toISOString() };
}

async function stay(
  billing: BillingDeps,
  { requester, tenant, stripeState, live, now }: Change,
): Promise<UpgradeResult> {
  const isPlanned = live.endsAt !== null || live.facts.schedule?.changes;
  if (isPlanned) await renew(billing, requester, tenant, stripeState, live);
  return done('now', now);
}

async function changeAtPeriodEnd(
  billing: BillingDeps,
  { requester, tenant, stripeState, live }: Change,
  { priceId }: OfferedPrice,
): Promise<UpgradeResult> {
  const goal: Goal = { kind: 'change_later', subscriptions: [live.facts.id], priceId };
  await carryOutIntent(billing, requester, tenant, stripeState, goal);
  return done('period_end', live.item.currentPeriodEnd);
}

async function changeNow(
  billing: BillingDeps,
  { requester, tenant, stripeState, live, now }: Change,
  price: OfferedPrice,
  previewedAt: number | undefined,
): Promise<UpgradeResult> {
  const prorationDate = checkedDate(live, previewedAt, now);
  const { priceId, resetsPeriod } = immediateChange(live, price, prorationDate);
  const subscriptions = [live.facts.id];
  const goal: Goal = { kind: 'change_now', subscriptions, priceId, prorationDate, resetsPeriod };
  const end = await carryOutIntent(billing, requester, tenant, stripeState, goal);
  return end === 'done' ? done('now', toDate(prorationDate)) : waiting(billing, tenant, live, now);
}

/** The change is made when its invoice is paid, within Stripe's 23 hours. */
async function waiting(
  billing: BillingDeps,
  tenant: Tenant,
  { facts }: LiveSubscription,
  now: Date,
): Promise<UpgradeResult> {
  const { live } = await readStripeState(billing, tenant);
  const invoice = live.find((one) => one.facts.id === facts.id)?.snapshot.latestInvoice;
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
