import type Stripe from 'stripe';
import { resource } from './resource.ts';
import type { Context, Resource } from '../kernel/types.ts';

/** The one account there is here: `GET /v1/account`. */
export const account = resource({
  kind: 'account',
  path: '/v1/account',
  retrieve: false,
  routes: [{ method: 'GET', path: '/v1/account', handle: theAccount }],
});

function theAccount(ctx: Context): Stripe.Account {
  return {
    id: 'acct_1LocalStripe',
    object: 'account',
    business_type: 'company',
    charges_enabled: true,
    company: { name: ctx.businessName },
    country: 'US',
    default_currency: 'usd',
    details_submitted: true,
    email: null,
    metadata: {},
    payouts_enabled: true,
    type: 'standard',
  } as Stripe.Account;
}

/** What came in and went out, by currency: `GET /v1/balance`. */
export const balance = {
  kind: 'balance',
  noun: 'balance',
  routes: [{ method: 'GET', path: '/v1/balance', handle: theBalance }],
  references: {},
  includes: {},
  indexes: {},
  due: {},
} as unknown as Resource;

function theBalance(ctx: Context): Stripe.Balance {
  const available = new Map<string, number>([['usd', 0]]);
  const pending = new Map<string, number>([['usd', 0]]);
  for (const { currency, net, available_on } of ctx.store.oldestFirst('balance_transaction')) {
    const where = available_on <= ctx.now ? available : pending;
    where.set(currency, (where.get(currency) ?? 0) + net);
  }
  const entries = (sums: Map<string, number>) =>
    [...sums].map(([currency, amount]) => ({ amount, currency, source_types: { card: amount } }));
  return {
    object: 'balance',
    available: entries(available),
    livemode: false,
    pending: entries(pending),
  };
}
