import { comparePlans, type Plan } from '../../../domain/plans.ts';
import type { CurrentPrice } from '../../../domain/subscription-change.ts';
import { cancelsAt, isInGoodStanding, isLive } from '../../../domain/subscription-status.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Tenant } from '../../../db/schema/index.ts';
import type {
  ScheduleSnapshot,
  SubscriptionItemSnapshot,
  SubscriptionSnapshot,
} from '../stripe/subscription-snapshot.ts';
import type { Billing } from './billing.ts';
import { chooseItem, scheduledChange, type PriceKnowledge } from './map-subscription.ts';
import { readPrices } from './read-prices.ts';

/** A subscription that is not over, as Stripe has it now. */
export interface LiveSubscription {
  snapshot: SubscriptionSnapshot;
  item: SubscriptionItemSnapshot;
  current: CurrentPrice;
  /** When it will end; `null` when it renews. */
  endsAt: Date | null;
  prices: PriceKnowledge;
}

/** The tenant's live subscription at Stripe: in good standing first, then the higher plan, then the newer. */
export async function findLive(
  billing: Billing,
  tenant: Pick<Tenant, 'stripeCustomerId' | 'plan'>,
): Promise<LiveSubscription | undefined> {
  if (!tenant.stripeCustomerId) return undefined;
  const found = await billing.stripe.findBilling(tenant.stripeCustomerId);
  const snapshots = (found?.subscriptions ?? []).filter((one) => isLive(one.status));
  const prices = await readPrices(billing.catalogue, snapshots);
  return snapshots.map((snapshot) => describe(snapshot, prices, tenant.plan)).sort(byRank)[0];
}

/** The same; 409 `no_subscription` without one. */
export async function getLive(
  billing: Billing,
  tenant: Pick<Tenant, 'stripeCustomerId' | 'plan'>,
): Promise<LiveSubscription> {
  const live = await findLive(billing, tenant);
  if (live) return live;
  throw new BillingError(
    'no_subscription',
    'There is no subscription; choose a plan to begin one.',
  );
}

function describe(
  snapshot: SubscriptionSnapshot,
  prices: PriceKnowledge,
  lastKnownPlan: Plan,
): LiveSubscription {
  const item = chooseItem(snapshot, prices);
  const price = prices.plans.get(item.price.id);
  return {
    snapshot,
    item,
    prices,
    endsAt: cancelsAt({ ...snapshot, currentPeriodEnd: item.currentPeriodEnd }),
    current: {
      priceId: item.price.id,
      plan: price?.plan ?? lastKnownPlan,
      interval: price?.interval ?? null,
      scheduledPriceId: scheduledChange(snapshot, item, prices).scheduledPriceId,
    },
  };
}

function byRank(a: LiveSubscription, b: LiveSubscription): number {
  const standing = (one: LiveSubscription) => Number(isInGoodStanding(one.snapshot.status));
  return (
    standing(b) - standing(a) ||
    comparePlans(b.current.plan, a.current.plan) ||
    b.snapshot.createdAt.getTime() - a.snapshot.createdAt.getTime()
  );
}

/**
 * Takes the attached schedule away, because Stripe refuses direct changes beside one. Only such as
 * a customer can have made, here or in the portal: from price to price of the catalogue. What an
 * operator planned otherwise is not undone by a customer.
 */
export async function releaseOwnSchedule(
  billing: Billing,
  live: LiveSubscription,
): Promise<boolean> {
  const { schedule, scheduleId } = live.snapshot;
  if (!scheduleId) return false;
  if (schedule && isOver(schedule)) return false;
  if (!schedule || !isCustomers(schedule, live.prices)) {
    throw new BillingError(
      'state_changed',
      'A change of this subscription was arranged with our support; write to them to alter it.',
    );
  }
  await billing.stripe.releaseSchedule(scheduleId);
  return true;
}

function isOver({ status }: ScheduleSnapshot): boolean {
  return status !== 'active' && status !== 'not_started';
}

function isCustomers(
  { endBehavior, phases }: ScheduleSnapshot,
  { plans }: PriceKnowledge,
): boolean {
  return (
    endBehavior === 'release' &&
    phases.length <= 2 &&
    phases.every((phase) => phase.priceIds.every((id) => plans.has(id)))
  );
}

/** Drops a change that waits for payment: voiding its invoice is how Stripe forgets it. */
export async function dropPendingChange(billing: Billing, live: LiveSubscription): Promise<void> {
  const { pendingPriceIds, latestInvoiceId } = live.snapshot;
  if (pendingPriceIds && latestInvoiceId) await billing.stripe.voidInvoice(latestInvoiceId);
}

/** Changes need a subscription that is paid up: 402 `payment_required`, with where to pay. */
export async function assertPaidUp(billing: Billing, live: LiveSubscription): Promise<void> {
  const { status, latestInvoiceId } = live.snapshot;
  if (isInGoodStanding(status)) return;
  const invoice = latestInvoiceId ? await billing.stripe.findInvoice(latestInvoiceId) : undefined;
  throw new BillingError(
    'payment_required',
    'The last invoice is not paid; pay it first, then change the plan.',
    { data: { payUrl: invoice?.status === 'open' ? invoice.hostedInvoiceUrl : null } },
  );
}
