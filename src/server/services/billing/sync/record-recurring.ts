import type { Tx } from '../../../../db/client.ts';
import {
  insertMovement,
  listLastMovements,
} from '../../../../db/repositories/billing/mrr.repository.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import { monthlyMinor, mrrMovement, priceIn } from '../../../../domain/prices.ts';
import type { CustomerBilling } from '../../stripe/customers.ts';
import type { OfferedPrice } from '../../stripe/offered-prices.ts';
import type {
  SubscriptionItemSnapshot,
  SubscriptionSnapshot,
} from '../../stripe/snapshots/subscription-snapshot.ts';
import type { SyncDeps } from './sync-deps.ts';

/** Stripe's statuses in which a subscription is charged for: a trial is not, nor is one given up. */
const COUNTED = new Set(['active', 'past_due']);

/**
 * Notes where the tenant's monthly recurring revenue is another than it was: list prices times quantity,
 * before discounts and tax. What began before we saw it is noted at its beginning.
 */
export async function recordRecurring(
  deps: Pick<SyncDeps, 'catalogue'>,
  tx: Tx,
  { tenant, billing, now }: { tenant: Tenant; billing: CustomerBilling; now: Date },
): Promise<void> {
  const last = await listLastMovements(tx, tenant.id);
  const { subscriptions } = billing;
  if (subscriptions.length === 0 && last.length === 0) return;
  const offered = await deps.catalogue.listOffered();
  const sums = new Map(last.map(({ currency }) => [currency, 0]));
  for (const one of subscriptions.filter(({ status }) => COUNTED.has(status))) {
    const sum = one.items.reduce((total, item) => total + monthOf(item, one, offered), 0);
    sums.set(one.currency, (sums.get(one.currency) ?? 0) + sum);
  }
  for (const [currency, afterMinor] of sums) {
    const before = last.find((one) => one.currency === currency);
    const beforeMinor = before?.afterMinor ?? 0;
    if (afterMinor === beforeMinor) continue;
    const kind = mrrMovement(beforeMinor, afterMinor, last.length > 0);
    const since = kind === 'churn' ? endOf(subscriptions) : beginningOf(subscriptions);
    const isMove = kind === 'expansion' || kind === 'contraction';
    const at = isMove ? now : between(before?.at, since ?? now, now);
    await insertMovement(tx, { tenantId: tenant.id, at, kind, currency, beforeMinor, afterMinor });
  }
}

/** What an item comes to in a month, in its subscription's currency; 0 where that is not known. */
function monthOf(
  { price, quantity }: SubscriptionItemSnapshot,
  { currency }: SubscriptionSnapshot,
  offered: readonly OfferedPrice[],
): number {
  const known = offered.find(({ priceId }) => priceId === price.id) ?? price;
  const { amountMinor, currencyOptions } = known;
  if (amountMinor === null || !price.recurring) return 0;
  const cost = priceIn({ amountMinor, currency: known.currency, currencyOptions }, currency);
  if (!cost) return 0;
  return monthlyMinor({
    amountMinor: cost.amountMinor,
    quantity: quantity ?? 1,
    ...price.recurring,
  });
}

/** When the newest that is charged for began to be: after its trial, where it had one. */
function beginningOf(subscriptions: readonly SubscriptionSnapshot[]): Date | undefined {
  return newest(
    subscriptions
      .filter(({ status }) => COUNTED.has(status))
      .map(({ trialEnd, createdAt }) => trialEnd ?? createdAt),
  );
}

function endOf(subscriptions: readonly SubscriptionSnapshot[]): Date | undefined {
  return newest(subscriptions.flatMap(({ endedAt }) => endedAt ?? []));
}

const newest = (instants: readonly Date[]) =>
  instants.toSorted((a, b) => b.getTime() - a.getTime())[0];

/** Not before what was noted last, and not after now. */
function between(last: Date | undefined, at: Date, now: Date): Date {
  const earliest = last && last > at ? last : at;
  return earliest > now ? now : earliest;
}
