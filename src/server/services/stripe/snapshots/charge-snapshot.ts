import { z } from 'zod';
import { idOrNull, metadata, seconds, toDate } from './schemas.ts';

/** The one reader of Stripe's charges, refunds and disputes: what we use of them, checked. */

const charge = z
  .object({
    id: z.string(),
    customer: idOrNull,
    payment_intent: idOrNull,
    amount: z.number().int(),
    amount_refunded: z.number().int(),
    currency: z.string(),
    paid: z.boolean(),
    disputed: z.boolean(),
    created: seconds,
  })
  .transform(({ customer, payment_intent, amount, amount_refunded, created, ...rest }) => ({
    ...rest,
    customerId: customer,
    paymentIntentId: payment_intent,
    amountMinor: amount,
    amountRefundedMinor: amount_refunded,
    createdAt: toDate(created),
  }));

export type ChargeSnapshot = z.output<typeof charge>;

export function readCharge(answer: unknown): ChargeSnapshot {
  return charge.parse(answer);
}

const refund = z
  .object({
    id: z.string(),
    charge: idOrNull,
    amount: z.number().int(),
    currency: z.string(),
    status: z.string().nullish(),
    reason: z.string().nullish(),
    metadata,
    created: seconds,
  })
  .transform(({ charge, amount, status, reason, created, ...rest }) => ({
    ...rest,
    chargeId: charge,
    amountMinor: amount,
    status: status ?? 'pending',
    reason: reason ?? null,
    createdAt: toDate(created),
  }));

export type RefundSnapshot = z.output<typeof refund>;

export function readRefund(answer: unknown): RefundSnapshot {
  return refund.parse(answer);
}

const dispute = z
  .object({
    id: z.string(),
    status: z.string(),
    amount: z.number().int(),
    reason: z.string(),
    created: seconds,
  })
  .transform(({ amount, created, ...rest }) => ({
    ...rest,
    amountMinor: amount,
    createdAt: toDate(created),
  }));

export type DisputeSnapshot = z.output<typeof dispute>;

export function readDispute(answer: unknown): DisputeSnapshot {
  return dispute.parse(answer);
}
