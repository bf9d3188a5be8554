import type Stripe from 'stripe';

/** An address with every line, as it is answered. */
export function address(given: Stripe.AddressParam): Stripe.Address {
  return {
    city: given.city ?? null,
    country: given.country ?? null,
    line1: given.line1 ?? null,
    line2: given.line2 ?? null,
    postal_code: given.postal_code ?? null,
    state: given.state ?? null,
  };
}

/** Who pays, as a payment method tells it: what is not known is null. */
export function billingDetails(
  given: Partial<Stripe.PaymentMethod.BillingDetails> = {},
): Stripe.PaymentMethod.BillingDetails {
  return { address: address({}), email: null, name: null, phone: null, tax_id: null, ...given };
}
