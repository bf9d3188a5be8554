import { endOf, type SubscriptionFacts } from '../../../domain/converge.ts';
import { comparePlans, type Plan } from '../../../domain/plans.ts';
import type { CurrentPrice } from '../../../domain/subscription-change.ts';
import { isLive, standingOf } from '../../../domain/subscription-status.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Tenant } from '../../../db/schema/index.ts';
import { LOOK_PATIENCE } from '../stripe/client.ts';
import type {
  SubscriptionItemSnapshot,
  SubscriptionSnapshot,
} from '../stripe/subscription-snapshot.ts';
import type { Billing } from './billing.ts';
import { chooseItem } from './map-subscription.ts';
import { readPrices, type PriceKnowledge } from './read-prices.ts';
import { scheduleFacts } from './schedule-facts.ts';

/** A subscription as Stripe has it now. */
export interface LiveSubscription {
  snapshot: SubscriptionSnapshot;
  item: SubscriptionItemSnapshot;
  facts: SubscriptionFacts;
  current: CurrentPrice;
  /** When it will end; `null` when it renews. */
  endsAt: Date | null;
}

/** Everything of a tenant that a verb decides on. */
export interface Truth {
  /** `undefined` when there is none at Stripe, or none any more. */
  customerId: string | undefined;
  /** Every subscription that is not over, the one that counts first. */
  live: LiveSubscription[];
  /** Of every subscription, those that are over too. */
  facts: SubscriptionFacts[];
  /** True when there was ever one. */
  hasHistory: boolean;
}

const NOTHING: Truth = { customerId: undefined, live: [], facts: [], hasHistory: false };

/** Looks at Stripe: what the tenant has there now. 503 `stripe_unavailable` when that is not possible. */
export async function readTruth(
  billing: Billing,
  tenant: Pick<Tenant, 'stripeCustomerId' | 'plan'>,
): Promise<Truth> {
  const { stripe, catalogue } = billing;
  const customerId = tenant.stripeCustomerId;
  if (!customerId) return NOTHING;
  const [found, unpaid] = await Promise.all([
    stripe.findBilling(customerId, LOOK_PATIENCE),
    stripe.findUnpaidInvoices(customerId, LOOK_PATIENCE),
  ]);
  if (!found) return NOTHING;
  const snapshots = found.subscriptions;
  const prices = await readPrices(catalogue, snapshots);
  const all = snapshots.map((snapshot) => {
    const invoices = unpaid.filter((one) => one.subscriptionId === snapshot.id);
    return describe(
      snapshot,
      prices,
      tenant.plan,
      invoices.map((one) => one.id),
    );
  });
  return {
    customerId: found.customer.deleted ? undefined : customerId,
    live: all.filter((one) => isLive(one.facts.status)).sort(byRank),
    facts: all.map((one) => one.facts),
    hasHistory: all.length > 0 || found.customer.deleted,
  };
}

/** The subscription that counts; 409 `no_subscription` without one. */
export function mainOf({ live: [main] }: Truth): LiveSubscription {
  if (main) return main;
  throw new BillingError(
    'no_subscription',
    'There is no subscription; choose a plan to begin one.',
  );
}

function describe(
  snapshot: SubscriptionSnapshot,
  prices: PriceKnowledge,
  lastKnownPlan: Plan,
  openInvoices: string[],
): LiveSubscription {
  const item = chooseItem(snapshot, prices);
  const price = prices.plans.get(item.price.id);
  const { pendingChange, latestInvoiceId } = snapshot;
  const facts: SubscriptionFacts = {
    id: snapshot.id,
    status: snapshot.status,
    priceId: item.price.id,
    periodEndsAt: item.currentPeriodEnd,
    cancelAt: snapshot.cancelAt,
    cancelAtPeriodEnd: snapshot.cancelAtPeriodEnd,
    schedule: scheduleFacts(snapshot, item, prices),
    pending: pendingChange && {
      priceIds: pendingChange.priceIds,
      invoiceId: latestInvoiceId,
      payable: snapshot.latestInvoice?.status === 'open',
    },
    openInvoices,
  };
  return {
    snapshot,
    item,
    facts,
    endsAt: endOf(facts),
    current: {
      priceId: item.price.id,
      plan: price?.plan ?? lastKnownPlan,
      interval: price?.interval ?? null,
      scheduledPriceId: facts.schedule?.changes?.priceId ?? null,
    },
  };
}

/** What gives access, then what is owed, then the rest; of equals the higher plan, then the newer. */
function byRank(a: LiveSubscription, b: LiveSubscription): number {
  return (
    standingOf(b.facts.status) - standingOf(a.facts.status) ||
    comparePlans(b.current.plan, a.current.plan) ||
    b.snapshot.createdAt.getTime() - a.snapshot.createdAt.getTime()
  );
}
