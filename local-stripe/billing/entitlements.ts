import type Stripe from 'stripe';
import { idOf } from '../kernel/reference.ts';
import type { Kinds } from '../kernel/kinds.ts';
import type { Context } from '../kernel/types.ts';

type ActiveEntitlement = Kinds['entitlements.active_entitlement'];

/** Statuses of a subscription that entitle to what its products offer. */
const entitling = new Set<string>(['active', 'trialing', 'past_due']);
/** The summary in the event carries so many; the rest is listed. */
const summarySize = 10;

/**
 * Brings the customer's entitlements in line with the products of their subscriptions, and emits
 * the summary when that changed anything. To be called after a subscription of theirs changed.
 */
export function refreshEntitlements(ctx: Context, customer: string): void {
  const wanted = wantedFeatures(ctx, customer);
  const had = ctx.store.by('entitlements.active_entitlement', 'customer', customer);
  const lost = had.filter(({ feature }) => !wanted.has(feature as string));
  const kept = new Set(had.map(({ feature }) => feature as string));
  const gained = [...wanted.values()].filter(({ id }) => !kept.has(id));
  if (lost.length === 0 && gained.length === 0) return;
  for (const { id } of lost) ctx.store.remove('entitlements.active_entitlement', id);
  for (const feature of gained) {
    ctx.store.put('entitlements.active_entitlement', {
      id: ctx.newId('ent'),
      object: 'entitlements.active_entitlement',
      customer,
      feature: feature.id,
      livemode: false,
      lookup_key: feature.lookup_key,
    });
  }
  ctx.emit('entitlements.active_entitlement_summary.updated', summaryOf(ctx, customer), {
    entitlements: entitlementList(customer, had),
  });
}

function wantedFeatures(ctx: Context, customer: string): Map<string, Stripe.Entitlements.Feature> {
  const wanted = new Map<string, Stripe.Entitlements.Feature>();
  for (const subscription of ctx.store.by('subscription', 'customer', customer)) {
    if (!entitling.has(subscription.status)) continue;
    for (const { price } of subscription.items.data) {
      for (const one of ctx.store.by('product_feature', 'product', idOf(price.product))) {
        const feature = ctx.store.get('entitlements.feature', one.entitlement_feature.id);
        if (feature.active) wanted.set(feature.id, feature);
      }
    }
  }
  return wanted;
}

function summaryOf(ctx: Context, customer: string): Stripe.Entitlements.ActiveEntitlementSummary {
  const entitlements = ctx.store.by('entitlements.active_entitlement', 'customer', customer);
  return {
    object: 'entitlements.active_entitlement_summary',
    customer,
    entitlements: entitlementList(customer, entitlements),
    livemode: false,
  };
}

function entitlementList(
  customer: string,
  entitlements: ActiveEntitlement[],
): Stripe.ApiList<Stripe.Entitlements.ActiveEntitlement> {
  return {
    object: 'list',
    data: entitlements.slice(0, summarySize).map(presentEntitlement),
    has_more: entitlements.length > summarySize,
    url: `/v1/customer/${customer}/entitlements`,
  };
}

export function presentEntitlement(
  entitlement: ActiveEntitlement,
): Stripe.Entitlements.ActiveEntitlement {
  const { customer: _customer, ...rest } = entitlement;
  return rest;
}
