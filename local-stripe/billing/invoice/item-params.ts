import type Stripe from 'stripe';
import { invalidRequest, missingParam, noSuch } from '../../kernel/errors.ts';
import { assertAtMostOneOf } from '../../kernel/exclusive.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import type { Context } from '../../kernel/types.ts';
import { createPrice, priceIn } from '../catalog/price.ts';
import { priceAmount } from '../catalog/cost.ts';
import { productName } from '../catalog/name.ts';
import { redeemForInvoice } from '../discount/redemption.ts';
import { idsOf, readTaxRates } from '../tax/rates.ts';
import { refuseUnsupported } from '../unsupported.ts';
import { adHocPrice } from './ad-hoc-price.ts';
import type { LineDraft } from './line.ts';

/** What creating an invoice item and previewing one have in common. */
export type GivenItem = Omit<
  Stripe.InvoiceItemCreateParams,
  'customer' | 'invoice' | 'tax_rates'
> & {
  price?: string;
  unit_amount?: number;
  tax_rates?: Stripe.Emptyable<string[]>;
};

/** What an item costs is said in one way. */
const costs = ['amount', 'unit_amount', 'unit_amount_decimal', 'pricing', 'price', 'price_data'];
const amountMax = 99_999_999;

export interface ItemPlace {
  /** How errors call it; empty where the parameters are its own. */
  place: string;
  customer: string;
  /** The id of the item that it becomes. */
  id: string;
  currency: string;
  subscription: string | null;
  /** The tax rates that it has already. */
  taxRates?: readonly Stripe.TaxRate[];
}

/** The line for something billed by hand: an amount, or a price and a quantity. */
export function readItemLine(ctx: Context, given: GivenItem, about: ItemPlace): LineDraft {
  const within = (name: string) => (about.place === '' ? name : `${about.place}[${name}]`);
  refuseUnsupported(given, ['quantity_decimal', 'tax_code'], about.place);
  assertAtMostOneOf(given, costs, about.place);
  const price = readPrice(ctx, given, about.currency, within);
  const taxBehavior = readBehavior(given, price, within);
  const taxRates = readTaxRates(ctx, given.tax_rates, within('tax_rates'), about.taxRates);
  const quantity = given.quantity ?? 1;
  if (!Number.isSafeInteger(quantity) || quantity < 0) {
    throw invalidRequest('Invalid non-negative integer', within('quantity'));
  }
  if (given.amount !== undefined && quantity !== 1) {
    throw invalidRequest(
      'An `amount` is that of the whole: give `unit_amount_decimal` with a `quantity`.',
      within('quantity'),
      'parameters_exclusive',
    );
  }
  const amount = given.amount ?? (price === null ? null : priceAmount(price, quantity));
  const unit = given.unit_amount ?? (given.unit_amount_decimal as unknown as string | undefined);
  const total = amount ?? (unit === undefined ? null : Math.round(Number(unit) * quantity));
  if (total === null) throw missingParam(within('amount'));
  if (!Number.isSafeInteger(total) || Math.abs(total) > amountMax * 1000) {
    throw invalidRequest('Invalid amount: it is too large.', within('amount'), 'amount_too_large');
  }
  const currency = price?.currency ?? given.currency ?? about.currency;
  if (currency !== about.currency) {
    throw invalidRequest(
      `The item is in ${currency}, and the invoice in ${about.currency}.`,
      within('currency'),
    );
  }
  const description = given.description ?? (price === null ? '' : productName(ctx, price));
  return {
    amount: total,
    currency,
    description,
    period: given.period ?? { start: ctx.now, end: ctx.now },
    price:
      price ??
      adHocPrice(ctx, {
        unitAmount: given.amount ?? unit!,
        currency,
        name: description,
        taxBehavior,
      }),
    taxRates: idsOf(taxRates),
    quantity,
    discounts: redeemForInvoice(
      ctx,
      given.discounts ?? [],
      { customer: about.customer, invoiceItem: about.id },
      currency,
      within('discounts'),
    ),
    isDiscountable: given.discountable ?? total >= 0,
    subscription: about.subscription,
    subscriptionItem: null,
    invoiceItem: null,
    isProration: false,
    credited: null,
    metadata: mergeMetadata({}, given.metadata),
  };
}

/** Whether tax is in the amount; of a price the price itself says so. */
function readBehavior(
  given: GivenItem,
  price: Stripe.Price | null,
  within: (name: string) => string,
): Stripe.Price.TaxBehavior {
  const behavior = given.tax_behavior ?? price?.tax_behavior ?? 'unspecified';
  if (price === null || behavior === price.tax_behavior) return behavior;
  throw invalidRequest(
    `The local Stripe imitates \`tax_behavior\` of amounts alone: the price ${price.id} says \`${price.tax_behavior}\`.`,
    within('tax_behavior'),
  );
}

function readPrice(
  ctx: Context,
  given: GivenItem,
  currency: string,
  within: (name: string) => string,
): Stripe.Price | null {
  if (given.price_data !== undefined) {
    const { product } = given.price_data;
    if (product !== undefined && ctx.store.find('product', product) === undefined) {
      throw noSuch('product', product, `${within('price_data')}[product]`);
    }
    return createPrice(ctx, given.price_data as Stripe.PriceCreateParams);
  }
  const id = given.pricing?.price ?? given.price;
  if (id === undefined) return null;
  const price = ctx.store.find('price', id);
  if (price === undefined) throw noSuch('price', id, `${within('pricing')}[price]`);
  if (price.recurring !== null) {
    throw invalidRequest(
      'The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.',
      `${within('pricing')}[price]`,
    );
  }
  const inCurrency = priceIn(price, currency);
  if (inCurrency !== null) return inCurrency;
  throw invalidRequest(
    `The price specified only supports \`${price.currency}\`. This doesn't match the expected currency: \`${currency}\`.`,
    `${within('pricing')}[price]`,
  );
}
