import type Stripe from 'stripe';
import { createPrice, presentPrice } from '../billing/catalog/price.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';
import { claimLookupKey } from '../billing/catalog/lookup-keys.ts';
import { otherCurrenciesOf } from '../billing/catalog/price-amounts.ts';
import { searchRoute } from './search/route.ts';

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
