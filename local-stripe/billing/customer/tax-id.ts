import type Stripe from 'stripe';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';

/** Keeps a tax id of a customer, or (null) of the account. Nobody looks it up. */
export function createTaxId(
  ctx: Context,
  customer: Stripe.Customer | null,
  given: { type: string; value: string },
): Stripe.TaxId {
  const here = ctx.onClock(idOrNull(customer?.test_clock));
  const taxId = ctx.store.put('tax_id', {
    id: ctx.newId('txi'),
    object: 'tax_id',
    country: countryOf(given.type),
    created: here.now,
    customer: customer?.id ?? null,
    customer_account: null,
    livemode: false,
    owner:
      customer === null
        ? { customer_account: null, type: 'self' }
        : { customer: customer.id, customer_account: null, type: 'customer' },
    type: given.type as Stripe.TaxId.Type,
    value: given.value,
    verification: { status: 'unavailable', verified_address: null, verified_name: null },
  });
  if (customer !== null) here.emit('customer.tax_id.created', taxId);
  return taxId;
}

/** `gb_vat` is of GB; the union's are of the country that their value begins with, unknown here. */
function countryOf(type: string): string | null {
  return type.startsWith('eu_') || type === 'unknown' ? null : type.slice(0, 2).toUpperCase();
}
