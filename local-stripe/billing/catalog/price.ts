import type Stripe from 'stripe';
import { noSuch } from '../../kernel/errors.ts';
import { assertOneOf } from '../../kernel/exclusive.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import type { Context } from '../../kernel/types.ts';
import { claimLookupKey } from './lookup-keys.ts';
import { amountsOf, currencyOptionsOf, tiersOf } from './price-amounts.ts';
import { recurringOf } from './price-recurring.ts';
import { createProduct } from './product.ts';

/** A price as it is answered and as subscription items carry it: without what expands alone. */
export function presentPrice(price: Stripe.Price): Stripe.Price {
  const { tiers: _tiers, currency_options: _options, ...rest } = price;
  return rest;
}

/**
 * The price as it is in that currency: its own, or one of its `currency_options`. Null where it has
 * no amount in it.
 */
export function priceIn(price: Stripe.Price, currency: string): Stripe.Price | null {
  if (price.currency === currency) return price;
  const option = price.currency_options?.[currency];
  if (option === undefined) return null;
  const { custom_unit_amount, tax_behavior, tiers, unit_amount, unit_amount_decimal } = option;
  if (price.billing_scheme === 'tiered') {
    return tiers === undefined ? null : { ...price, currency, tax_behavior, tiers };
  }
  if (unit_amount_decimal === null && custom_unit_amount === null) return null;
  return { ...price, currency, custom_unit_amount, tax_behavior, unit_amount, unit_amount_decimal };
}

/** The price of that id as what is billed in the currency sees it. */
export function priceFor(ctx: Context, id: string, currency: string): Stripe.Price {
  const price = ctx.store.get('price', id);
  // An option that lost its amount since: what was sold by it goes on as the price itself is.
  return priceIn(price, currency) ?? price;
}

export function createPrice(ctx: Context, params: Stripe.PriceCreateParams): Stripe.Price {
  const product = productOf(ctx, params);
  const recurring = params.recurring ? recurringOf(ctx, params.recurring) : null;
  const tiers = tiersOf(params, 'tiers');
  const price: Stripe.Price = {
    id: ctx.newId('price'),
    object: 'price',
    active: params.active ?? true,
    billing_scheme: params.billing_scheme ?? 'per_unit',
    created: ctx.now,
    currency: params.currency,
    currency_options: currencyOptionsOf(params),
    custom_unit_amount: params.custom_unit_amount?.enabled
      ? {
          maximum: params.custom_unit_amount.maximum ?? null,
          minimum: params.custom_unit_amount.minimum ?? null,
          preset: params.custom_unit_amount.preset ?? null,
        }
      : null,
    livemode: false,
    lookup_key: null,
    metadata: mergeMetadata({}, params.metadata),
    nickname: params.nickname ?? null,
    product,
    recurring,
    tax_behavior: params.tax_behavior ?? 'unspecified',
    ...(tiers === null ? {} : { tiers }),
    tiers_mode: params.tiers_mode ?? null,
    transform_quantity: params.transform_quantity ?? null,
    type: recurring === null ? 'one_time' : 'recurring',
    ...amountsOf(params),
  };
  if (params.lookup_key !== undefined) {
    price.lookup_key = claimLookupKey(ctx, price.id, params.lookup_key, params.transfer_lookup_key);
  }
  ctx.store.put('price', price);
  ctx.emit('price.created', price);
  return price;
}

function productOf(ctx: Context, params: Stripe.PriceCreateParams): string {
  assertOneOf(params, ['product', 'product_data']);
  if (params.product_data !== undefined) return createProduct(ctx, params.product_data).id;
  const product = params.product ?? '';
  if (!ctx.store.find('product', product)) throw noSuch('product', product, 'product');
  return product;
}
