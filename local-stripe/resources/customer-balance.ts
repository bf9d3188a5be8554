import type Stripe from 'stripe';
import { changeBalance } from '../billing/invoice/balance.ts';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { listPage } from '../kernel/list.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context, Params } from '../kernel/types.ts';

type Transaction = Stripe.CustomerBalanceTransaction;

const list = '/v1/customers/:id/balance_transactions';
const one = '/v1/customers/:customerId/balance_transactions/:id';

/** The customer's credit (below zero) or debt, booked entry by entry. */
export const customerBalanceTransactions = resource({
  kind: 'customer_balance_transaction',
  path: '/v1/_customer_balance_transactions',
  noun: 'customer balance transaction',
  retrieve: false,
  references: { customer: 'customer', invoice: 'invoice' },
  indexes: { customer: ({ customer }) => idOf(customer) },
  routes: [
    { method: 'POST', path: list, handle: create },
    { method: 'GET', path: list, handle: listAll },
    { method: 'GET', path: one, handle: (ctx, _params, path) => find(ctx, path) },
    {
      method: 'POST',
      path: one,
      handle: (ctx, params, path) => {
        const before = find(ctx, path);
        const { description, metadata } = params as Stripe.CustomerUpdateBalanceTransactionParams;
        return ctx.update('customer_balance_transaction', before, {
          metadata: mergeMetadata(before.metadata, metadata),
          ...(description === undefined ? {} : { description }),
        });
      },
    },
  ],
});

function create(global: Context, params: Params, { id }: Record<string, string>): Transaction {
  const customer = global.store.find('customer', id!);
  if (customer === undefined) throw noSuch('customer', id!);
  const given = params as unknown as Stripe.CustomerCreateBalanceTransactionParams;
  if (!Number.isSafeInteger(given.amount) || Math.abs(given.amount) > 99_999_999_999) {
    throw invalidRequest('Invalid amount: it is too large.', 'amount', 'amount_too_large');
  }
  return changeBalance(global.onClock(idOrNull(customer.test_clock)), customer, {
    amount: given.amount,
    currency: given.currency,
    type: 'adjustment',
    description: given.description ?? null,
    metadata: mergeMetadata({}, given.metadata),
  });
}

function listAll(ctx: Context, params: Params, { id }: Record<string, string>): object {
  if (ctx.store.find('customer', id!) === undefined) throw noSuch('customer', id!);
  const theirs = ctx.store.by('customer_balance_transaction', 'customer', id!).reverse();
  const url = `/v1/customers/${id!}/balance_transactions`;
  return listPage(params, url, 'customer balance transaction', theirs, (entry) => {
    return params.invoice === undefined || idOrNull(entry.invoice) === params.invoice;
  });
}

function find(ctx: Context, { customerId, id }: Record<string, string>): Transaction {
  if (ctx.store.find('customer', customerId!) === undefined) throw noSuch('customer', customerId!);
  const found = ctx.store.find('customer_balance_transaction', id!);
  if (found === undefined || idOf(found.customer) !== customerId) {
    throw noSuch('customer balance transaction', id!);
  }
  return found;
}
