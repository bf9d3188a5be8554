import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';

/** Keeps a tax id of a customer, or (null) of the account. Nobody looks it up. */
export function createTaxId(
  ctx: Context,
  customer: Stripe.Customer | null,
  given: { type: string; value: string },
): Stripe.TaxId {
  assertTaxId(given);
  const here = ctx.onClock(idOrNull(customer?.test_clock));
  const taxId = ctx.store.put('tax_id', {
    id: ctx.newId('txi'),
    object: 'tax_id',
    country: countryOf(given),
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

/** `gb_vat` is of GB, `eu_vat` of the country that its value begins with; that of others is not known. */
function countryOf({ type, value }: { type: string; value: string }): string | null {
  if (type === 'eu_vat') return unionCountry(value);
  return type.startsWith('eu_') || type === 'unknown' ? null : type.slice(0, 2).toUpperCase();
}

/** The tax authorities write Greece EL, and Northern Ireland XI. */
function unionCountry(value: string): string {
  const prefix = value.slice(0, 2).toUpperCase();
  return { EL: 'GR', XI: 'GB' }[prefix] ?? prefix;
}

/** Throws 400 `tax_id_invalid` where the value cannot be one: of the union's VAT ids we know the form. */
export function assertTaxId({ type, value }: { type: string; value: string }, param = 'value') {
  const union =
    /^(AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI)[A-Z0-9+*]{2,12}$/i;
  if (type !== 'eu_vat' || union.test(value)) return;
  throw invalidRequest(`Invalid value for ${type}.`, param, 'tax_id_invalid');
}
