import type Stripe from 'stripe';
import { bookCharge } from '../billing/payment/booking.ts';
import { listInside } from '../kernel/list.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';
import { searchRoute } from './search/route.ts';

/** Charges come from payment intents alone; they can be read and labelled here. */
export const charges = resource({
  kind: 'charge',
  path: '/v1/charges',
  references: {
    balance_transaction: 'balance_transaction',
    customer: 'customer',
    payment_intent: 'payment_intent',
  },
  includes: {
    refunds: (ctx, charge) =>
      listInside(
        `/v1/charges/${charge.id}/refunds`,
        ctx.store.by('refund', 'charge', charge.id).reverse(),
      ),
  },
  indexes: {
    customer: ({ customer }) => idOrNull(customer),
    payment_intent: ({ payment_intent }) => idOrNull(payment_intent),
  },
  list: {
    customer: (charge, customer: string) => idOrNull(charge.customer) === customer,
    payment_intent: (charge, intent: string) => idOrNull(charge.payment_intent) === intent,
    transfer_group: (charge, group: string) => charge.transfer_group === group,
  },
  // The page is at the address that is ours today.
  present: (ctx, charge) => ({
    ...charge,
    receipt_url: charge.paid ? `${ctx.baseUrl}/receipts/${charge.id}` : null,
  }),
  routes: [searchRoute('charge', '/v1/charges')],
  due: { 'charge.booked': bookCharge },
  update: (ctx: Context, before, params: Stripe.ChargeUpdateParams) => {
    const patch: Partial<Stripe.Charge> = {
      metadata: mergeMetadata(before.metadata, params.metadata),
    };
    if (params.description !== undefined) patch.description = params.description;
    if (params.receipt_email !== undefined) patch.receipt_email = params.receipt_email;
    return ctx.update('charge', before, patch, 'charge.updated');
  },
});

export const balanceTransactions = resource({
  kind: 'balance_transaction',
  path: '/v1/balance_transactions',
  noun: 'balance transaction',
  references: { source: ['charge', 'refund', 'dispute'] },
  indexes: { source: ({ source }) => idOrNull(source as string | null) },
  list: {
    currency: (one, currency: string) => one.currency === currency,
    source: (one, source: string) => one.source === source,
    type: (one, type: string) => one.type === type,
  },
});
