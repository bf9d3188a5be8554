import type Stripe from 'stripe';
import { invalidRequest, missingParam, noSuch } from '../kernel/errors.ts';
import type { Context } from '../kernel/types.ts';
import { taxLocation } from '../billing/tax/location.ts';
import { assertUrl } from '../kernel/web-address.ts';
import { refuseUnsupportedParams } from './unsupported.ts';

type CreateParams = Stripe.Checkout.SessionCreateParams;

const hour = 3600;
const day = 24 * hour;

/** Refuses whatever Stripe refuses of a new session beyond the types of its parameters. */
export function assertSessionParams(ctx: Context, params: CreateParams): void {
  refuseUnsupportedParams(params);
  assertMode(params);
  assertUiMode(params);
  assertCustomer(ctx, params);
  assertExpiry(ctx, params);
  assertSubscriptionData(ctx, params);
  assertDiscounts(params);
  assertTax(ctx, params);
  if ((params.client_reference_id ?? '').length > 200) {
    throw invalidRequest(
      'Invalid string: client_reference_id must be at most 200 characters.',
      'client_reference_id',
    );
  }
  if ((params.custom_fields ?? []).length > 3) {
    throw invalidRequest('You can pass at most 3 custom fields.', 'custom_fields');
  }
}

/** A customer's address and name are changed on the page only where `customer_update` says so. */
function assertTax(ctx: Context, params: CreateParams): void {
  if (!params.customer) return;
  const { address, shipping, name } = params.customer_update ?? {};
  const customer = ctx.store.get('customer', params.customer);
  const isAsked = address === 'auto' || shipping === 'auto';
  if (params.automatic_tax?.enabled && !isAsked && taxLocation(ctx, customer) === null) {
    throw invalidRequest(
      "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' to save the address entered in Checkout to the Customer.",
      undefined,
      'customer_tax_location_invalid',
    );
  }
  if (params.tax_id_collection?.enabled && name !== 'auto') {
    throw invalidRequest(
      'Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing customer, please set `customer_update[name]` to `auto`.',
      'customer_update[name]',
    );
  }
}

/** Which parameter belongs to which mode. */
const modesOf: Partial<Record<keyof CreateParams, readonly string[]>> = {
  subscription_data: ['subscription'],
  payment_method_collection: ['subscription'],
  payment_intent_data: ['payment'],
  invoice_creation: ['payment'],
  setup_intent_data: ['setup'],
  customer_creation: ['payment', 'setup'],
  submit_type: ['payment', 'subscription'],
  line_items: ['payment', 'subscription'],
  discounts: ['payment', 'subscription'],
  allow_promotion_codes: ['payment', 'subscription'],
  automatic_tax: ['payment', 'subscription'],
  tax_id_collection: ['payment', 'subscription'],
  saved_payment_method_options: ['payment', 'subscription'],
};

function assertMode(params: CreateParams): void {
  const { mode } = params;
  if (mode === undefined || mode === null) throw missingParam('mode');
  for (const [name, modes] of Object.entries(modesOf)) {
    if ((params[name as keyof CreateParams] ?? undefined) === undefined) continue;
    if (modes.includes(mode)) continue;
    throw invalidRequest(`You can not pass \`${name}\` in \`${mode}\` mode.`, name);
  }
  if (mode !== 'setup' && (params.line_items ?? []).length === 0) throw missingParam('line_items');
  if (mode === 'setup' && !params.currency && !params.allowed_payment_method_types) {
    throw missingParam('currency');
  }
}

function assertUiMode(params: CreateParams): void {
  const uiMode = params.ui_mode ?? 'hosted_page';
  const isHosted = uiMode === 'hosted_page';
  if (isHosted) {
    if (!params.success_url) throw missingParam('success_url');
    for (const name of ['return_url', 'redirect_on_completion'] as const) {
      if ((params[name] ?? undefined) !== undefined) {
        throw invalidRequest(
          `\`${name}\` can not be set when \`ui_mode\` is \`hosted_page\`.`,
          name,
        );
      }
    }
  } else {
    for (const name of ['success_url', 'cancel_url'] as const) {
      if (params[name]) {
        throw invalidRequest(`\`${name}\` can not be set when \`ui_mode\` is \`${uiMode}\`.`, name);
      }
    }
    if (params.redirect_on_completion === 'never') {
      if (params.return_url) {
        throw invalidRequest(
          '`return_url` can not be set when `redirect_on_completion` is `never`.',
          'return_url',
        );
      }
    } else if (!params.return_url) throw missingParam('return_url');
  }
  for (const name of ['success_url', 'cancel_url', 'return_url'] as const) {
    assertUrl(params[name] ?? null, name);
  }
}

function assertCustomer(ctx: Context, params: CreateParams): void {
  if (params.customer) {
    for (const name of ['customer_email', 'customer_creation'] as const) {
      if (!params[name]) continue;
      throw invalidRequest(
        `You may only specify one of these parameters: customer, ${name}.`,
        name,
      );
    }
    if (ctx.store.find('customer', params.customer) === undefined) {
      throw noSuch('customer', params.customer, 'customer');
    }
  } else if (params.customer_update) {
    throw invalidRequest(
      '`customer_update` can only be used when `customer` is provided.',
      'customer_update',
    );
  }
  const email = params.customer_email ?? null;
  if (email !== null && !isEmail(email)) {
    throw invalidRequest(`Invalid email address: ${email}`, 'customer_email', 'email_invalid');
  }
}

export function isEmail(text: string): boolean {
  return text.length <= 512 && /^[^\s@<>]+@[^\s@<>.]+(\.[^\s@<>.]+)+$/.test(text);
}

function assertExpiry(ctx: Context, params: CreateParams): void {
  const expiresAt = params.expires_at ?? null;
  if (expiresAt === null) return;
  if (expiresAt < ctx.now + hour / 2) {
    throw invalidRequest(
      'The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.',
      'expires_at',
    );
  }
  if (expiresAt > ctx.now + day) {
    throw invalidRequest(
      'The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.',
      'expires_at',
    );
  }
}

function assertSubscriptionData(ctx: Context, params: CreateParams): void {
  const data = params.subscription_data ?? {};
  const days = data.trial_period_days ?? null;
  const end = data.trial_end ?? null;
  if (days !== null && end !== null) {
    throw invalidRequest(
      'You may only specify one of these parameters: trial_end, trial_period_days.',
      'subscription_data[trial_end]',
    );
  }
  if (days !== null && (days < 1 || days > 730)) {
    throw invalidRequest(
      days < 1
        ? 'The minimum number of trial period days is 1.'
        : 'The maximum number of trial period days is 730 (2 years).',
      'subscription_data[trial_period_days]',
    );
  }
  if (end !== null && (end < ctx.now + 2 * day || end > ctx.now + 1827 * day)) {
    throw invalidRequest(
      end < ctx.now + 2 * day
        ? 'The `trial_end` date has to be at least 2 days in the future.'
        : 'The `trial_end` date can be at most five years in the future.',
      'subscription_data[trial_end]',
    );
  }
  const anchor = data.billing_cycle_anchor ?? null;
  if (anchor !== null && anchor <= ctx.now) {
    throw invalidRequest(
      '`billing_cycle_anchor` must be a timestamp in the future.',
      'subscription_data[billing_cycle_anchor]',
    );
  }
}

function assertDiscounts(params: CreateParams): void {
  const { discounts } = params;
  if ((discounts ?? undefined) === undefined) return;
  if ((params.allow_promotion_codes ?? undefined) !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: allow_promotion_codes, discounts.',
      'discounts',
    );
  }
  if (discounts!.length > 1) {
    throw invalidRequest('You can only apply one discount to a Checkout Session.', 'discounts');
  }
  const [discount] = discounts!;
  if (discount !== undefined && Boolean(discount.coupon) === Boolean(discount.promotion_code)) {
    throw invalidRequest(
      'You must specify exactly one of these parameters: coupon, promotion_code.',
      'discounts[0]',
    );
  }
}
