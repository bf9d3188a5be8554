import type { Stripe } from 'stripe';
import type { CheckoutSettings } from '../../../config/config.ts';
import {
  checkoutLocale,
  findOpenCheckout,
  readCheckout,
  type CheckoutSnapshot,
} from '../checkout.ts';
import { createOnce } from '../client/create-once.ts';
import { APP_MARK } from '../customers.ts';
import { toUnixSeconds } from '../snapshots/schemas.ts';
import { checkoutParams } from '../checkout-settings.ts';

/** What packs are paid with: once, so that wallets can be used. Where one cannot be, the others stay. */
const METHODS = ['card', 'alipay', 'wechat_pay'] as const;

export interface NewPackCheckout {
  environment: string;
  checkoutSettings: CheckoutSettings;
  tenantId: string;
  customerId: string;
  purchaseId: string;
  packId: string;
  priceId: string;
  /** One that the price has. */
  currency: string;
  locale: string;
  successUrl: string;
  cancelUrl: string;
  /** From then on nobody can pay it. */
  expiresAt: Date;
}

/**
 * Opens a hosted Checkout that sells a pack once, with an invoice when it is paid. A repeat for the same
 * purchase answers the same session: everything that is asked stands in the purchase.
 */
export async function createPackCheckout(
  stripe: Stripe,
  values: NewPackCheckout,
): Promise<CheckoutSnapshot> {
  const { environment, tenantId, customerId, purchaseId, packId, priceId, currency } = values;
  const metadata = { app: APP_MARK, env: environment, tenantId, purchaseId, packId, priceId };
  const params: Stripe.Checkout.SessionCreateParams = {
    mode: 'payment',
    customer: customerId,
    client_reference_id: tenantId,
    line_items: [{ price: priceId, quantity: 1 }],
    // Without it Stripe would choose one of the price's by where the payer is.
    currency,
    metadata,
    payment_intent_data: { metadata },
    invoice_creation: { enabled: true, invoice_data: { metadata } },
    allowed_payment_method_types: [...METHODS],
    payment_method_options: { wechat_pay: { client: 'web' } },
    ...checkoutParams(values.checkoutSettings),
    locale: checkoutLocale(values.locale),
    expires_at: toUnixSeconds(values.expiresAt),
    success_url: values.successUrl,
    cancel_url: values.cancelUrl,
  };
  return createOnce({
    idempotencyKey: `pack-checkout:${purchaseId}`,
    create: async (options) => readCheckout(await stripe.checkout.sessions.create(params, options)),
    find: () =>
      findOpenCheckout(stripe, customerId, (one) => one.metadata?.purchaseId === purchaseId),
  });
}
