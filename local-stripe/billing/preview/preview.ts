import type Stripe from 'stripe';
import { invalidRequest, missingParam } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { ratesOf } from '../tax/rates.ts';
import { previewCustomer } from './customer.ts';
import { addItems } from './items.ts';
import { previewOneOff } from './one-off.ts';
import { customerClock, findSubscription, isOneOff, none } from './subject.ts';
import { cancelSubscription } from '../subscription/cancel.ts';
import { draftFirstInvoice } from '../subscription/start.ts';
import { nextCycleAt, scheduleCycle } from '../subscription/cycle-schedule.ts';
import { prepareSubscription } from '../subscription/create.ts';
import { plainPatch } from '../subscription/plain-patch.ts';
import { renewSubscription } from '../subscription/renew.ts';
import { updateSubscription } from '../subscription/update.ts';
import { refuseUnsupported } from '../unsupported.ts';

type Params = Stripe.InvoiceCreatePreviewParams;
type Details = Stripe.InvoiceCreatePreviewParams.SubscriptionDetails;

/**
 * `POST /v1/invoices/create_preview`: what would be billed. It is done for real and undone, so what
 * it says is what an update with the same `proration_date` charges.
 */
export function previewInvoice(global: Context, params: Params): Stripe.Invoice {
  refuseUnsupported(params, ['customer_account', 'on_behalf_of', 'schedule_details']);
  const details = params.subscription_details ?? {};
  refuseUnsupported(
    details,
    ['billing_schedules', 'pause', 'resume_at', 'start_date'],
    'subscription_details',
  );
  const subscription = findSubscription(global, params);
  const isSomebody = subscription !== null || params.customer !== undefined;
  const clock = subscription === null ? customerClock(global, params) : subscription.test_clock;
  const ctx = global.onClock(idOrNull(clock));
  const preview = asPreview(
    previewed(ctx, () => {
      const customer = previewCustomer(ctx, params, subscription);
      if (subscription !== null) return previewChange(ctx, subscription, params, details);
      return isOneOff(params)
        ? previewOneOff(ctx, { ...params, customer })
        : previewCreation(ctx, { ...params, customer }, details);
    }),
  );
  // Somebody who was only described has no id.
  return isSomebody ? preview : { ...preview, customer: null };
}

/**
 * What the next period will be billed as things stand, as `invoice.upcoming` tells it: an invoice
 * without an id, since there is none yet. Null when there will be none.
 */
export function previewRenewal(
  ctx: Context,
  subscription: Stripe.Subscription,
): Omit<Stripe.Invoice, 'id'> | null {
  const invoice = previewed(ctx, () => renewed(ctx, subscription.id));
  if (invoice === null) return null;
  const { id: _id, ...rest } = asPreview(invoice);
  const data = rest.lines.data.map((line) => ({ ...line, invoice: null }));
  return { ...rest, lines: { ...rest.lines, data } };
}

/** Does it and undoes it, but for the rates of taxes that were computed: what names them is told. */
function previewed<I extends Stripe.Invoice | null>(ctx: Context, work: () => I): I {
  const { invoice, rates } = ctx.preview(() => {
    const made = work();
    const ids = (made?.total_taxes ?? []).map((tax) => tax.tax_rate_details!.tax_rate);
    return { invoice: made, rates: ratesOf(ctx, ids) };
  });
  for (const rate of rates) {
    if (ctx.store.find('tax_rate', rate.id) === undefined) ctx.store.put('tax_rate', rate);
  }
  return invoice;
}

function previewChange(
  ctx: Context,
  before: Stripe.Subscription,
  params: Params,
  details: Details,
): Stripe.Invoice {
  if (params.currency !== undefined && params.currency.toLowerCase() !== before.currency) {
    throw invalidRequest(
      `The subscription ${before.id} is billed in ${before.currency}, which cannot be changed.`,
      'currency',
    );
  }
  const { currency, id } = before;
  addItems(ctx, params, { customer: idOf(before.customer), currency, subscription: id });
  const plain = {
    ...(params.discounts === undefined ? {} : { discounts: params.discounts }),
    ...(params.automatic_tax === undefined ? {} : { automatic_tax: params.automatic_tax }),
    ...(details.default_tax_rates === undefined
      ? {}
      : { default_tax_rates: details.default_tax_rates }),
  } as Stripe.SubscriptionUpdateParams;
  if (details.cancel_now) {
    const patch = plainPatch(ctx, before, plain);
    return finalInvoice(ctx, ctx.update('subscription', before, patch), details);
  }
  const after = updateSubscription(ctx, before, {
    ...updateParams(details),
    ...plain,
    // What is billed does not depend on the payment, which nobody makes here.
    payment_behavior: 'default_incomplete',
  });
  const made = idOrNull(after.latest_invoice);
  if (made !== null && made !== idOrNull(before.latest_invoice))
    return ctx.store.get('invoice', made);
  return renewed(ctx, after.id) ?? none(after);
}

function renewed(ctx: Context, id: string): Stripe.Invoice | null {
  const before = ctx.store.get('subscription', id);
  if (before.ended_at !== null || before.status === 'paused') return null;
  const at = nextCycleAt(before);
  // Discounts on the way there, and everything else that a cycle does, happen in the same way.
  scheduleCycle(ctx, before);
  renewSubscription(ctx.at(at), id);
  const latest = idOrNull(ctx.store.get('subscription', id).latest_invoice);
  if (latest === null || latest === idOrNull(before.latest_invoice)) return null;
  return ctx.store.get('invoice', latest);
}

function finalInvoice(
  ctx: Context,
  subscription: Stripe.Subscription,
  details: Details,
): Stripe.Invoice {
  const prorate = (details.proration_behavior ?? 'create_prorations') !== 'none';
  const ended = cancelSubscription(ctx, subscription, { invoice_now: true, prorate });
  const latest = idOrNull(ended.latest_invoice);
  if (latest === null || latest === idOrNull(subscription.latest_invoice))
    return none(subscription);
  return ctx.store.get('invoice', latest);
}

function previewCreation(
  ctx: Context,
  params: Params & { customer: string },
  details: Details,
): Stripe.Invoice {
  if (details.items === undefined) throw missingParam('subscription_details[items]');
  const asked = {
    customer: params.customer,
    ...(params.currency === undefined ? {} : { currency: params.currency }),
    items: details.items.map(({ id: _id, deleted: _deleted, ...item }) => item),
    ...(params.discounts ? { discounts: params.discounts } : {}),
    ...(details.trial_end === undefined ? {} : { trial_end: details.trial_end }),
    ...(typeof details.billing_cycle_anchor === 'number'
      ? { billing_cycle_anchor: details.billing_cycle_anchor }
      : {}),
    ...(details.billing_mode === undefined ? {} : { billing_mode: details.billing_mode }),
    ...(details.default_tax_rates ? { default_tax_rates: details.default_tax_rates } : {}),
    ...(params.automatic_tax === undefined ? {} : { automatic_tax: params.automatic_tax }),
  } as Stripe.SubscriptionCreateParams;
  const { subscription } = prepareSubscription(ctx, asked, { needsLocation: false });
  const { customer } = params;
  const { currency, id } = subscription;
  addItems(ctx, params, { customer, currency, subscription: id });
  return draftFirstInvoice(ctx, subscription, details.proration_behavior);
}

function updateParams(details: Details): Stripe.SubscriptionUpdateParams {
  const { items, proration_behavior, proration_date, trial_end, cancel_at, cancel_at_period_end } =
    details;
  const update: Stripe.SubscriptionUpdateParams = {};
  if (items !== undefined) update.items = items as Stripe.SubscriptionUpdateParams.Item[];
  if (proration_behavior !== undefined) update.proration_behavior = proration_behavior;
  if (proration_date !== undefined) update.proration_date = proration_date;
  if (trial_end !== undefined) update.trial_end = trial_end;
  if (cancel_at !== undefined) update.cancel_at = cancel_at;
  if (cancel_at_period_end !== undefined) update.cancel_at_period_end = cancel_at_period_end;
  if (details.billing_cycle_anchor !== undefined) {
    update.billing_cycle_anchor =
      details.billing_cycle_anchor as Stripe.SubscriptionUpdateParams.BillingCycleAnchor;
  }
  return update;
}

/** Under ids of its own, and as nothing had come of it yet: nothing can be done with it but look. */
function asPreview(invoice: Stripe.Invoice): Stripe.Invoice {
  const id = invoice.id.replace(/^in_1/, 'upcoming_in_1');
  const data = invoice.lines.data.map((line) => ({
    ...line,
    id: line.id.replace(/^il_1/, 'il_tmp_1'),
    invoice: id,
  }));
  return {
    ...invoice,
    id,
    amount_paid: 0,
    amount_remaining: invoice.amount_due,
    attempt_count: 0,
    attempted: false,
    automatically_finalizes_at: null,
    billing_reason: 'upcoming',
    effective_at: null,
    lines: { ...invoice.lines, data, url: `/v1/invoices/upcoming/lines` },
    number: null,
    status: 'draft',
    status_transitions: {
      finalized_at: null,
      marked_uncollectible_at: null,
      paid_at: null,
      voided_at: null,
    },
    webhooks_delivered_at: null,
  };
}
