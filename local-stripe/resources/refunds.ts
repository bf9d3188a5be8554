import type Stripe from 'stripe';
import {
  bankAnswered,
  cancelRefund,
  createRefund,
  refundReferenced,
  refundRefused,
} from '../billing/payment/refund.ts';
import { refuseUnsupported } from '../billing/unsupported.ts';
import { invalidRequest } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';

export const refunds = resource({
  kind: 'refund',
  path: '/v1/refunds',
  references: {
    balance_transaction: 'balance_transaction',
    charge: 'charge',
    customer: 'customer',
    failure_balance_transaction: 'balance_transaction',
    payment_intent: 'payment_intent',
    payment_method: 'payment_method',
  },
  indexes: {
    charge: ({ charge }) => idOrNull(charge),
    payment_intent: ({ payment_intent }) => idOrNull(payment_intent),
  },
  list: {
    charge: (refund, charge: string) => idOrNull(refund.charge) === charge,
    payment_intent: (refund, intent: string) => idOrNull(refund.payment_intent) === intent,
  },
  create: (ctx: Context, params: Stripe.RefundCreateParams) => {
    refuseUnsupported(params, [
      'currency',
      'customer',
      'instructions_email',
      'origin',
      'refund_application_fee',
      'reverse_transfer',
    ]);
    return createRefund(onClockOfPayment(ctx, params), params);
  },
  update: (ctx: Context, before, params: Stripe.RefundUpdateParams) => {
    const patch = { metadata: mergeMetadata(before.metadata, params.metadata) };
    return ctx.update('refund', before, patch, 'refund.updated');
  },
  actions: [
    {
      name: 'cancel',
      handle: (ctx, refund) => {
        if (refund.status !== 'pending') {
          throw invalidRequest(
            `Refund ${refund.id} cannot be canceled: its status is ${refund.status ?? 'unknown'}.`,
          );
        }
        return cancelRefund(ctx, refund);
      },
    },
  ],
  due: {
    'refund.bank': bankAnswered,
    'refund.referenced': refundReferenced,
    'refund.refused': refundRefused,
  },
});

function onClockOfPayment(ctx: Context, params: Stripe.RefundCreateParams): Context {
  const payment =
    ctx.store.find('charge', params.charge ?? '') ??
    ctx.store.find('payment_intent', params.payment_intent ?? '');
  const customer = ctx.store.find('customer', idOrNull(payment?.customer) ?? '');
  return ctx.onClock(idOrNull(customer?.test_clock));
}
