/** What becomes of a payment that the cardholder questions at the bank. */
export type DisputeOutcome = 'open' | 'won' | 'lost';

/**
 * Stripe's dispute status in three words; `null` where it never was, or no longer is, a dispute: an
 * inquiry that came to nothing, or one that was prevented. A status that we do not know is open:
 * somebody must look.
 * Source: Stripe, "Dispute object", `status`.
 */
export function disputeOutcome(status: string): DisputeOutcome | null {
  if (status === 'won' || status === 'lost') return status;
  return status === 'warning_closed' || status === 'prevented' ? null : 'open';
}

export function isDisputeOpen(status: string): boolean {
  return disputeOutcome(status) === 'open';
}

/** Nothing more will come of it. (A lost one may be appealed, and then says so by its status.) */
export function isDisputeOver(status: string): boolean {
  return !isDisputeOpen(status) && status !== 'lost';
}
