import type Stripe from 'stripe';
import { invalidRequest } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';

export const entitlementFeatures = resource({
  kind: 'entitlements.feature',
  path: '/v1/entitlements/features',
  noun: 'feature',
  indexes: { lookup_key: ({ lookup_key }) => lookup_key },
  // Archived ones are listed only when they are asked for.
  filters: ['archived'],
  listed: (_ctx, feature, { archived }) => feature.active === (archived !== true),
  list: {
    lookup_key: (feature, key: string) => feature.lookup_key === key,
  },
  create: createFeature,
  update: updateFeature,
});

type Feature = Stripe.Entitlements.Feature;

/** A lookup key belongs to one active feature. Features have no events. */
function createFeature(ctx: Context, params: Stripe.Entitlements.FeatureCreateParams): Feature {
  if (params.lookup_key.length > 80) {
    throw invalidRequest('Lookup keys have up to 80 characters.', 'lookup_key');
  }
  if (params.name.length > 80) throw invalidRequest('Names have up to 80 characters.', 'name');
  assertFreeKey(ctx, params.lookup_key);
  return ctx.store.put('entitlements.feature', {
    id: ctx.newId('feat'),
    object: 'entitlements.feature',
    active: true,
    livemode: false,
    lookup_key: params.lookup_key,
    metadata: mergeMetadata({}, params.metadata),
    name: params.name,
  });
}

function assertFreeKey(ctx: Context, key: string): void {
  const holders = ctx.store.by('entitlements.feature', 'lookup_key', key);
  if (!holders.some(({ active }) => active)) return;
  throw invalidRequest(
    `A feature with lookup key \`${key}\` already exists.`,
    'lookup_key',
    'resource_already_exists',
  );
}

function updateFeature(
  ctx: Context,
  before: Feature,
  params: Stripe.Entitlements.FeatureUpdateParams,
): Feature {
  if (params.active === true && !before.active) assertFreeKey(ctx, before.lookup_key);
  return ctx.update('entitlements.feature', before, {
    metadata: mergeMetadata(before.metadata, params.metadata),
    ...(params.active === undefined ? {} : { active: params.active }),
    ...(params.name === undefined ? {} : { name: params.name }),
  });
}
