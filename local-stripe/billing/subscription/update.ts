import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { createInvoiceItem } from '../invoice/items.ts';
import { assertNotScheduled } from './attached-schedule.ts';
import { refuseUnsupported } from '../unsupported.ts';
import { billChange } from './bill-change.ts';
import { announceEntitlements } from './changed.ts';
import { planChange } from './change.ts';
import type { Change } from './change.ts';
import { scheduleCycle } from './cycle-schedule.ts';
import { oneTimeLine } from './extra-items.ts';
import { dropPendingUpdate } from './pending-update.ts';
import { plainPatch } from './plain-patch.ts';
import { readTrialEnd, unsupported } from './read-params.ts';
import { assertTaxTerms } from './tax-terms.ts';

type Params = Stripe.SubscriptionUpdateParams;

/** What may be changed together with `payment_behavior: pending_if_incomplete`. */
const pendable = new Set([
  'add_invoice_items',
  'billing_cycle_anchor',
  'cancel_at_period_end',
  'discounts',
  'expand',
  'items',
  'metadata',
  'off_session',
  'payment_behavior',
  'proration_behavior',
  'proration_date',
  'trial_end',
  'trial_from_plan',
]);

const touchesTax = ['add_invoice_items', 'automatic_tax', 'default_tax_rates', 'items'] as const;

/** `POST /v1/subscriptions/:id`. */
export function updateSubscription(
  global: Context,
  found: Stripe.Subscription,
  params: Params,
): Stripe.Subscription {
  const ctx = global.onClock(idOrNull(found.test_clock));
  refuseUnsupported(params, unsupported);
  assertUpdatable(found, params);
  if (params.payment_behavior === 'pending_if_incomplete') assertPendable(found, params);
  const touchesBill =
    params.items !== undefined ||
    params.trial_end !== undefined ||
    params.billing_cycle_anchor?.type === 'now';
  const before = touchesBill || contradicts(found, params) ? dropPendingUpdate(ctx, found) : found;
  const extras = (params.add_invoice_items ?? []).map((extra, i) => {
    const line = oneTimeLine(ctx, extra, before, `add_invoice_items[${i}]`);
    createInvoiceItem(ctx, idOf(before.customer), line, null);
    return line;
  });
  const plain = plainPatch(ctx, before, params);
  const change = touchesBill ? readChange(ctx, { ...before, ...plain }, params) : null;
  if (touchesTax.some((name) => params[name] !== undefined)) {
    const customer = ctx.store.get('customer', idOf(before.customer));
    assertTaxTerms(ctx, customer, { ...before, ...plain, ...change?.next }, extras);
  }
  if (change === null || !change.changesBill) {
    const items = change === null ? {} : { items: change.next.items };
    const patch = { ...plain, ...items };
    const after = ctx.update('subscription', before, patch, 'customer.subscription.updated');
    if (after !== before) scheduleCycle(ctx, after);
    return after;
  }
  const after = billChange(ctx, before, plain, change, {
    payment: params.payment_behavior ?? 'allow_incomplete',
    proration: params.proration_behavior ?? 'create_prorations',
    prorationDate: params.proration_date ?? null,
  });
  if (after.status !== 'canceled') scheduleCycle(ctx, after);
  ctx.follow('subscription.changed', { subscription: after });
  announceEntitlements(ctx, after);
  return ctx.store.get('subscription', after.id);
}

/** What the parameters mean for the bill. */
function readChange(ctx: Context, before: Stripe.Subscription, params: Params): Change {
  const prices = before.items.data.map(({ price }) => price);
  const trialEnd =
    params.trial_end === undefined && !params.trial_from_plan
      ? undefined
      : readTrialEnd(ctx, params, prices);
  return planChange(ctx, before, {
    ...(params.items === undefined ? {} : { items: params.items }),
    anchorNow: params.billing_cycle_anchor?.type === 'now',
    trialEnd,
    behavior: params.proration_behavior ?? 'create_prorations',
    at: readProrationDate(ctx, before, params.proration_date),
  });
}

function readProrationDate(
  ctx: Context,
  { items }: Stripe.Subscription,
  given: number | undefined,
): number {
  if (given === undefined) return ctx.now;
  const start = Math.min(...items.data.map((item) => item.current_period_start));
  const end = Math.max(...items.data.map((item) => item.current_period_end));
  if (given < start || given > end) {
    throw invalidRequest(
      'Cannot specify `proration_date` outside of the current billing period.',
      'proration_date',
    );
  }
  return given;
}

function assertUpdatable(subscription: Stripe.Subscription, params: Params): void {
  const { status } = subscription;
  const names = Object.keys(params).filter((name) => name !== 'expand');
  if (status === 'canceled' || status === 'incomplete_expired') {
    const allowed = ['metadata', 'cancellation_details'];
    if (names.every((name) => allowed.includes(name))) return;
    throw invalidRequest(
      'A canceled subscription can only update its cancellation_details and metadata.',
      undefined,
      'invalid_canceled_subscription_fields',
    );
  }
  if (status === 'incomplete' && params.items !== undefined) {
    throw invalidRequest(
      'An incomplete subscription cannot change its items: its first invoice has to be paid before.',
      'items',
    );
  }
  if (subscription.schedule !== null) assertNotScheduled(names);
}

/** An update about the end takes the place of a pending one that says otherwise. */
function contradicts({ pending_update }: Stripe.Subscription, params: Params): boolean {
  const pending = pending_update?.cancel_at_period_end ?? null;
  const given = params.cancel_at_period_end;
  return pending !== null && given !== undefined && given !== pending;
}

function assertPendable(found: Stripe.Subscription, params: Params): void {
  if (found.collection_method === 'send_invoice') {
    throw invalidRequest(
      'You cannot use `pending_if_incomplete` when `collection_method` is `send_invoice`: only charges that are made automatically can succeed at once.',
      'payment_behavior',
    );
  }
  for (const name of Object.keys(params)) {
    if (pendable.has(name)) continue;
    throw invalidRequest(
      `You cannot update \`${name}\` when payment_behavior is \`pending_if_incomplete\`.`,
      name,
    );
  }
}
