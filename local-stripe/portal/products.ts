import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { idOf } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';

type Product = Stripe.BillingPortal.Configuration.Features.SubscriptionUpdate.Product;
type GivenProduct =
  Stripe.BillingPortal.ConfigurationCreateParams.Features.SubscriptionUpdate.Product;

/** The products and prices a customer may change to; at most ten, each price of its product. */
export function readProducts(ctx: Context, given: GivenProduct[]): Product[] {
  const name = 'features[subscription_update][products]';
  if (given.length > 10) throw invalidRequest('You can pass at most 10 products.', name);
  return given.map(({ product, prices, adjustable_quantity }, index) => {
    if (ctx.store.find('product', product) === undefined) {
      throw noSuch('product', product, `${name}[${index}][product]`);
    }
    if (prices.length === 0) {
      throw invalidRequest('Each product needs at least one price.', `${name}[${index}][prices]`);
    }
    const found = prices.map((price, at) =>
      priceOf(ctx, price, product, `${name}[${index}][prices][${at}]`),
    );
    assertOnePerInterval(found, product, `${name}[${index}][prices]`);
    return {
      adjustable_quantity: {
        enabled: adjustable_quantity?.enabled ?? false,
        maximum: adjustable_quantity?.maximum ?? null,
        minimum: adjustable_quantity?.minimum ?? 1,
      },
      prices,
      product,
    };
  });
}

function priceOf(ctx: Context, id: string, product: string, param: string): Stripe.Price {
  const price = ctx.store.find('price', id);
  if (price === undefined) throw noSuch('price', id, param);
  if (idOf(price.product) !== product) {
    throw invalidRequest(`The price ${id} does not belong to the product ${product}.`, param);
  }
  if (price.recurring === null) {
    throw invalidRequest(`The price ${id} is not recurring.`, param);
  }
  if (!price.active) throw invalidRequest(`The price ${id} is inactive.`, param);
  return price;
}

function assertOnePerInterval(prices: Stripe.Price[], product: string, param: string): void {
  const seen = new Set<string>();
  for (const { currency, recurring } of prices) {
    const key = `${currency} ${recurring?.interval_count} ${recurring?.interval}`;
    if (seen.has(key)) {
      throw invalidRequest(
        `The prices of the product ${product} must differ in currency, interval or interval count.`,
        param,
      );
    }
    seen.add(key);
  }
}
