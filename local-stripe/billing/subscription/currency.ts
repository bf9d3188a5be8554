import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { currencyPatch } from '../invoice/balance.ts';

/**
 * Throws 400 when the customer is being billed in another currency: by a subscription or a schedule
 * that has not ended, or by items that wait for an invoice. What is over does not bind them (Stripe,
 * "Multi-currency customers").
 */
export function assertOneCurrency(ctx: Context, customer: string, currency: string): void {
  const other = currenciesInUse(ctx, customer).find((one) => one !== currency);
  if (other === undefined) return;
  throw invalidRequest(
    `You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency ${other}`,
  );
}

function currenciesInUse(ctx: Context, customer: string): string[] {
  const { store } = ctx;
  const live = store.by('subscription', 'customer', customer).filter((one) => {
    return one.ended_at === null;
  });
  const planned = store
    .by('subscription_schedule', 'customer', customer)
    .filter(({ status }) => status === 'not_started')
    .flatMap(({ phases }) => phases);
  const waiting = store.by('invoiceitem', 'pending', customer);
  return [...live, ...planned, ...waiting].map((one) => one.currency);
}

/** The currency of a customer is that of their latest subscription; told once that is settled. */
export function settleCurrency(ctx: Context, subscription: Stripe.Subscription): void {
  const customer = ctx.store.get('customer', idOf(subscription.customer));
  const patch = currencyPatch(ctx, customer, subscription.currency);
  const type = subscription.status === 'incomplete' ? undefined : 'customer.updated';
  ctx.update('customer', customer, patch, type);
}
