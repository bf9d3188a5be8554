import type Stripe from 'stripe';
import { createTaxId } from '../billing/customer/tax-id.ts';
import { invalidRequest, missingParam, noSuch } from '../kernel/errors.ts';
import { listPage } from '../kernel/list.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context, Route } from '../kernel/types.ts';

const path = '/v1/customers/:id/tax_ids';
const onePath = '/v1/customers/:customerId/tax_ids/:id';

const topPath = '/v1/tax_ids';

/** Tax ids of customers and of the account. They are kept and shown; nobody looks them up. */
export const taxIds = resource({
  kind: 'tax_id',
  path: '/v1/tax_ids',
  noun: 'tax_id',
  references: { customer: 'customer', 'owner.customer': 'customer' },
  indexes: { customer: ({ customer }) => idOrNull(customer) },
  routes: [...topLevelRoutes(), ...taxIdRoutes()],
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
        return removeTaxId(ctx, getTaxId(ctx, customerId!, id!));
      },
    },
  ];
}

function topLevelRoutes(): Route[] {
  return [
    {
      method: 'POST',
      path: topPath,
      handle: (ctx, params) => {
        const { owner, type, value } = params as unknown as Stripe.TaxIdCreateParams;
        return createTaxId(ctx, ownerOf(ctx, owner), { type, value });
      },
    },
    {
      method: 'GET',
      path: topPath,
      handle: (ctx, params) => {
        const owner = ownerOf(ctx, (params as Stripe.TaxIdListParams).owner);
        const all = [...ctx.store.newestFirst('tax_id')];
        return listPage(params, topPath, 'tax_id', all, (one) => {
          return idOrNull(one.customer) === (owner?.id ?? null);
        });
      },
    },
    {
      method: 'DELETE',
      path: `${topPath}/:id`,
      handle: (ctx, _params, { id }) => {
        const taxId = ctx.store.find('tax_id', id!);
        if (taxId === undefined) throw noSuch('tax_id', id!);
        return removeTaxId(ctx, taxId);
      },
    },
  ];
}

/** Whose tax id it is: a customer's, or (null) the account's own. */
function ownerOf(
  ctx: Context,
  owner: Stripe.TaxIdCreateParams.Owner | undefined,
): Stripe.Customer | null {
  if (owner === undefined || owner.type === 'self') return null;
  if (owner.type !== 'customer') {
    throw invalidRequest(
      `The local Stripe does not imitate tax ids of \`${owner.type}\`: it has no Connect.`,
      'owner[type]',
    );
  }
  if (owner.customer === undefined) throw missingParam('owner[customer]');
  const customer = ctx.store.find('customer', owner.customer);
  if (customer === undefined) throw noSuch('customer', owner.customer, 'owner[customer]');
  return customer;
}

function removeTaxId(ctx: Context, taxId: Stripe.TaxId): object {
  ctx.store.remove('tax_id', taxId.id);
  const owner = idOrNull(taxId.customer);
  if (owner !== null) ctx.onClock(clockOf(ctx, owner)).emit('customer.tax_id.deleted', taxId);
  return { id: taxId.id, object: 'tax_id', deleted: true };
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
