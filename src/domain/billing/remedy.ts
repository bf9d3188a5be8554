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

/** What was paid of an invoice and went back, as Stripe has it. Amounts are in minor units. */
export interface ReturnFacts {
  /** Of the invoice, tax and all, before credit notes and the customer's balance. */
  totalMinor: number;
  /** The charges that paid it; of a refund that failed nothing is in `amountRefundedMinor`. */
  charges: readonly ChargeFacts[];
  /** Of each credit note that stands what it gives without a refund: off what was owed, on the balance, beside Stripe. */
  notes: readonly { otherwiseMinor: number }[];
}

interface ChargeFacts {
  amountMinor: number;
  amountRefundedMinor: number;
  /** The bank is questioned about it, or has taken it back. */
  isQuestioned: boolean;
}

/** What a charge can still give back. */
export function leftOfCharge(charge: ChargeFacts): number {
  return charge.isQuestioned ? 0 : charge.amountMinor - charge.amountRefundedMinor;
}

/**
 * What of an invoice may still go back as money: its total less what every credit note and every refund gave,
 * and never more than its charges have left. Stripe bounds credit notes so, and a refund by its charge alone.
 */
export function leftToGiveBack({ totalMinor, charges, notes }: ReturnFacts): number {
  const sum = (amounts: readonly number[]) => amounts.reduce((all, one) => all + one, 0);
  const back =
    sum(charges.map((one) => one.amountRefundedMinor)) +
    sum(notes.map((one) => one.otherwiseMinor));
  return Math.max(0, Math.min(totalMinor - back, sum(charges.map(leftOfCharge))));
}
