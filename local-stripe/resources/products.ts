import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { previousAttributes } from '../kernel/difference.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { resource } from './resource.ts';
import { markDeleted } from '../kernel/deleted.ts';
import type { Context } from '../kernel/types.ts';
import { createProduct, taxDetailsOf } from '../billing/catalog/product.ts';
import { createPrice } from '../billing/catalog/price.ts';
import { productFeatureRoutes } from './product-features.ts';
import { searchRoute } from './search/route.ts';

export const products = resource({
  kind: 'product',
  path: '/v1/products',
  references: { default_price: 'price' },
  routes: [searchRoute('product', '/v1/products'), ...productFeatureRoutes],
  list: {
    active: (product, active: boolean) => product.active === active,
    ids: (product, ids: string[]) => ids.includes(product.id),
    shippable: (product, shippable: boolean) => (product.shippable ?? false) === shippable,
    type: (product, type: string) => product.type === type,
    url: (product, url: string) => product.url === url,
  },
  create: createWithDefaultPrice,
  update: updateProduct,
  del: deleteProduct,
});

function createWithDefaultPrice(ctx: Context, params: Stripe.ProductCreateParams): Stripe.Product {
  const product = createProduct(ctx, params);
  const { default_price_data: priceData } = params;
  if (priceData === undefined) return product;
  const price = createPrice(ctx, { ...priceData, product: product.id });
  return ctx.update('product', product, { default_price: price.id }, 'product.updated');
}

function updateProduct(
  ctx: Context,
  before: Stripe.Product,
  params: Stripe.ProductUpdateParams,
): Stripe.Product {
  const patch: Partial<Stripe.Product> = {
    metadata: mergeMetadata(before.metadata, params.metadata),
  };
  if (params.name !== undefined) patch.name = params.name;
  if (params.active !== undefined) patch.active = params.active;
  if (params.shippable !== undefined) patch.shippable = params.shippable;
  if (params.default_price !== undefined) {
    patch.default_price = ownPrice(ctx, before.id, params.default_price);
  }
  for (const field of ['description', 'statement_descriptor', 'unit_label', 'url'] as const) {
    if (params[field] !== undefined) patch[field] = params[field];
  }
  if (params.images !== undefined) patch.images = params.images || [];
  if (params.marketing_features !== undefined) {
    patch.marketing_features = params.marketing_features || [];
  }
  if (params.package_dimensions !== undefined) {
    patch.package_dimensions = params.package_dimensions || null;
  }
  if (params.tax_code !== undefined) patch.tax_code = params.tax_code;
  if (params.tax_details !== undefined) {
    patch.tax_details = taxDetailsOf(params.tax_details || undefined);
  }
  if (previousAttributes(before, { ...before, ...patch }) === null) return before;
  return ctx.update('product', before, { ...patch, updated: ctx.now }, 'product.updated');
}

/** A default price is one of the product's own, and active. Null takes it away. */
function ownPrice(ctx: Context, product: string, id: string | null): string | null {
  if (id === null) return null;
  const price = ctx.store.find('price', id);
  if (!price) throw noSuch('price', id, 'default_price');
  if (price.product !== product) {
    throw invalidRequest(
      `The price specified must belong to the product (\`${product}\`).`,
      'default_price',
    );
  }
  if (!price.active) {
    throw invalidRequest('The default price of a product must be active.', 'default_price');
  }
  return id;
}

function deleteProduct(ctx: Context, product: Stripe.Product): object {
  if (ctx.store.by('price', 'product', product.id).length > 0) {
    throw invalidRequest(
      'This product cannot be deleted because it has one or more user-created prices.',
      'id',
    );
  }
  if (ctx.store.by('product_feature', 'product', product.id).length > 0) {
    throw invalidRequest(
      'This product cannot be deleted because it has features attached to it.',
      'id',
    );
  }
  ctx.emit('product.deleted', product);
  return markDeleted(ctx, 'product', product.id);
}
