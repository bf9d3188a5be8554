import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import type { Context } from '../../kernel/types.ts';
import { priceAmount } from '../catalog/cost.ts';
import type { LineDraft } from '../invoice/line.ts';
import { refuseUnimitated } from '../unimitated.ts';
import { productName } from '../catalog/name.ts';
import { assertQuantity, resolvePrice } from './items.ts';

/** One of `add_invoice_items`: something sold once, on the next invoice. */
export function oneTimeLine(
  ctx: Context,
  given: Stripe.SubscriptionCreateParams.AddInvoiceItem,
  subscription: Stripe.Subscription,
  place: string,
): LineDraft {
  refuseUnimitated(given, ['discounts', 'period', 'tax_rates'], place);
  const price = resolvePrice(ctx, given, place);
  if (price.recurring !== null) {
    throw invalidRequest(
      'The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.',
      `${place}[price]`,
    );
  }
  if (price.currency !== subscription.currency) {
    throw invalidRequest(
      `The price specified only supports \`${price.currency}\`. This doesn't match the expected currency: \`${subscription.currency}\`.`,
      `${place}[price]`,
    );
  }
  assertQuantity(given.quantity, price, place);
  const quantity = given.quantity ?? 1;
  return {
    amount: priceAmount(price, quantity),
    currency: price.currency,
    description: productName(ctx, price),
    period: { start: ctx.now, end: ctx.now },
    price,
    quantity,
    discounts: [],
    isDiscountable: given.discountable ?? true,
    subscription: subscription.id,
    subscriptionItem: null,
    invoiceItem: null,
    isProration: false,
    credited: null,
    metadata: mergeMetadata({}, given.metadata),
  };
}
