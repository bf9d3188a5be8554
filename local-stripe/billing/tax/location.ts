import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { StripeError } from '../../kernel/errors.ts';
import type { Context } from '../../kernel/types.ts';

/** Where tax is due, and how that is known. */
export interface TaxLocation {
  country: string;
  state: string | null;
  source: 'billing_address' | 'payment_method' | 'shipping_destination';
}

type Place = Pick<Stripe.Address, 'country' | 'postal_code' | 'state'>;

/**
 * Where the customer is: the first address there is of shipping, billing and the card that would be
 * charged (docs.stripe.com/tax/customer-locations). Null where that is not precise enough.
 */
export function taxLocation(
  ctx: Context,
  customer: Stripe.Customer,
  card: string | null = null,
): TaxLocation | null {
  const shipping = customer.shipping?.address;
  if (isGiven(shipping)) return recognized(shipping, 'shipping_destination');
  if (isGiven(customer.address)) return recognized(customer.address, 'billing_address');
  const method = card ?? idOrNull(customer.invoice_settings.default_payment_method);
  const billing = ctx.store.find('payment_method', method ?? '')?.billing_details.address;
  return isGiven(billing) ? recognized(billing, 'payment_method') : null;
}

/** A country; in the US a ZIP code too, in Canada a province or a postal code. */
function recognized(place: Place, source: TaxLocation['source']): TaxLocation | null {
  const country = place.country?.toUpperCase() ?? '';
  if (!/^[A-Z]{2}$/.test(country)) return null;
  if (country === 'US' && !/^\d{5}(-?\d{4})?$/.test(place.postal_code ?? '')) return null;
  if (country === 'CA' && !place.state && !place.postal_code) return null;
  return { country, state: place.state?.toUpperCase() ?? null, source };
}

function isGiven(place: Place | null | undefined): place is Place {
  return Boolean(place && (place.country ?? place.postal_code ?? place.state));
}

/** 400 where automatic tax is asked for and nobody knows where the customer is. */
export function unknownLocation(): StripeError {
  return invalidRequest(
    "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.",
    undefined,
    'customer_tax_location_invalid',
  );
}
