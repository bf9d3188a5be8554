import type Stripe from 'stripe';
import { StripeError, invalidRequest, missingParam, noSuch } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { nextCycleAt } from '../subscription/cycle-schedule.ts';

type Params = Stripe.InvoiceCreatePreviewParams;

/** The subscription that a preview is about; null: one that there is not yet. */
export function findSubscription(ctx: Context, params: Params): Stripe.Subscription | null {
  if (params.subscription !== undefined) {
    const found = ctx.store.find('subscription', params.subscription);
    if (found === undefined) throw noSuch('subscription', params.subscription, 'subscription');
    if (params.customer !== undefined && idOf(found.customer) !== params.customer) {
      throw invalidRequest(
        `Subscription ${found.id} does not belong to customer ${params.customer}.`,
        'subscription',
      );
    }
    if (found.ended_at !== null) none(found);
    return found;
  }
  if (params.schedule !== undefined) {
    const schedule = ctx.store.find('subscription_schedule', params.schedule);
    const id = idOrNull(schedule?.subscription);
    if (id === null) throw noSuch('subscription_schedule', params.schedule, 'schedule');
    return ctx.store.get('subscription', id);
  }
  if (params.subscription_details?.items !== undefined && isNamed(params)) return null;
  if (params.customer === undefined) {
    if (isOneOff(params) && isNamed(params)) return null;
    throw missingParam('customer');
  }
  const live = ctx.store.by('subscription', 'customer', params.customer).filter((one) => {
    return one.ended_at === null && one.status !== 'incomplete';
  });
  const next = live.sort((a, b) => nextCycleAt(a) - nextCycleAt(b))[0];
  if (next === undefined && !isOneOff(params)) throw noneFor(params.customer);
  return next ?? null;
}

/** Items alone: where there is no subscription that they would be billed with, a bill of their own. */
export function isOneOff({ invoice_items, subscription_details }: Params): boolean {
  return (invoice_items ?? []).length > 0 && subscription_details === undefined;
}

/** Whom it is about: a customer, or somebody described. */
function isNamed({ customer, customer_details: details }: Params): boolean {
  return customer !== undefined || details !== undefined;
}

/** The test clock of the customer who is named, if one is. */
export function customerClock(ctx: Context, { customer }: Params) {
  if (customer === undefined) return null;
  const found = ctx.store.find('customer', customer);
  if (found === undefined) throw noSuch('customer', customer, 'customer');
  return found.test_clock ?? null;
}

/** Throws 404: there will be no invoice. */
export function none(subscription: Stripe.Subscription): never {
  throw noneFor(idOf(subscription.customer));
}

function noneFor(customer: string): StripeError {
  return new StripeError(404, {
    type: 'invalid_request_error',
    code: 'invoice_upcoming_none',
    message: `No upcoming invoices for customer: ${customer}`,
  });
}
