import type { PaymentView } from '../../domain/api.ts';
import { isGivenBack } from '../../domain/billing/payment-view.ts';

export type InvoiceStatus =
  PaymentView['status'] | 'refunded' | 'partly_refunded' | 'failed' | 'disputed' | 'dispute_lost';

/** What the row says: a dispute outranks all, unless it was won; refunds outrank "paid", a failed attempt outranks "open". */
export function invoiceStatus(payment: PaymentView): InvoiceStatus {
  if (payment.dispute?.outcome === 'lost') return 'dispute_lost';
  if (payment.dispute?.outcome === 'open') return 'disputed';
  if (payment.amountRefundedMinor > 0) {
    return isGivenBack(payment) ? 'refunded' : 'partly_refunded';
  }
  return payment.status === 'open' && payment.failure ? 'failed' : payment.status;
}

const REASONS = [
  'subscription_create',
  'subscription_cycle',
  'subscription_update',
  'manual',
] as const;
const FAILURES = [
  'card_declined',
  'insufficient_funds',
  'expired_card',
  'authentication_required',
] as const;

type ReasonWord = (typeof REASONS)[number] | 'pack' | 'statement' | 'other';

/** What it is for, where we know; else Stripe's reason. That list is open: what we have no words for is `other`. */
export function reasonWord({ about, reason }: Pick<PaymentView, 'about' | 'reason'>): ReasonWord {
  if (about === 'pack' || about === 'statement') return about;
  return REASONS.find((known) => known === reason) ?? 'other';
}

/** Of Stripe's `decline_code`, or its error's code; that list is open too: the bank that says no more than no has declined. */
export function failureWord(code: string): (typeof FAILURES)[number] | 'other' {
  if (code === 'generic_decline' || code === 'do_not_honor') return 'card_declined';
  return FAILURES.find((known) => known === code) ?? 'other';
}
