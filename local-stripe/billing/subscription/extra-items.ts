import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { priceAmount } from '../catalog/cost.ts';
import type { LineDraft } from '../invoice/line.ts';
import { redeemForInvoice } from '../discount/redemption.ts';
import { idsOf, readTaxRates } from '../tax/rates.ts';
import { refuseUnsupported } from '../unsupported.ts';
import { productName } from '../catalog/name.ts';
import { assertQuantity, inCurrency, resolvePrice } from './items.ts';

/** The time that all items have in common, which is what is sold along with them is for. */
function sharedPeriod({ items }: Stripe.Subscription): LineDraft['period'] {
  return {
    start: Math.max(...items.data.map((item) => item.current_period_start)),
    end: Math.min(...items.data.map((item) => item.current_period_end)),
  };
}

/** One of `add_invoice_items`: something sold once, on the next invoice. */
export function oneTimeLine(
  ctx: Context,
  given: Stripe.SubscriptionCreateParams.AddInvoiceItem,
  subscription: Stripe.Subscription,
  place: string,
): LineDraft {
  refuseUnsupported(given, ['period'], place);
  const found = resolvePrice(ctx, given, place);
  if (found.recurring !== null) {
    throw invalidRequest(
      'The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.',
      `${place}[price]`,
    );
  }
  const price = inCurrency(found, subscription.currency, `${place}[price]`);
  assertQuantity(given.quantity, price, place);
  const quantity = given.quantity ?? 1;
  return {
    amount: priceAmount(price, quantity),
    currency: price.currency,
    description: productName(ctx, price),
    period: sharedPeriod(subscription),
    price,
    quantity,
    discounts: redeemForInvoice(
      ctx,
      given.discounts ?? [],
      { customer: idOf(subscription.customer) },
      price.currency,
      `${place}[discounts]`,
    ),
    isDiscountable: given.discountable ?? true,
    subscription: subscription.id,
    subscriptionItem: null,
    invoiceItem: null,
    isProration: false,
    credited: null,
    taxRates: idsOf(readTaxRates(ctx, given.tax_rates, `${place}[tax_rates]`)),
    metadata: mergeMetadata({}, given.metadata),
  };
}
