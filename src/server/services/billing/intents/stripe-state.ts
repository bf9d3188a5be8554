import { endOf, type SubscriptionFacts } from '../../../../domain/billing/converge.ts';
import { comparePlans, type Plan } from '../../../../domain/plans.ts';
import { byAge, type Age } from '../../../../domain/billing/subscription-age.ts';
import type { CurrentPrice } from '../../../../domain/billing/subscription-change.ts';
import {
  givesAccess,
  type GraceExtension,
} from '../../../../domain/billing/subscription-access.ts';
import { isLive, standingOf } from '../../../../domain/billing/subscription-status.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import { LOOK_TIMEOUTS } from '../../stripe/client/client.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';
import type {
  SubscriptionItemSnapshot,
  SubscriptionSnapshot,
} from '../../stripe/snapshots/subscription-snapshot.ts';
import { chooseItem } from '../sync/map-subscription.ts';
import { readPrices, type PriceKnowledge } from '../sync/read-prices.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';
import { scheduleFacts } from '../sync/schedule-facts.ts';

/** A subscription as Stripe has it now. */
export interface LiveSubscription {
  snapshot: SubscriptionSnapshot;
  item: SubscriptionItemSnapshot;
  facts: SubscriptionFacts;
  current: CurrentPrice;
  /** When it will end; `null` when it renews. */
  endsAt: Date | null;
  givesAccess: boolean;
  age: Age;
  /** Where the newest of its open invoices is paid: the latest one of all may be the next one's draft. */
  payUrl: string | null;
}

/** Everything of a tenant that a verb decides on. */
export interface StripeState {
  /** `undefined` when there is none at Stripe, or none any more. */
  customerId: string | undefined;
  /** Every subscription that is not over, the one that counts first. */
  live: LiveSubscription[];
  /** Of every subscription, those that are over too. */
  facts: SubscriptionFacts[];
  /** True when there was ever one. */
  hasHistory: boolean;
}

const NOTHING: StripeState = { customerId: undefined, live: [], facts: [], hasHistory: false };

/** Looks at Stripe: what the tenant has there now. 503 `stripe_unavailable` when that is not possible. */
export async function readStripeState(
  billing: SyncDeps,
  tenant: Pick<Tenant, 'id' | 'stripeCustomerId' | 'plan'>,
): Promise<StripeState> {
  const { db, stripe, catalogue } = billing;
  const customerId = tenant.stripeCustomerId;
  if (!customerId) return NOTHING;
  const [found, open, known] = await Promise.all([
    stripe.findBilling(customerId, LOOK_TIMEOUTS),
    stripe.findOpenInvoices(customerId, LOOK_TIMEOUTS),
    new SubscriptionRepository(db).findByTenantId(tenant.id),
  ]);
  if (!found) return NOTHING;
  const snapshots = found.subscriptions;
  const prices = await readPrices(catalogue, snapshots);
  const all = snapshots.map((snapshot) => {
    const unpaid = open.filter((one) => one.subscriptionId === snapshot.id);
    // Of what is paid in part the money would have to be given back: that is staff's.
    const invoices = unpaid.filter((one) => one.amountPaidMinor === 0);
    const live = describe(
      snapshot,
      prices,
      tenant.plan,
      invoices.map((one) => one.id),
    );
    const row = known.find((one) => one.stripeSubscriptionId === snapshot.id);
    const age = {
      stripeCreatedAt: snapshot.createdAt,
      createdAt: row?.createdAt ?? billing.clock.now(),
      stripeSubscriptionId: snapshot.id,
    };
    const payUrl = unpaid[0]?.hostedInvoiceUrl ?? null;
    return { ...live, age, payUrl, givesAccess: isWithinGrace(billing, live, unpaid, row) };
  });
  return {
    customerId: found.customer.deleted ? undefined : customerId,
    live: all.filter((one) => isLive(one.facts.status)).sort(byRank),
    facts: all.map((one) => one.facts),
    hasHistory: all.length > 0 || found.customer.deleted,
  };
}

/** The subscription that counts; 409 `no_subscription` without one. */
export function mainOf({ live: [main] }: StripeState): LiveSubscription {
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
): Omit<LiveSubscription, 'givesAccess' | 'age' | 'payUrl'> {
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

/** Good standing gives access, and past due for the days of grace. */
function isWithinGrace(
  { clock, graceDays }: SyncDeps,
  { facts, snapshot }: Pick<LiveSubscription, 'facts' | 'snapshot'>,
  unpaid: readonly InvoiceSnapshot[],
  given: GraceExtension | undefined,
): boolean {
  const { status } = facts;
  const owed = unpaid.map((one) => one.owedSince).sort((a, b) => a.getTime() - b.getTime())[0];
  const pastDueSince = owed ?? snapshot.latestInvoice?.finalizedAt ?? null;
  const access = { plan: 'pro', status: 'past_due', stripeStatus: status, pastDueSince } as const;
  return givesAccess({ ...access, ...given }, clock.now(), graceDays);
}

/**
 * What gives access, then what is owed, then the rest; the higher plan of those that give it, and of
 * equals the newer: the same that is shown.
 */
function byRank(a: LiveSubscription, b: LiveSubscription): number {
  return (
    Number(b.givesAccess) - Number(a.givesAccess) ||
    (a.givesAccess
      ? comparePlans(b.current.plan, a.current.plan)
      : standingOf(b.facts.status) - standingOf(a.facts.status)) ||
    byAge(b.age, a.age)
  );
}
