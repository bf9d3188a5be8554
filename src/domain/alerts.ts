/** What an operator is told of; `docs/runbook.md` says of each what to do. */
export const ALERT_KINDS = [
  'arrangement_replaced',
  'business_differs',
  'collection_paused',
  'charge.dispute.created',
  'credits_shortfall',
  'customer_not_synced',
  'dispute_lost',
  'duplicate_subscription',
  'event_dead',
  'event_malformed',
  'intent_stuck',
  'invoice.finalization_failed',
  'late_payment',
  'other_environment',
  'purchase_failing',
  'refund.failed',
  'remedy_failing',
  'returned_too_much',
  'statement_credit',
  'statement_failing',
  'statement_mismatch',
  'statement_uncollectible',
  'statement_void',
  'statements_differ',
  'unknown_price',
  'unknown_status',
  'unknown_tenant',
  'webhook_version',
] as const;

export type AlertKind = (typeof ALERT_KINDS)[number];

/** Those that a verification raises and closes: doctor has a finding of its own for each. */
const VERIFICATION_ALERTS = [
  'business_differs',
  'statements_differ',
] as const satisfies readonly AlertKind[];

export type VerificationAlert = (typeof VERIFICATION_ALERTS)[number];

export function isVerificationAlert(kind: string): kind is VerificationAlert {
  return (VERIFICATION_ALERTS as readonly string[]).includes(kind);
}
