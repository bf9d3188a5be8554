import type { Stripe } from 'stripe';
import type { CheckoutSettings } from '../../config/config.ts';
import type { Environment } from '../../config/env.ts';

/** What everything that this installation makes at Stripe carries, or is made with. */
export interface Installation {
  environment: Environment;
  checkoutSettings: CheckoutSettings;
}

export interface StripeDeps extends Installation {
  stripe: Stripe;
  portalConfiguration: string | undefined;
}

type Params = Pick<
  Stripe.Checkout.SessionCreateParams,
  | 'automatic_tax'
  | 'customer_update'
  | 'billing_address_collection'
  | 'tax_id_collection'
  | 'allow_promotion_codes'
>;

/**
 * What every Checkout of ours asks for beside what is bought. Tax needs to know where the customer is:
 * the address that is given there is kept on the customer, for the renewals too, and with a tax id a
 * business abroad pays none (docs.stripe.com/tax/checkout).
 */
export function checkoutParams({ automaticTax, promotionCodes }: CheckoutSettings): Params {
  return {
    ...(automaticTax
      ? {
          automatic_tax: { enabled: true },
          customer_update: { address: 'auto', name: 'auto' },
          billing_address_collection: 'required',
          tax_id_collection: { enabled: true },
        }
      : {}),
    ...(promotionCodes ? { allow_promotion_codes: true } : {}),
  };
}
