import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { prorate } from '../discount/shares.ts';
import type { LineDraft } from '../invoice/line.ts';
import { idsOf } from '../tax/rates.ts';
import { fullPeriod, isMetered, netAmounts, priceOf } from './charges.ts';
import { productName } from '../catalog/name.ts';
import { debitsOf } from './debits.ts';

type Item = Stripe.SubscriptionItem;

/**
 * What is given back for the rest of the items' periods, from `at` on. Flexible billing gives back a
 * part of what was really billed; classic a part of what the item costs now.
 */
export function creditLines(
  ctx: Context,
  subscription: Stripe.Subscription,
  items: readonly Item[],
  at: number,
): LineDraft[] {
  if (subscription.status === 'trialing') return [];
  const isFlexible = subscription.billing_mode.type === 'flexible';
  const all = subscription.items.data;
  const net = netAmounts(ctx, subscription, all, at);
  const debits = debitsOf(ctx, subscription.id);
  return items
    .filter((item) => !isMetered(item))
    .map((item) => {
      const debit = debits[item.id];
      const full = fullPeriod(subscription, item);
      const whole = net[all.findIndex(({ id }) => id === item.id)] ?? 0;
      const amount = isFlexible
        ? debit === undefined
          ? 0
          : prorate(debit.amount, at, debit.start, debit.end)
        : prorate(whole, at, full.start, full.end);
      const lines = debit?.lines ?? [];
      const credited =
        debit?.invoice && lines.length > 0
          ? { invoice: debit.invoice, invoice_line_items: [...lines] }
          : null;
      const text = `Unused time on ${naming(ctx, subscription, item)} after ${dateText(at)}`;
      return prorationLine(ctx, subscription, item, { amount: -amount, at, text, credited });
    })
    .filter(({ amount }) => amount !== 0);
}

/** What the rest of the items' periods costs, from `at` on. */
export function debitLines(
  ctx: Context,
  subscription: Stripe.Subscription,
  items: readonly Item[],
  at: number,
): LineDraft[] {
  if (subscription.status === 'trialing') return [];
  const all = subscription.items.data;
  const net = netAmounts(ctx, subscription, all, at);
  return items
    .filter((item) => !isMetered(item))
    .map((item) => {
      const full = fullPeriod(subscription, item);
      const whole = net[all.findIndex(({ id }) => id === item.id)] ?? 0;
      const amount = prorate(whole, at, full.start, full.end);
      const text = `Remaining time on ${naming(ctx, subscription, item)} after ${dateText(at)}`;
      return prorationLine(ctx, subscription, item, { amount, at, text, credited: null });
    });
}

function prorationLine(
  ctx: Context,
  subscription: Stripe.Subscription,
  item: Item,
  facts: { amount: number; at: number; text: string; credited: LineDraft['credited'] },
): LineDraft {
  return {
    // Never -0, which JSON would show as such in tests and nowhere else.
    amount: facts.amount === 0 ? 0 : facts.amount,
    currency: subscription.currency,
    description: facts.text,
    period: { start: facts.at, end: item.current_period_end },
    price: priceOf(ctx, item, subscription),
    quantity: item.quantity ?? 1,
    discounts: [],
    // Discounts are in the amount already: what was paid is given back, not the list price.
    isDiscountable: false,
    subscription: subscription.id,
    subscriptionItem: item.id,
    invoiceItem: null,
    isProration: true,
    unitAmount: null,
    credited: facts.credited,
    taxRates: idsOf(item.tax_rates),
    metadata: {},
  };
}

function naming(ctx: Context, subscription: Stripe.Subscription, item: Item): string {
  const name = productName(ctx, priceOf(ctx, item, subscription));
  return (item.quantity ?? 1) === 1 ? name : `${item.quantity} × ${name}`;
}

/** `15 Jan 2027` */
function dateText(at: number): string {
  const [, day, month, year] = new Date(at * 1000).toUTCString().split(' ');
  return `${day} ${month} ${year}`;
}
