import type Stripe from 'stripe';
import { asDecimal } from '../../schema/decimal.ts';
import { randomText } from '../../kernel/ids.ts';
import type { Context } from '../../kernel/types.ts';

/**
 * The price that Stripe makes for an item of which only an amount was given: inactive, one-time, of
 * an inactive product called as the item is. The same amount under the same name has the same price.
 */
export function adHocPrice(
  ctx: Context,
  given: {
    unitAmount: number | string;
    currency: string;
    name: string;
    taxBehavior?: Stripe.Price.TaxBehavior;
  },
): Stripe.Price {
  const { currency, unitAmount, taxBehavior = 'unspecified' } = given;
  const name = given.name === '' ? 'Invoice item' : given.name;
  const key = `ad hoc:${currency}:${unitAmount}:${name}:${taxBehavior}`;
  const id = `price_1${randomText(key, 23)}`;
  const unit = Number(unitAmount);
  return (
    ctx.store.find('price', id) ??
    ctx.store.put('price', {
      id,
      object: 'price',
      active: false,
      billing_scheme: 'per_unit',
      created: ctx.now,
      currency,
      custom_unit_amount: null,
      livemode: false,
      lookup_key: null,
      metadata: {},
      nickname: null,
      product: adHocProduct(ctx, name),
      recurring: null,
      tax_behavior: taxBehavior,
      tiers_mode: null,
      transform_quantity: null,
      type: 'one_time',
      unit_amount: Number.isSafeInteger(unit) ? unit : null,
      unit_amount_decimal: asDecimal(unitAmount),
    })
  );
}

/** Whether a price was made so, and stands for nothing but an amount. */
export function isAdHoc(ctx: Context, price: Stripe.Price): boolean {
  const product = ctx.store.find('product', price.product as string);
  return product?.active === false && product.id === productId(product.name);
}

const productId = (name: string) => `prod_${randomText(`ad hoc:${name}`, 14)}`;

function adHocProduct(ctx: Context, name: string): string {
  const id = productId(name);
  if (ctx.store.find('product', id) !== undefined) return id;
  return ctx.store.put('product', {
    id,
    object: 'product',
    active: false,
    created: ctx.now,
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: ctx.now,
    url: null,
  }).id;
}
