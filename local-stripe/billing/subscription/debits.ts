import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { prorate } from '../discount/shares.ts';
import type { Debit } from '../rows.ts';
import { fullPeriod, netAmounts } from './charges.ts';

/** What was billed for each item's current period: what a later credit gives back a part of. */
export function rememberDebits(
  ctx: Context,
  subscription: Stripe.Subscription,
  invoice: Stripe.Invoice | null,
  kind: 'full' | 'part' | 'trial' | 'free',
  items: readonly Stripe.SubscriptionItem[] = subscription.items.data,
): void {
  const all = subscription.items.data;
  const net = netAmounts(ctx, subscription, all, ctx.now);
  const debits = { ...debitsOf(ctx, subscription.id) };
  for (const item of items) {
    const { current_period_start: start, current_period_end: end } = item;
    const full = fullPeriod(subscription, item);
    const whole = net[all.findIndex(({ id }) => id === item.id)] ?? 0;
    const amount =
      kind === 'full' ? whole : kind === 'part' ? prorate(whole, start, full.start, full.end) : 0;
    debits[item.id] = { amount, start, end, ...linesOf(invoice, item.id) };
  }
  ctx.store.put('_billed', { id: subscription.id, debits });
}

export function debitsOf(ctx: Context, subscription: string): Record<string, Debit> {
  return ctx.store.find('_billed', subscription)?.debits ?? {};
}

/** Where the item was billed on that invoice: of a graduated price on several lines. */
export function linesOf(
  invoice: Stripe.Invoice | null,
  item: string,
): Pick<Debit, 'invoice' | 'lines'> {
  const lines = (invoice?.lines.data ?? []).filter(({ amount, parent }) => {
    return amount > 0 && parent?.subscription_item_details?.subscription_item === item;
  });
  return { invoice: lines.length > 0 ? invoice!.id : null, lines: lines.map(({ id }) => id) };
}
