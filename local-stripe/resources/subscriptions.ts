import type Stripe from 'stripe';
import { withPriceOfNow } from '../billing/catalog/price-of-item.ts';
import { previewRenewal } from '../billing/preview/preview.ts';
import {
  cancelAtReached,
  cancelSubscription,
  incompleteExpired,
} from '../billing/subscription/cancel.ts';
import { assertNotEnded } from '../billing/subscription/end.ts';
import { createSubscription } from '../billing/subscription/create.ts';
import { expirePendingUpdate } from '../billing/subscription/pending-update.ts';
import {
  followFailure,
  followOverdue,
  followPayment,
  followTaxDisabled,
  followWriteOff,
} from '../billing/subscription/follow-payment.ts';
import { pauseSubscription, resumeSubscription } from '../billing/subscription/pause.ts';
import { renewSubscription } from '../billing/subscription/renew.ts';
import { updateSubscription } from '../billing/subscription/update.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { counted, inRange } from '../kernel/list.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context, Params } from '../kernel/types.ts';
import { searchRoute } from './search/route.ts';

type Subscription = Stripe.Subscription;

export const subscriptions = resource({
  kind: 'subscription',
  path: '/v1/subscriptions',
  references: {
    customer: 'customer',
    default_payment_method: 'payment_method',
    discounts: 'discount',
    latest_invoice: 'invoice',
    'pending_update.discounts': 'discount',
    pending_setup_intent: 'setup_intent',
    schedule: 'subscription_schedule',
    test_clock: 'test_helpers.test_clock',
  },
  indexes: {
    customer: ({ customer }) => idOf(customer),
    item: ({ items }) => items.data.map(({ id }) => id),
    pending_setup_intent: ({ pending_setup_intent }) => idOrNull(pending_setup_intent),
    test_clock: ({ test_clock }) => idOrNull(test_clock),
  },
  list: {
    automatic_tax: (one, { enabled }: { enabled: boolean }) =>
      one.automatic_tax.enabled === enabled,
    collection_method: (one, method: string) => one.collection_method === method,
    current_period_end: (one, range: unknown) =>
      one.items.data.some((item) => inRange(item.current_period_end, range)),
    current_period_start: (one, range: unknown) =>
      one.items.data.some((item) => inRange(item.current_period_start, range)),
    customer: (one, customer: string) => idOf(one.customer) === customer,
    price: (one, price: string) => one.items.data.some((item) => item.price.id === price),
    plan: (one, price: string) => one.items.data.some((item) => item.price.id === price),
    test_clock: (one, clock: string) => one.test_clock === clock,
  },
  filters: ['status'],
  listed: (_ctx, one, params) => hasStatus(one, params) && isVisible(one, params),
  routes: [searchRoute('subscription', '/v1/subscriptions')],
  create: createSubscription,
  update: updateSubscription,
  actions: [
    { name: 'pause', handle: pauseSubscription },
    { name: 'resume', handle: resumeSubscription },
    { name: 'migrate', handle: migrate },
    { name: 'discount', method: 'DELETE', handle: deleteDiscount },
  ],
  del: cancelSubscription,
  present: presentSubscription,
  due: {
    'subscription.cycle': renewSubscription,
    'subscription.cancel': cancelAtReached,
    'subscription.incomplete': incompleteExpired,
    'subscription.pending_update': expirePendingUpdate,
    'subscription.collection': resumeCollection,
    'subscription.trial_will_end': warnOfTrialEnd,
    'subscription.upcoming': announceRenewal,
  },
  follows: {
    'invoice.paid': followPayment,
    'invoice.failed': followFailure,
    'invoice.overdue': followOverdue,
    'invoice.tax_disabled': followTaxDisabled,
    'invoice.written_off': followWriteOff,
  },
});

/** With what real answers carry on although the types do not: its only plan, and how many of it. */
function presentSubscription(ctx: Context, subscription: Subscription): object {
  const data = subscription.items.data.map((one) => withPriceOfNow(ctx, one));
  const [item, another] = data;
  const only = another === undefined ? item : undefined;
  return {
    ...subscription,
    items: counted({ ...subscription.items, data }),
    plan: only?.plan ?? null,
    quantity: only?.quantity ?? null,
  };
}

/** Without a status the ended ones are left out. */
function hasStatus({ status }: Subscription, params: Params): boolean {
  const wanted = params.status as string | undefined;
  const isOver = status === 'canceled' || status === 'incomplete_expired';
  if (wanted === undefined) return status !== 'canceled';
  if (wanted === 'all') return true;
  return wanted === 'ended' ? isOver : status === wanted;
}

function isVisible({ test_clock }: Subscription, params: Params): boolean {
  return test_clock === null || 'customer' in params || 'test_clock' in params;
}

/** From classic to flexible billing; there is no way back. */
function migrate(
  global: Context,
  before: Subscription,
  params: Stripe.SubscriptionMigrateParams,
): Subscription {
  const ctx = global.onClock(idOrNull(before.test_clock));
  assertNotEnded(before, 'it cannot be migrated');
  if (before.billing_mode.type === 'flexible') {
    throw invalidRequest(`Subscription ${before.id} is in flexible billing mode already.`);
  }
  const billing_mode: Subscription['billing_mode'] = {
    type: 'flexible',
    flexible: {
      proration_discounts: params.billing_mode.flexible?.proration_discounts ?? 'included',
    },
    updated_at: ctx.now,
  };
  return ctx.update('subscription', before, { billing_mode }, 'customer.subscription.updated');
}

function deleteDiscount(global: Context, before: Subscription): object {
  const ctx = global.onClock(idOrNull(before.test_clock));
  assertNotEnded(before, 'its discount cannot be deleted');
  const [id] = before.discounts.map(idOf);
  if (id === undefined) {
    throw invalidRequest(
      `Subscription ${before.id} has no discount.`,
      undefined,
      'resource_missing',
    );
  }
  const discount = ctx.store.get('discount', id);
  ctx.emit('customer.discount.deleted', discount);
  const discounts = before.discounts.slice(1);
  ctx.update('subscription', before, { discounts }, 'customer.subscription.updated');
  const { end: _end, ...rest } = discount;
  return { ...rest, deleted: true };
}

function resumeCollection(ctx: Context, id: string): void {
  const before = ctx.store.find('subscription', id);
  if (before === undefined || before.ended_at !== null) return;
  ctx.update('subscription', before, { pause_collection: null }, 'customer.subscription.updated');
}

function warnOfTrialEnd(ctx: Context, id: string): void {
  const subscription = ctx.store.find('subscription', id);
  if (subscription?.status !== 'trialing') return;
  ctx.emit('customer.subscription.trial_will_end', subscription);
}

/** Some days before the next invoice, for whoever wants to add to it or tell the customer. */
function announceRenewal(ctx: Context, id: string): void {
  const subscription = ctx.store.find('subscription', id);
  if (subscription === undefined || subscription.ended_at !== null) return;
  if (subscription.cancel_at_period_end || subscription.status !== 'active') return;
  const invoice = previewRenewal(ctx, subscription);
  if (invoice !== null) ctx.emit('invoice.upcoming', invoice);
}
