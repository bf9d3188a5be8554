/** What an operator is told of; `docs/runbook.md` says of each what to do. */
export const ALERT_KINDS = [
  'arrangement_replaced',
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
  'unknown_price',
  'unknown_status',
  'unknown_tenant',
  'webhook_version',
] as const;

export type AlertKind = (typeof ALERT_KINDS)[number];
