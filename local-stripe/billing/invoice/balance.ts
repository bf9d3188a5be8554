import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';

/** Books a change of what the customer owes (negative: is owed), and announces the customer. */
export function changeBalance(
  ctx: Context,
  customer: Stripe.Customer,
  entry: {
    amount: number;
    currency: string;
    type: Stripe.CustomerBalanceTransaction.Type;
    invoice?: string;
    description?: string | null;
    metadata?: Stripe.Metadata;
  },
): Stripe.CustomerBalanceTransaction {
  const balance = customer.balance + entry.amount;
  const transaction = ctx.store.put('customer_balance_transaction', {
    id: ctx.newId('cbtxn'),
    object: 'customer_balance_transaction',
    amount: entry.amount,
    checkout_session: null,
    created: ctx.now,
    credit_note: null,
    currency: entry.currency,
    customer: customer.id,
    customer_account: null,
    description: entry.description ?? null,
    ending_balance: balance,
    invoice: entry.invoice ?? null,
    livemode: false,
    metadata: entry.metadata ?? {},
    type: entry.type,
  });
  const currency = customer.currency ?? entry.currency;
  ctx.update('customer', customer, { balance, currency }, 'customer.updated');
  return transaction;
}
