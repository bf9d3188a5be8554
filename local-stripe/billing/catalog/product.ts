import type Stripe from 'stripe';
import { mergeMetadata } from '../../kernel/metadata.ts';
import type { Context } from '../../kernel/types.ts';
import { alreadyExists, assertFreshId } from './custom-id.ts';

/** Without its default price, which is made from `default_price_data` afterwards. */
export function createProduct(ctx: Context, params: Stripe.ProductCreateParams): Stripe.Product {
  if (params.id !== undefined) {
    assertFreshId(params.id);
    if (ctx.store.find('product', params.id)) throw alreadyExists('Product');
    ctx.store.remove('_deleted', params.id);
  }
  const { tax_code: taxCode, tax_details: taxDetails } = params;
  const product: Stripe.Product = {
    id: params.id ?? ctx.newId('prod'),
    object: 'product',
    active: params.active ?? true,
    created: ctx.now,
    default_price: null,
    description: params.description ?? null,
    images: params.images ?? [],
    livemode: false,
    marketing_features: params.marketing_features ?? [],
    metadata: mergeMetadata({}, params.metadata),
    name: params.name,
    package_dimensions: params.package_dimensions ?? null,
    shippable: params.shippable ?? null,
    statement_descriptor: params.statement_descriptor ?? null,
    tax_code: taxCode ?? taxDetails?.tax_code ?? null,
    tax_details: taxDetailsOf(taxDetails),
    type: params.type ?? 'service',
    unit_label: params.unit_label ?? null,
    updated: ctx.now,
    url: params.url ?? null,
  };
  ctx.store.put('product', product);
  ctx.emit('product.created', product);
  return product;
}

export function taxDetailsOf(
  given: Stripe.ProductCreateParams.TaxDetails | undefined,
): Stripe.Product.TaxDetails | null {
  if (given === undefined) return null;
  return {
    performance_location: given.performance_location ?? null,
    tax_code: given.tax_code ?? null,
  };
}
