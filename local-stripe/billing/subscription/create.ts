import type Stripe from 'stripe';
import { invalidRequest, missingParam } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { periodAt } from '../calendar.ts';
import type { Period } from '../calendar.ts';
import { createInvoiceItem } from '../invoice/items.ts';
import { refuseUnsupported } from '../unsupported.ts';
import { plannedRates, readTaxRates } from '../tax/rates.ts';
import { assertTaxTerms } from './tax-terms.ts';
import { billingMode, buildSubscription } from './build.ts';
import { assertOneCurrency } from './currency.ts';
import { oneTimeLine } from './extra-items.ts';
import { startBilling } from './start.ts';
import type { Start } from './start.ts';
import {
  assertQuantity,
  assertRecurring,
  buildItem,
  itemsMax,
  refuseItemExtras,
  resolvePrice,
} from './items.ts';
import {
  assertOwnMethod,
  findCustomer,
  readAnchor,
  readCancelAt,
  readTrialEnd,
  redeemAll,
  unsupported,
} from './read-params.ts';

/** `POST /v1/subscriptions`, with its first invoice and, where it can, its payment. */
export function createSubscription(
  global: Context,
  params: Stripe.SubscriptionCreateParams,
): Stripe.Subscription {
  const { ctx, subscription, behavior } = prepareSubscription(global, params);
  return startBilling(ctx, subscription, { behavior, proration: params.proration_behavior });
}

export interface PrepareOptions {
  /** The schedule that has planned it. */
  schedule?: string | null;
  /** False where the customer will yet say where they are: a Checkout page, a preview. */
  needsLocation?: boolean;
  /** Its prices were chosen before, and may be inactive by now. */
  isChosen?: boolean;
}

/**
 * Everything but the first invoice: the subscription with its items and discounts, kept but not
 * announced. Checkout goes on from here after it has taken the payment itself.
 */
export function prepareSubscription(
  global: Context,
  params: Stripe.SubscriptionCreateParams,
  { schedule = null, isChosen = schedule !== null, needsLocation = true }: PrepareOptions = {},
): { ctx: Context; subscription: Stripe.Subscription; behavior: Start['behavior'] } {
  refuseUnsupported(params, [...unsupported, 'backdate_start_date']);
  const customer = findCustomer(global, params.customer);
  const ctx = global.onClock(idOrNull(customer.test_clock));
  const behavior = (params.payment_behavior ?? 'allow_incomplete') as Start['behavior'];
  if (params.payment_behavior === 'pending_if_incomplete') {
    throw invalidRequest(
      '`pending_if_incomplete` can only be used when updating a subscription.',
      'payment_behavior',
    );
  }
  assertCollection(params);
  const method = params.default_payment_method;
  if (method !== undefined) assertOwnMethod(ctx, customer.id, method);

  const { given, currency } = readItems(ctx, params, customer, isChosen);
  const prices = given.map(({ price }) => price);
  const intervals = prices.map(({ recurring }) => recurring!);
  const mode = billingMode(ctx, params.billing_mode);
  assertSameInterval(mode, prices);
  const trialEnd = readTrialEnd(ctx, params, prices);
  const anchor = readAnchor(ctx, params, intervals, trialEnd);
  const id = ctx.newId('sub');
  const known = schedule === null ? [] : plannedRates(ctx);
  const items = given.map(({ item, price, place }) => {
    const itemId = ctx.newId('si');
    const target = { customer: customer.id, subscription: id, subscriptionItem: itemId, currency };
    const one = { price, quantity: item.quantity ?? 1 };
    return buildItem(ctx, {
      id: itemId,
      subscription: id,
      price,
      quantity: item.quantity,
      period: firstPeriod(ctx.now, anchor, trialEnd, price),
      metadata: item.metadata,
      discounts: redeemAll(ctx, item.discounts, target, [one], `${place}[discounts]`),
      taxRates: readTaxRates(ctx, item.tax_rates, `${place}[tax_rates]`, known),
    });
  });
  const discounts = redeemAll(
    ctx,
    params.discounts,
    { customer: customer.id, subscription: id, currency },
    items,
  );
  const inherited =
    params.discounts === undefined && customer.discount ? [customer.discount.id] : [];
  const facts = {
    id,
    customer: customer.id,
    items,
    currency,
    anchor,
    trialEnd,
    discounts: [...discounts, ...inherited],
    taxRates: readTaxRates(ctx, params.default_tax_rates, 'default_tax_rates', known),
    billingMode: mode,
    startDate: ctx.now,
    schedule,
  };
  const built = ctx.store.put('subscription', buildSubscription(ctx, facts, params));
  const extras = (params.add_invoice_items ?? []).map((extra, i) => {
    const line = oneTimeLine(ctx, extra, built, `add_invoice_items[${i}]`);
    createInvoiceItem(ctx, customer.id, line, null);
    return line;
  });
  // What was planned begins all the same: without an address it is billed without tax.
  if (schedule === null) assertTaxTerms(ctx, customer, built, extras, { needsLocation });
  return { ctx, subscription: withCancellation(ctx, built, params), behavior };
}

function readItems(
  ctx: Context,
  params: Stripe.SubscriptionCreateParams,
  customer: Stripe.Customer,
  isPlanned: boolean,
) {
  const items = params.items ?? [];
  if (items.length === 0) throw missingParam('items');
  if (items.length > itemsMax) {
    throw invalidRequest(`A subscription can have up to ${itemsMax} items.`, 'items');
  }
  const resolved = items.map((item, i) => {
    const place = `items[${i}]`;
    refuseItemExtras(item, place);
    const price = resolvePrice(ctx, item, place);
    assertQuantity(item.quantity, price, place);
    return { item, price, place };
  });
  const currency = params.currency?.toLowerCase() ?? resolved[0]!.price.currency;
  for (const { price, place } of resolved) assertRecurring(price, currency, place, isPlanned);
  const seen = new Set<string>();
  for (const { price, place } of resolved) {
    if (seen.has(price.id)) {
      throw invalidRequest(
        'Cannot add multiple subscription items with the same plan or price.',
        `${place}[price]`,
      );
    }
    seen.add(price.id);
  }
  assertOneCurrency(ctx, customer.id, currency);
  return { given: resolved, currency };
}

function assertCollection(params: Stripe.SubscriptionCreateParams): void {
  const isSent = params.collection_method === 'send_invoice';
  if (isSent && params.days_until_due === undefined) throw missingParam('days_until_due');
  if (!isSent && params.days_until_due !== undefined) {
    throw invalidRequest(
      '`days_until_due` can only be set when collection_method is send_invoice.',
      'days_until_due',
    );
  }
}

function assertSameInterval(
  mode: Stripe.Subscription.BillingMode,
  prices: readonly Stripe.Price[],
): void {
  if (mode.type === 'flexible') return;
  const intervals = prices.map(({ recurring }) => {
    return `${recurring!.interval_count} ${recurring!.interval}`;
  });
  if (new Set(intervals).size > 1) {
    throw invalidRequest(
      'All prices on a subscription with classic billing mode must have the same interval.',
      'items',
    );
  }
}

/** Up to the end of the trial; else to the first boundary of the anchor's rhythm. */
export function firstPeriod(
  now: number,
  anchor: number,
  trialEnd: number | null,
  price: Stripe.Price,
): Period {
  if (trialEnd !== null) return { start: now, end: trialEnd };
  return { start: now, end: periodAt(anchor, price.recurring!, now).end };
}

function withCancellation(
  ctx: Context,
  subscription: Stripe.Subscription,
  params: Stripe.SubscriptionCreateParams,
): Stripe.Subscription {
  if (params.cancel_at_period_end && params.cancel_at !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: cancel_at, cancel_at_period_end.',
      'cancel_at',
    );
  }
  const ends = subscription.items.data.map((item) => item.current_period_end);
  const cancel_at = params.cancel_at_period_end
    ? Math.min(...ends)
    : params.cancel_at === undefined
      ? null
      : readCancelAt(ctx, params.cancel_at, subscription);
  if (cancel_at === null) return subscription;
  return ctx.update('subscription', subscription, {
    cancel_at,
    cancel_at_period_end: params.cancel_at_period_end ?? false,
    canceled_at: ctx.now,
    cancellation_details: {
      ...subscription.cancellation_details!,
      reason: 'cancellation_requested',
    },
  });
}
