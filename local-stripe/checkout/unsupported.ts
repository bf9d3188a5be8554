import type Stripe from 'stripe';
import { invalidRequest } from '../kernel/errors.ts';

type CreateParams = Stripe.Checkout.SessionCreateParams;

const unsupported = [
  'after_expiration.recovery.enabled',
  'customer_account',
  'invoice_creation.invoice_data.account_tax_ids',
  'invoice_creation.invoice_data.issuer',
  'invoice_creation.invoice_data.rendering_options',
  'managed_payments.enabled',
  'optional_items',
  'payment_intent_data.application_fee_amount',
  'payment_intent_data.on_behalf_of',
  'payment_intent_data.shipping',
  'payment_intent_data.transfer_data',
  'payment_method_configuration',
  'permissions',
  'setup_intent_data.on_behalf_of',
  'shipping_address_collection',
  'shipping_options',
  'subscription_data.application_fee_percent',
  'subscription_data.on_behalf_of',
  'subscription_data.transfer_data',
];

/** Better a clear refusal than a session that behaves as if the parameter were not there. */
export function refuseUnsupportedParams(params: CreateParams): void {
  if (params.payment_intent_data?.capture_method === 'manual') {
    throw invalidRequest(
      'The local Stripe does not imitate `capture_method: manual` of Checkout.',
      'payment_intent_data[capture_method]',
    );
  }
  for (const path of unsupported) {
    const value = path
      .split('.')
      .reduce<unknown>(
        (part, name) => (part as Record<string, unknown> | undefined)?.[name],
        params,
      );
    if (value === undefined || value === null || value === false) continue;
    const [first, ...rest] = path.split('.');
    const param = `${first}${rest.map((name) => `[${name}]`).join('')}`;
    throw invalidRequest(`The local Stripe does not imitate \`${param}\` of Checkout.`, param);
  }
}
