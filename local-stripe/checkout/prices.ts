import type Stripe from 'stripe';
import { invalidRequest, missingParam, noSuch } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOf } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { createPrice, priceIn } from '../billing/catalog/price.ts';
import { idsOf, readTaxRates } from '../billing/tax/rates.ts';
import { createProduct } from '../billing/catalog/product.ts';
import type { CheckoutLine } from './row.ts';

type LineParams = Stripe.Checkout.SessionCreateParams.LineItem;

/**
 * The lines of a new session and their one currency (`wanted`, or that of the prices), each refused as
 * Stripe would refuse it.
 */
export function readLines(
  ctx: Context,
  mode: string,
  items: LineParams[],
  wanted: string | null,
): { lines: CheckoutLine[]; currency: string } {
  if (items.length > 100)
    throw invalidRequest('A session has at most 100 line items.', 'line_items');
  const lines = items.map((item, index) => readLine(ctx, item, index));
  const prices = lines.map((line) => ctx.store.get('price', line.price));
  const recurring = prices.filter((price) => price.recurring !== null);
  if (mode === 'payment' && recurring.length > 0) {
    throw invalidRequest(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      'mode',
    );
  }
  if (mode === 'subscription' && recurring.length === 0) {
    throw invalidRequest(
      'You must provide at least one recurring price in `subscription` mode when using prices.',
      'line_items',
    );
  }
  if (recurring.length > 20) {
    throw invalidRequest('A subscription has at most 20 items.', 'line_items');
  }
  if (wanted !== null) {
    for (const [i, price] of prices.entries()) {
      if (priceIn(price, wanted) !== null) continue;
      throw invalidRequest(
        `The price ${price.id} is in ${Object.keys(price.currency_options ?? {}).join(', ')}, not in ${wanted}.`,
        items[i]!.price === undefined ? 'currency' : `line_items[${i}][price]`,
      );
    }
    return { lines, currency: wanted };
  }
  const currencies = new Set(prices.map((price) => price.currency));
  if (currencies.size > 1) {
    throw invalidRequest(
      `All prices must have the same currency, but these have ${[...currencies].join(', ')}.`,
      'line_items',
    );
  }
  return { lines, currency: prices[0]!.currency };
}

function readLine(ctx: Context, item: LineParams, index: number): CheckoutLine {
  const name = `line_items[${index}]`;
  if (Boolean(item.price) === Boolean(item.price_data)) {
    throw invalidRequest(
      'You must specify exactly one of these parameters: price, price_data.',
      name,
    );
  }
  const price = item.price
    ? existingPrice(ctx, item.price, `${name}[price]`)
    : inlinePrice(ctx, item.price_data!, `${name}[price_data]`);
  const isMetered = price.recurring?.usage_type === 'metered';
  const quantity = item.quantity ?? null;
  if (isMetered && quantity !== null) {
    throw invalidRequest(
      `\`${name}[quantity]\` should not be specified where the price is metered.`,
      `${name}[quantity]`,
    );
  }
  if (!isMetered && quantity === null) {
    throw invalidRequest(
      `Quantity is required. Add \`quantity\` to \`${name}\``,
      `${name}[quantity]`,
      'parameter_missing',
    );
  }
  if (quantity !== null && (quantity < 1 || quantity > 999_999)) {
    throw invalidRequest('The quantity must be between 1 and 999999.', `${name}[quantity]`);
  }
  return {
    id: ctx.newId('li'),
    price: price.id,
    quantity,
    adjustable: readAdjustable(item, quantity, name),
    taxRates: idsOf(readTaxRates(ctx, item.tax_rates, `${name}[tax_rates]`)),
    metadata: mergeMetadata({}, item.metadata),
  };
}

/** `adjustable_quantity`: bounds are 0 to 99 unless given, and at most 999999. */
function readAdjustable(
  item: LineParams,
  quantity: number | null,
  name: string,
): CheckoutLine['adjustable'] {
  const given = item.adjustable_quantity;
  if (!given?.enabled) return null;
  const within = (field: string) => `${name}[adjustable_quantity][${field}]`;
  const { minimum = 0, maximum = 99 } = given;
  if (quantity === null) {
    throw invalidRequest(
      'A metered price has no quantity that could be adjusted.',
      `${name}[adjustable_quantity]`,
    );
  }
  if (minimum < 0 || minimum > 999_999) {
    throw invalidRequest('The minimum must be between 0 and 999999.', within('minimum'));
  }
  if (maximum < 2 || maximum > 999_999) {
    throw invalidRequest('The maximum must be between 2 and 999999.', within('maximum'));
  }
  if (minimum > maximum) {
    throw invalidRequest('The minimum must not be above the maximum.', within('minimum'));
  }
  if (quantity < minimum || quantity > maximum) {
    throw invalidRequest(
      `The quantity must be between the minimum (${minimum}) and the maximum (${maximum}).`,
      `${name}[quantity]`,
    );
  }
  return { minimum, maximum };
}

function existingPrice(ctx: Context, id: string, param: string): Stripe.Price {
  const price = ctx.store.find('price', id);
  if (price === undefined) throw noSuch('price', id, param);
  if (!price.active) {
    throw invalidRequest(
      'The price specified is inactive. This field only accepts active prices.',
      param,
    );
  }
  if (ctx.store.find('product', idOf(price.product))?.active === false) {
    throw invalidRequest(
      'The product of the price specified is inactive. This field only accepts prices of active products.',
      param,
    );
  }
  return price;
}

/** A price made for this session alone; it cannot be bought again, so it is inactive. */
function inlinePrice(
  ctx: Context,
  data: Stripe.Checkout.SessionCreateParams.LineItem.PriceData,
  param: string,
): Stripe.Price {
  if (Boolean(data.product) === Boolean(data.product_data)) {
    throw invalidRequest(
      'You must specify exactly one of these parameters: product, product_data.',
      param,
    );
  }
  if ((data.unit_amount ?? data.unit_amount_decimal ?? null) === null) {
    throw missingParam(`${param}[unit_amount]`);
  }
  const product =
    data.product ?? createProduct(ctx, data.product_data as Stripe.ProductCreateParams).id;
  return createPrice(ctx, {
    active: false,
    currency: data.currency,
    product,
    ...(data.recurring ? { recurring: data.recurring } : {}),
    ...(data.tax_behavior ? { tax_behavior: data.tax_behavior } : {}),
    ...(data.unit_amount === undefined || data.unit_amount === null
      ? { unit_amount_decimal: data.unit_amount_decimal }
      : { unit_amount: data.unit_amount }),
  } as Stripe.PriceCreateParams);
}
