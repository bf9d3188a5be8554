/** What is put right at Stripe, and why. `refund_sum`: so much of an invoice, as an operator decided. */
export type RemedyKind = 'end_subscription' | 'refund_invoice' | 'refund_sum';

/**
 * `late_payment`: money for what was over, or for a team that was deleted. `duplicate_subscription`:
 * a second one beside another. `trial_used`: a free trial for a card or an address that had one.
 */
export const REMEDY_CAUSES = ['late_payment', 'duplicate_subscription', 'trial_used'] as const;
export type RemedyCause = (typeof REMEDY_CAUSES)[number];

/** Why money goes back to a customer. */
export type RefundCause = RemedyCause | 'operator';

/** What an operator wants done about money that gives nothing: given back, or only told. */
export const REFUND_POLICIES = ['refund', 'alert'] as const;
export type RefundPolicy = (typeof REFUND_POLICIES)[number];

export interface RefundPolicies {
  latePayment: RefundPolicy;
  duplicateSubscription: RefundPolicy;
}

/** An invoice's payment as far as it may have come too late. */
export interface LateFacts {
  status: string;
  amountPaidMinor: number;
  createdAt: Date;
  paidAt: Date | null;
}

/**
 * Whether money came for a subscription that was over: the invoice was made while it lived and paid
 * after its end. What is made at the end or later (a last bill, by staff) is meant to be paid.
 */
export function isLatePayment(invoice: LateFacts, endedAt: Date | null): boolean {
  if (endedAt === null || invoice.status !== 'paid' || invoice.amountPaidMinor <= 0) return false;
  return invoice.paidAt !== null && invoice.paidAt > endedAt && invoice.createdAt < endedAt;
}
