import type Stripe from 'stripe';
import { mergeMetadata } from '../kernel/metadata.ts';
import type { Context } from '../kernel/types.ts';
import { buildCustomFields, buildCustomText } from './custom-fields.ts';
import { methodOptionsOf, methodTypesOf } from './method-types.ts';

type CreateParams = Stripe.Checkout.SessionCreateParams;

const day = 86_400;

/** A session as it begins, before its discount and totals. */
export function buildSession(
  ctx: Context,
  params: CreateParams,
  id: string,
  currency: string | null,
): Stripe.Checkout.Session {
  const mode = params.mode!;
  const uiMode = params.ui_mode ?? 'hosted_page';
  const isHosted = uiMode === 'hosted_page';
  const isSubscription = mode === 'subscription';
  const types = methodTypesOf(params, currency);
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: {
      enabled: mode !== 'setup' && (params.adaptive_pricing?.enabled ?? true),
    },
    after_expiration: buildAfterExpiration(params),
    allow_promotion_codes: params.allow_promotion_codes ?? null,
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    amount_subtotal: null,
    amount_total: null,
    automatic_tax: buildAutomaticTax(params),
    billing_address_collection: params.billing_address_collection ?? null,
    branding_settings: buildBranding(ctx, params),
    cancel_url: params.cancel_url || null,
    client_reference_id: params.client_reference_id ?? null,
    client_secret: isHosted ? null : `${id}_secret_${ctx.newText(40)}`,
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
    consent: null,
    consent_collection: params.consent_collection
      ? {
          payment_method_reuse_agreement:
            params.consent_collection.payment_method_reuse_agreement ?? null,
          promotions: params.consent_collection.promotions ?? null,
          terms_of_service: params.consent_collection.terms_of_service ?? null,
        }
      : null,
    created: ctx.now,
    currency,
    currency_conversion: null,
    custom_fields: buildCustomFields(params.custom_fields ?? []),
    custom_text: buildCustomText(params.custom_text ?? {}),
    customer: params.customer ?? null,
    customer_account: null,
    customer_creation: params.customer
      ? null
      : isSubscription
        ? 'always'
        : (params.customer_creation ?? 'if_required'),
    customer_details: buildCustomerDetails(ctx, params),
    customer_email: params.customer_email ?? null,
    discounts: null,
    ...(params.excluded_payment_method_types
      ? { excluded_payment_method_types: params.excluded_payment_method_types }
      : {}),
    expires_at: params.expires_at ?? ctx.now + day,
    integration_identifier: params.integration_identifier ?? null,
    invoice: null,
    invoice_creation: mode === 'payment' ? buildInvoiceCreation(params) : null,
    livemode: false,
    locale: params.locale ?? null,
    managed_payments: { enabled: false },
    metadata: mergeMetadata({}, params.metadata),
    mode,
    ...(params.name_collection
      ? { name_collection: buildNameCollection(params.name_collection) }
      : {}),
    optional_items: [],
    origin_context: params.origin_context ?? null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: isSubscription
      ? (params.payment_method_collection ?? 'always')
      : mode === 'payment'
        ? 'if_required'
        : 'always',
    payment_method_configuration_details: null,
    payment_method_options: methodOptionsOf(params, types),
    payment_method_types: types,
    payment_status: mode === 'setup' ? 'no_payment_required' : 'unpaid',
    permissions: null,
    phone_number_collection: { enabled: params.phone_number_collection?.enabled ?? false },
    recovered_from: null,
    ...(isHosted ? {} : embeddedFields(params)),
    saved_payment_method_options: buildSavedOptions(params),
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: params.submit_type ?? null,
    subscription: null,
    success_url: params.success_url || null,
    ...(params.tax_id_collection
      ? {
          tax_id_collection: {
            enabled: params.tax_id_collection.enabled,
            required: params.tax_id_collection.required ?? 'never',
          },
        }
      : {}),
    total_details: null,
    ui_mode: uiMode,
    url: isHosted ? `${ctx.baseUrl}/c/pay/${id}` : null,
    wallet_options: params.wallet_options
      ? (params.wallet_options as Stripe.Checkout.Session.WalletOptions)
      : null,
  };
}

/** Its status follows with the totals. */
function buildAutomaticTax({ automatic_tax }: CreateParams): Stripe.Checkout.Session.AutomaticTax {
  const enabled = automatic_tax?.enabled ?? false;
  return {
    enabled,
    liability: enabled ? { type: 'self' } : null,
    provider: enabled ? 'stripe' : null,
    status: null,
  };
}

function buildBranding(
  ctx: Context,
  { branding_settings: given = {} }: CreateParams,
): Stripe.Checkout.Session.BrandingSettings {
  return {
    background_color: given.background_color || '#ffffff',
    border_style: given.border_style || 'rounded',
    button_color: given.button_color || '#0074d4',
    display_name: given.display_name ?? ctx.businessName,
    font_family: given.font_family || 'default',
    icon: given.icon ?? null,
    logo: given.logo ?? null,
  };
}

function embeddedFields(params: CreateParams): Partial<Stripe.Checkout.Session> {
  return {
    redirect_on_completion: params.redirect_on_completion ?? 'always',
    ...(params.return_url ? { return_url: params.return_url } : {}),
  };
}

function buildAfterExpiration(
  params: CreateParams,
): Stripe.Checkout.Session.AfterExpiration | null {
  const recovery = params.after_expiration?.recovery;
  if (!recovery) return null;
  return {
    recovery: {
      allow_promotion_codes: recovery.allow_promotion_codes ?? false,
      enabled: recovery.enabled,
      expires_at: null,
      url: null,
    },
  };
}

function buildCustomerDetails(
  ctx: Context,
  params: CreateParams,
): Stripe.Checkout.Session.CustomerDetails | null {
  const customer = params.customer ? ctx.store.get('customer', params.customer) : null;
  const email = customer?.email ?? params.customer_email ?? null;
  if (customer === null && email === null) return null;
  return {
    address: null,
    business_name: null,
    email,
    individual_name: null,
    name: null,
    phone: null,
    tax_exempt: params.mode === 'setup' ? null : (customer?.tax_exempt ?? 'none'),
    tax_ids: null,
  };
}

function buildInvoiceCreation(params: CreateParams): Stripe.Checkout.Session.InvoiceCreation {
  const data = params.invoice_creation?.invoice_data ?? {};
  return {
    enabled: params.invoice_creation?.enabled ?? false,
    invoice_data: {
      account_tax_ids: null,
      custom_fields: data.custom_fields || null,
      description: data.description ?? null,
      footer: data.footer ?? null,
      issuer: null,
      metadata: mergeMetadata({}, data.metadata),
      rendering_options: null,
    },
  };
}

function buildSavedOptions(
  params: CreateParams,
): Stripe.Checkout.Session.SavedPaymentMethodOptions | null {
  if (params.mode === 'setup') return null;
  const given = params.saved_payment_method_options;
  return {
    allow_redisplay_filters: given?.allow_redisplay_filters ?? ['always'],
    payment_method_remove: given?.payment_method_remove ?? 'disabled',
    payment_method_save: given?.payment_method_save ?? null,
  };
}

function buildNameCollection(
  given: Stripe.Checkout.SessionCreateParams.NameCollection,
): Stripe.Checkout.Session.NameCollection {
  const { business, individual } = given;
  return {
    ...(business ? { business: { ...business, optional: business.optional ?? false } } : {}),
    ...(individual
      ? { individual: { ...individual, optional: individual.optional ?? false } }
      : {}),
  };
}
