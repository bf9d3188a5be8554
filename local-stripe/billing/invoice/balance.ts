import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';

export interface BalanceEntry {
  /** Positive: owed by the customer. Negative: owed to the customer. */
  amount: number;
  currency: string;
  type: Stripe.CustomerBalanceTransaction.Type;
  invoice?: string;
  creditNote?: string;
  description?: string | null;
  metadata?: Stripe.Metadata;
}

/**
 * What the customer owes (negative: is owed) in that currency. Balances are kept for each currency
 * apart; `customer.balance` is that of the customer's own, or of the first they will have.
 */
export function balanceIn(ctx: Context, customer: Stripe.Customer, currency: string): number {
  return isOwn(customer, currency) ? customer.balance : bookedIn(ctx, customer.id, currency);
}

/** Books a change of what the customer owes in a currency, and announces the customer. */
export function changeBalance(
  ctx: Context,
  found: Stripe.Customer,
  entry: BalanceEntry,
): Stripe.CustomerBalanceTransaction {
  const customer = firstBilledIn(ctx, found, entry.currency);
  const balance = balanceIn(ctx, customer, entry.currency) + entry.amount;
  const transaction = book(ctx, customer, entry, balance);
  if (isOwn(customer, entry.currency)) {
    ctx.update('customer', customer, { balance }, 'customer.updated');
  }
  return transaction;
}

/** Sets the balance in the customer's own currency by hand. Without a currency it is yet to be booked. */
export function setBalance(
  ctx: Context,
  customer: Stripe.Customer,
  balance: number,
): Partial<Stripe.Customer> {
  const { currency } = customer;
  if (!currency || balance === customer.balance) return { balance };
  book(
    ctx,
    customer,
    { amount: balance - customer.balance, currency, type: 'adjustment' },
    balance,
  );
  return { balance };
}

/** The customer's own currency from now on, with the balance that they have in it. */
export function currencyPatch(
  ctx: Context,
  customer: Stripe.Customer,
  currency: string,
): Partial<Stripe.Customer> {
  if (customer.currency === currency) return {};
  if (customer.currency) return { currency, balance: bookedIn(ctx, customer.id, currency) };
  const { balance } = customer;
  if (balance !== 0) book(ctx, customer, { amount: balance, currency, type: 'initial' }, balance);
  return { currency };
}

/** What a customer is first billed in becomes their own currency; later bills change nothing. */
export function firstBilledIn(
  ctx: Context,
  customer: Stripe.Customer,
  currency: string,
): Stripe.Customer {
  if (customer.currency) return customer;
  return ctx.update('customer', customer, currencyPatch(ctx, customer, currency));
}

/** The balance in each currency in which there is one, as a credit: positive is owed to the customer. */
export function creditBalances(ctx: Context, customer: Stripe.Customer): Record<string, number> {
  const booked = ctx.store.by('customer_balance_transaction', 'customer', customer.id);
  const currencies = new Set(booked.map(({ currency }) => currency));
  if (customer.currency && customer.balance !== 0) currencies.add(customer.currency);
  const credits = [...currencies].map((one) => [one, 0 - balanceIn(ctx, customer, one)] as const);
  return Object.fromEntries(credits.filter(([, credit]) => credit !== 0));
}

function isOwn({ currency: own }: Stripe.Customer, currency: string): boolean {
  return !own || own === currency;
}

function bookedIn(ctx: Context, customer: string, currency: string): number {
  const entries = ctx.store.by('customer_balance_transaction', 'customer', customer);
  return entries.findLast((entry) => entry.currency === currency)?.ending_balance ?? 0;
}

function book(
  ctx: Context,
  customer: Stripe.Customer,
  entry: BalanceEntry,
  endingBalance: number,
): Stripe.CustomerBalanceTransaction {
  return ctx.store.put('customer_balance_transaction', {
    id: ctx.newId('cbtxn'),
    object: 'customer_balance_transaction',
    amount: entry.amount,
    checkout_session: null,
    created: ctx.now,
    credit_note: entry.creditNote ?? null,
    currency: entry.currency,
    customer: customer.id,
    customer_account: null,
    description: entry.description ?? null,
    ending_balance: endingBalance,
    invoice: entry.invoice ?? null,
    livemode: false,
    metadata: entry.metadata ?? {},
    type: entry.type,
  });
}
