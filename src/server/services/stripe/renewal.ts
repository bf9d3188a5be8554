import type { Stripe } from 'stripe';
import { WRITE_TIMEOUTS, type CallTimeouts } from './client/client.ts';
import { isRefused } from './client/errors.ts';
import { readPreview, type InvoicePreview } from './snapshots/invoice-snapshot.ts';
import type {
  SubscriptionItemSnapshot,
  SubscriptionSnapshot,
} from './snapshots/subscription-snapshot.ts';

/**
 * What the next invoice will take: coupons, balance, quantities, add-ons and tax are Stripe's
 * affair, and so is the sum. `undefined` when no invoice will come.
 */
export async function previewRenewal(
  stripe: Stripe,
  { id, customerId }: SubscriptionSnapshot,
  timeouts: CallTimeouts,
): Promise<InvoicePreview | undefined> {
  try {
    const params = { customer: customerId, subscription: id };
    return readPreview(await stripe.invoices.createPreview(params, timeouts));
  } catch (error) {
    // 404 `invoice_upcoming_none`, and states that are not billed.
    if (isRefused(error)) return undefined;
    throw error;
  }
}

export interface PeriodOf {
  subscription: SubscriptionSnapshot;
  /** What is billed together with the plan, and the plan's item itself. */
  items: readonly SubscriptionItemSnapshot[];
  /** The item that carries the plan. */
  itemId: string;
  priceId: string;
  startsAt: Date;
  /** Discounts that another invoice uses up before. */
  usedDiscounts?: readonly string[];
}

/**
 * What the first whole period after a change will cost. It is asked for as if it began anew with the
 * same items and discounts, because a schedule that is attached would answer for its own plans. A
 * discount that is over or used up by then is left out.
 */
export async function previewPeriod(
  stripe: Stripe,
  { subscription, items, itemId, priceId, startsAt, usedDiscounts = [] }: PeriodOf,
): Promise<InvoicePreview> {
  const { customerId, currency, taxRateIds, automaticTax } = subscription;
  const discounts = subscription.discounts.filter(
    ({ id, end }) => !usedDiscounts.includes(id) && (!end || end > startsAt),
  );
  const answer = await stripe.invoices.createPreview(
    {
      customer: customerId,
      // Else a price that has several would be in its own, which is not what will be billed.
      currency,
      ...(automaticTax ? { automatic_tax: { enabled: true } } : {}),
      ...(discounts.length > 0 ? { discounts: discounts.map(({ id }) => ({ discount: id })) } : {}),
      subscription_details: {
        items: items.map(({ id, price, quantity, discountIds, taxRateIds: own }) => ({
          price: id === itemId ? priceId : price.id,
          ...(quantity === null ? {} : { quantity }),
          ...(discountIds.length > 0
            ? { discounts: discountIds.map((discount) => ({ discount })) }
            : {}),
          ...(own.length > 0 ? { tax_rates: own } : {}),
        })),
        ...(taxRateIds.length > 0 ? { default_tax_rates: taxRateIds } : {}),
      },
    },
    WRITE_TIMEOUTS,
  );
  return readPreview(answer);
}
