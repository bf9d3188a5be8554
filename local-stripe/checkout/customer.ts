import type Stripe from 'stripe';
import { createCustomer } from '../billing/customer/create.ts';
import { createTaxId } from '../billing/customer/tax-id.ts';
import { taxPolicy } from '../billing/tax/line-taxes.ts';
import type { TaxPolicy } from '../billing/tax/line-taxes.ts';
import { plannedRates, readTaxRates } from '../billing/tax/rates.ts';
import { noSuch } from '../kernel/errors.ts';
import type { Context } from '../kernel/types.ts';
import type { CheckoutOrder } from './ordered.ts';

/** The customer of an order: a new one, or the one named with what was typed on the page. */
export function makeCustomer(ctx: Context, order: CheckoutOrder): string {
  const customer =
    order.customer === null
      ? createCustomer(ctx, order.newCustomer)
      : changed(ctx, order.customer, order.changes);
  const { taxId } = order;
  const hasIt = ctx.store.by('tax_id', 'customer', customer.id).some((one) => {
    return one.type === taxId?.type && one.value === taxId.value;
  });
  if (taxId !== null && !hasIt) createTaxId(ctx, customer, taxId);
  return customer.id;
}

function changed(ctx: Context, id: string, patch: Partial<Stripe.Customer>): Stripe.Customer {
  const customer = ctx.store.find('customer', id);
  if (customer === undefined) throw noSuch('customer', id, 'customer');
  return ctx.update('customer', customer, patch, 'customer.updated');
}

/** How the order is taxed, with what is known of the payer by now. */
export function orderPolicy(ctx: Context, order: CheckoutOrder): TaxPolicy {
  const { customer: id, isTaxAutomatic, subscription } = order;
  const given = subscription?.default_tax_rates;
  const defaults = readTaxRates(ctx, given, 'default_tax_rates', plannedRates(ctx));
  const named = id === null ? undefined : ctx.store.find('customer', id);
  const exempt = named?.tax_exempt ?? 'none';
  if (!isTaxAutomatic) return { exempt, defaults, automatic: null };
  // Of a customer who was deleted since nobody knows where they are.
  if (id !== null && named === undefined) {
    return { exempt, defaults, automatic: { location: null, taxIds: [] } };
  }
  return ctx.preview(() => {
    const customer = ctx.store.get('customer', makeCustomer(ctx, order));
    return taxPolicy(ctx, customer, { defaults, isAutomatic: true });
  });
}
