import type { CallsOf } from './calls.ts';
import type { World } from '../support/world.ts';

const someone = (world: World) => world.stripe.customers.create({ name: 'Someone' });
const credit = async (world: World) => {
  const { id } = await someone(world);
  const params = { amount: -500, currency: 'cny' };
  return world.stripe.customers.createBalanceTransaction(id, params);
};
const taxId = async (world: World) => {
  const { id } = await someone(world);
  return world.stripe.customers.createTaxId(id, { type: 'eu_vat', value: 'DE123456789' });
};
const customerOf = (of: { customer: unknown }) => of.customer as string;

export const customerCalls: CallsOf<'customers'> = {
  'POST /v1/customers': someone,
  'GET /v1/customers': ({ stripe }) => stripe.customers.list({ limit: 3 }),
  'GET /v1/customers/search': ({ stripe }) => stripe.customers.search({ query: 'email:"a@b.cn"' }),
  'GET /v1/customers/:id': ({ stripe, customer }) =>
    stripe.customers.retrieve(customer.id, { expand: ['subscriptions', 'tax_ids'] }),
  'POST /v1/customers/:id': ({ stripe, customer }) =>
    stripe.customers.update(customer.id, {
      address: { line1: 'Nanjing Rd 1', city: 'Shanghai', country: 'CN' },
      shipping: { name: 'Wu', address: { line1: 'Nanjing Rd 1' } },
      preferred_locales: ['zh'],
      metadata: { tenant: 't_1' },
    }),
  'DELETE /v1/customers/:id': async (world) =>
    world.stripe.customers.del((await someone(world)).id),
  'GET /v1/customers/:id/payment_methods': ({ stripe, customer }) =>
    stripe.customers.listPaymentMethods(customer.id),
  'GET /v1/customers/:customerId/payment_methods/:id': ({ stripe, customer, card }) =>
    stripe.customers.retrievePaymentMethod(customer.id, card),
  'POST /v1/customers/:id/balance_transactions': credit,
  'GET /v1/customers/:id/balance_transactions': async (world) =>
    world.stripe.customers.listBalanceTransactions(customerOf(await credit(world))),
  'GET /v1/customers/:customerId/balance_transactions/:id': async (world) => {
    const made = await credit(world);
    return world.stripe.customers.retrieveBalanceTransaction(customerOf(made), made.id);
  },
  'POST /v1/customers/:customerId/balance_transactions/:id': async (world) => {
    const made = await credit(world);
    const params = { description: 'goodwill', metadata: { a: '1' } };
    return world.stripe.customers.updateBalanceTransaction(customerOf(made), made.id, params);
  },
  'POST /v1/customers/:id/tax_ids': taxId,
  'GET /v1/customers/:id/tax_ids': async (world) =>
    world.stripe.customers.listTaxIds(customerOf(await taxId(world))),
  'GET /v1/customers/:customerId/tax_ids/:id': async (world) => {
    const made = await taxId(world);
    return world.stripe.customers.retrieveTaxId(customerOf(made), made.id);
  },
  'DELETE /v1/customers/:customerId/tax_ids/:id': async (world) => {
    const made = await taxId(world);
    return world.stripe.customers.deleteTaxId(customerOf(made), made.id);
  },
};
