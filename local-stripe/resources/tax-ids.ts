import type Stripe from 'stripe';
import { noSuch } from '../kernel/errors.ts';
import { listPage } from '../kernel/list.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context, Route } from '../kernel/types.ts';

const path = '/v1/customers/:id/tax_ids';
const onePath = '/v1/customers/:customerId/tax_ids/:id';

/** Tax ids live below their customer. They are kept and shown; nobody looks them up. */
export const taxIds = resource({
  kind: 'tax_id',
  path: '/v1/tax_ids',
  noun: 'tax_id',
  retrieve: false,
  references: { customer: 'customer', 'owner.customer': 'customer' },
  indexes: { customer: ({ customer }) => idOrNull(customer) },
  routes: taxIdRoutes(),
});

function taxIdRoutes(): Route[] {
  return [
    {
      method: 'POST',
      path,
      handle: (ctx, params, { id }) => createTaxId(ctx, getCustomer(ctx, id!), params as never),
    },
    {
      method: 'GET',
      path,
      handle: (ctx, params, { id }) => {
        const theirs = ctx.store.by('tax_id', 'customer', getCustomer(ctx, id!).id).reverse();
        return listPage(params, path.replace(':id', id!), 'tax_id', theirs);
      },
    },
    {
      method: 'GET',
      path: onePath,
      handle: (ctx, _params, { customerId, id }) => getTaxId(ctx, customerId!, id!),
    },
    {
      method: 'DELETE',
      path: onePath,
      handle: (ctx, _params, { customerId, id }) => {
        const taxId = getTaxId(ctx, customerId!, id!);
        ctx.store.remove('tax_id', taxId.id);
        ctx.onClock(clockOf(ctx, customerId!)).emit('customer.tax_id.deleted', taxId);
        return { id: taxId.id, object: 'tax_id', deleted: true };
      },
    },
  ];
}

function createTaxId(
  ctx: Context,
  customer: Stripe.Customer,
  params: Stripe.CustomerCreateTaxIdParams,
): Stripe.TaxId {
  const here = ctx.onClock(idOrNull(customer.test_clock));
  const taxId = ctx.store.put('tax_id', {
    id: ctx.newId('txi'),
    object: 'tax_id',
    country: countryOf(params.type),
    created: here.now,
    customer: customer.id,
    customer_account: null,
    livemode: false,
    owner: { customer: customer.id, customer_account: null, type: 'customer' },
    type: params.type,
    value: params.value,
    verification: { status: 'unavailable', verified_address: null, verified_name: null },
  });
  here.emit('customer.tax_id.created', taxId);
  return taxId;
}

/** `gb_vat` is of GB; the union's are of the country that their value begins with, unknown here. */
function countryOf(type: string): string | null {
  return type.startsWith('eu_') || type === 'unknown' ? null : type.slice(0, 2).toUpperCase();
}

function getTaxId(ctx: Context, customer: string, id: string): Stripe.TaxId {
  getCustomer(ctx, customer);
  const taxId = ctx.store.find('tax_id', id);
  if (!taxId || taxId.customer !== customer) throw noSuch('tax_id', id);
  return taxId;
}

function getCustomer(ctx: Context, id: string): Stripe.Customer {
  const customer = ctx.store.find('customer', id);
  if (!customer) throw noSuch('customer', id);
  return customer;
}

const clockOf = (ctx: Context, customer: string): string | null =>
  idOrNull(getCustomer(ctx, customer).test_clock);
