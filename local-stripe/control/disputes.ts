import type Stripe from 'stripe';
import { z } from 'zod';
import { openDispute as open } from '../billing/payment/dispute.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { ControlError } from './errors.ts';

const reasons = [
  'bank_cannot_process',
  'check_returned',
  'credit_not_processed',
  'customer_initiated',
  'debit_not_authorized',
  'duplicate',
  'fraudulent',
  'general',
  'incorrect_account_details',
  'insufficient_funds',
  'product_not_received',
  'product_unacceptable',
  'subscription_canceled',
  'unrecognized',
] as const;

export const disputeBody = z.strictObject({
  charge: z.string().max(200),
  reason: z.enum(reasons).default('fraudulent'),
});

/** Disputes a charge as its cardholder would at the bank. */
export function openDispute(ctx: Context, body: z.infer<typeof disputeBody>): Stripe.Dispute {
  const charge = ctx.store.find('charge', body.charge);
  if (charge === undefined) {
    throw new ControlError(404, 'resource_missing', `No such charge: '${body.charge}'`, 'charge');
  }
  if (!charge.paid || charge.disputed || charge.refunded) {
    throw new ControlError(
      409,
      'charge_not_disputable',
      'Only a charge that was paid, not refunded and not disputed yet can be disputed.',
      'charge',
    );
  }
  const customer = ctx.store.find('customer', idOrNull(charge.customer) ?? '');
  return open(ctx.onClock(idOrNull(customer?.test_clock)), charge.id, { reason: body.reason });
}
