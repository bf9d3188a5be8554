import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { resource } from '../kernel/resource.ts';
import type { Context } from '../kernel/types.ts';
import { assertOneOf } from './exclusive.ts';
import { claimLookupKey } from './lookup-keys.ts';
import { amountsOf, currencyOptionsOf, otherCurrenciesOf, tiersOf } from './price-amounts.ts';
import { recurringOf } from './price-recurring.ts';
import { createProduct } from './products.ts';
import { searchRoute } from '../search/route.ts';

type RecurringFilter = NonNullable<Stripe.PriceListParams['recurring']>;

export const prices = resource({
  kind: 'price',
  path: '/v1/prices',
  references: { product: 'product' },
  // Answered only when expanded.
  includes: {
    tiers: (ctx, { id }) => ctx.store.get('price', id).tiers,
    currency_options: (ctx, { id }) => ctx.store.get('price', id).currency_options,
  },
  indexes: {
    product: ({ product }) => product as string,
    lookup_key: ({ lookup_key }) => lookup_key,
  },
  routes: [searchRoute('price', '/v1/prices')],
  list: {
    active: (price, active: boolean) => price.active === active,
    currency: (price, currency: string) => price.currency === currency,
    lookup_keys: (price, keys: string[]) => keys.includes(price.lookup_key ?? ''),
    product: (price, product: string) => price.product === product,
    recurring: ({ recurring }, filter: RecurringFilter) =>
      recurring !== null &&
      (filter.interval === undefined || recurring.interval === filter.interval) &&
      (filter.usage_type === undefined || recurring.usage_type === filter.usage_type) &&
      (filter.meter === undefined || recurring.meter === filter.meter),
    type: (price, type: string) => price.type === type,
  },
  create: createPrice,
  update: updatePrice,
  present: (_ctx, price) => presentPrice(price),
});

/** A price as it is answered and as subscription items carry it: without what expands alone. */
export function presentPrice(price: Stripe.Price): Stripe.Price {
  const { tiers: _tiers, currency_options: _options, ...rest } = price;
  return rest;
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

/** The amount, currency and interval of a price never change; who wants others makes a new price. */
function updatePrice(
  ctx: Context,
  before: Stripe.Price,
  params: Stripe.PriceUpdateParams,
): Stripe.Price {
  const patch: Partial<Stripe.Price> = {
    metadata: mergeMetadata(before.metadata, params.metadata),
  };
  if (params.active !== undefined) {
    if (!params.active) assertNotDefault(ctx, before);
    patch.active = params.active;
  }
  if (params.nickname !== undefined) patch.nickname = params.nickname;
  if (params.tax_behavior !== undefined) {
    if (before.tax_behavior !== 'unspecified' && before.tax_behavior !== params.tax_behavior) {
      throw invalidRequest(
        'Once specified as either `inclusive` or `exclusive`, `tax_behavior` cannot be changed.',
        'tax_behavior',
      );
    }
    patch.tax_behavior = params.tax_behavior;
  }
  if (params.currency_options) {
    patch.currency_options = {
      ...before.currency_options,
      ...otherCurrenciesOf(params.currency_options),
    };
  }
  if (params.lookup_key !== undefined) {
    patch.lookup_key =
      params.lookup_key === null
        ? null
        : claimLookupKey(ctx, before.id, params.lookup_key, params.transfer_lookup_key);
  }
  return ctx.update('price', before, patch, 'price.updated');
}

function assertNotDefault(ctx: Context, price: Stripe.Price): void {
  if (ctx.store.find('product', price.product as string)?.default_price !== price.id) return;
  throw invalidRequest(
    'This price cannot be archived because it is the default price of its product.',
    'active',
  );
}
