import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import type { Kinds } from '../kernel/kinds.ts';
import { listPage } from '../kernel/list.ts';
import { resource } from './resource.ts';
import type { Context, Route } from '../kernel/types.ts';

type ProductFeature = Kinds['product_feature'];

const path = '/v1/products/:id/features';
const onePath = '/v1/products/:productId/features/:id';

/** Attachments live below their product; this resource holds only how they are kept and shown. */
export const productFeatures = resource({
  kind: 'product_feature',
  path: '/v1/product_features',
  retrieve: false,
  indexes: { product: ({ product }) => product, feature: (one) => one.entitlement_feature.id },
  present: (ctx, attachment) => presentProductFeature(ctx, attachment),
});

export const productFeatureRoutes: Route[] = [
  {
    method: 'POST',
    path,
    handle: (ctx, params, { id }) => attach(ctx, getProduct(ctx, id!), params as never),
  },
  {
    method: 'GET',
    path,
    handle: (ctx, params, { id }) => {
      const attachments = ctx.store
        .by('product_feature', 'product', getProduct(ctx, id!))
        .reverse();
      return listPage(params, path.replace(':id', id!), 'product_feature', attachments);
    },
  },
  {
    method: 'GET',
    path: onePath,
    handle: (ctx, _params, { productId, id }) => getAttachment(ctx, productId!, id!),
  },
  {
    method: 'DELETE',
    path: onePath,
    handle: (ctx, _params, { productId, id }) => {
      const attachment = getAttachment(ctx, productId!, id!);
      ctx.store.remove('product_feature', attachment.id);
      return { id: attachment.id, object: 'product_feature', deleted: true };
    },
  },
];

function attach(
  ctx: Context,
  product: string,
  params: Stripe.ProductCreateFeatureParams,
): ProductFeature {
  const feature = ctx.store.find('entitlements.feature', params.entitlement_feature);
  if (!feature) throw noSuch('feature', params.entitlement_feature, 'entitlement_feature');
  if (!feature.active) {
    throw invalidRequest('An archived feature cannot be attached.', 'entitlement_feature');
  }
  const attached = ctx.store.by('product_feature', 'product', product);
  if (attached.some((one) => one.entitlement_feature.id === feature.id)) {
    throw invalidRequest(
      `The feature ${feature.id} is attached to the product already.`,
      'entitlement_feature',
      'resource_already_exists',
    );
  }
  return ctx.store.put('product_feature', {
    id: ctx.newId('prodft'),
    object: 'product_feature',
    entitlement_feature: feature,
    livemode: false,
    product,
  });
}

/** The feature as it is now, not as it was when it was attached. */
function presentProductFeature(ctx: Context, attachment: ProductFeature): Stripe.ProductFeature {
  const { product: _product, ...rest } = attachment;
  const { id } = rest.entitlement_feature;
  return { ...rest, entitlement_feature: ctx.store.get('entitlements.feature', id) };
}

function getProduct(ctx: Context, id: string): string {
  if (!ctx.store.find('product', id)) throw noSuch('product', id);
  return id;
}

function getAttachment(ctx: Context, product: string, id: string): ProductFeature {
  getProduct(ctx, product);
  const attachment = ctx.store.find('product_feature', id);
  if (attachment?.product !== product) throw noSuch('product_feature', id);
  return attachment;
}
