import type Stripe from 'stripe';
import { invalidRequest } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import type { Context } from '../kernel/types.ts';
import { assertUrl } from '../kernel/web-address.ts';
import { defaultFeatures, mergeFeatures } from './features.ts';

type Configuration = Stripe.BillingPortal.Configuration;
type CreateParams = Stripe.BillingPortal.ConfigurationCreateParams;
type UpdateParams = Stripe.BillingPortal.ConfigurationUpdateParams;

export function createConfiguration(ctx: Context, params: CreateParams): Configuration {
  const configuration = ctx.store.put('billing_portal.configuration', {
    id: ctx.newId('bpc'),
    object: 'billing_portal.configuration',
    active: true,
    application: null,
    business_profile: mergeProfile(
      { headline: null, privacy_policy_url: null, terms_of_service_url: null },
      params.business_profile,
    ),
    created: ctx.now,
    default_return_url: readUrl(params.default_return_url, 'default_return_url') ?? null,
    features: mergeFeatures(ctx, defaultFeatures, params.features),
    // Only what was saved in the Dashboard is the default; the control panel plays that part.
    is_default: false,
    livemode: false,
    login_page: loginPage(params.login_page),
    metadata: mergeMetadata({}, params.metadata),
    name: params.name || null,
    updated: ctx.now,
  });
  ctx.emit('billing_portal.configuration.created', configuration);
  return configuration;
}

export function updateConfiguration(
  ctx: Context,
  before: Configuration,
  params: UpdateParams,
): Configuration {
  if (params.active === false && before.is_default) {
    throw invalidRequest('You cannot deactivate the default configuration.', 'active');
  }
  const patch: Partial<Configuration> = {
    metadata: mergeMetadata(before.metadata, params.metadata),
    updated: ctx.now,
  };
  if (params.active !== undefined) patch.active = params.active;
  if (params.name !== undefined) patch.name = params.name || null;
  if (params.default_return_url !== undefined) {
    patch.default_return_url = readUrl(params.default_return_url, 'default_return_url') ?? null;
  }
  if (params.business_profile !== undefined) {
    patch.business_profile = mergeProfile(before.business_profile, params.business_profile);
  }
  if (params.features !== undefined) {
    patch.features = mergeFeatures(
      ctx,
      before.features,
      params.features as CreateParams['features'],
    );
  }
  if (params.login_page !== undefined) patch.login_page = loginPage(params.login_page);
  return ctx.update(
    'billing_portal.configuration',
    before,
    patch,
    'billing_portal.configuration.updated',
  );
}

/** What saving the portal's settings in the Dashboard does: this configuration is the default. */
export function makeDefaultConfiguration(ctx: Context, id: string): Configuration {
  for (const other of [...ctx.store.oldestFirst('billing_portal.configuration')]) {
    if (other.is_default && other.id !== id) {
      ctx.store.put('billing_portal.configuration', { ...other, is_default: false });
    }
  }
  const configuration = ctx.store.get('billing_portal.configuration', id);
  return ctx.store.put('billing_portal.configuration', {
    ...configuration,
    active: true,
    is_default: true,
  });
}

function mergeProfile(
  before: Configuration['business_profile'],
  given: CreateParams['business_profile'] | UpdateParams['business_profile'],
): Configuration['business_profile'] {
  if (!given) return before;
  const name = (field: string): string => `business_profile[${field}]`;
  if ((given.headline ?? '').length > 60) {
    throw invalidRequest('A headline has at most 60 characters.', name('headline'));
  }
  const privacy = readUrl(given.privacy_policy_url, name('privacy_policy_url'));
  const terms = readUrl(given.terms_of_service_url, name('terms_of_service_url'));
  return {
    headline: given.headline === undefined ? before.headline : given.headline || null,
    privacy_policy_url: privacy === undefined ? before.privacy_policy_url : privacy,
    terms_of_service_url: terms === undefined ? before.terms_of_service_url : terms,
  };
}

function readUrl(url: string | null | undefined, param: string): string | null | undefined {
  if (url === undefined) return undefined;
  assertUrl(url, param);
  return url || null;
}

function loginPage(given: { enabled: boolean } | undefined): Configuration['login_page'] {
  if (given?.enabled === true) {
    throw invalidRequest(
      'The local Stripe does not imitate the login page of the portal.',
      'login_page[enabled]',
    );
  }
  return { enabled: false, url: null };
}
