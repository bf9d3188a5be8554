import type { AUDIT_WORDS } from './audit-words.ts';

type Words = (typeof AUDIT_WORDS)['en']['actions'];

/** What has been done with people and money, as the log names it: each has words. */
const ACTIONS = [
  'invitation.sent',
  'invitation.sent_again',
  'invitation.revoked',
  'member.joined',
  'member.left',
  'member.removed',
  'member.role_changed',
  'member.seat_given',
  'member.seat_taken',
  'member.limits_changed',
  'team.ownership_handed_over',
  'api_key.made',
  'api_key.revoked',
  'tenant.plan_changed',
  'tenant.billing_email_changed',
  'tenant.billing_details_changed',
  'tenant.deletion_requested',
  'tenant.deleted',
  'overage.agreed',
  'overage.ended',
  'overage.bound',
  'overage.trusted',
  'spending_rule.set',
  'top_up.agreed',
  'top_up.ended',
  'top_up.begun',
  'top_up.paused',
  'overage.wishes_changed',
  'subscription.created',
  'subscription.status_changed',
  'subscription.price_changed',
  'subscription.cancellation_scheduled',
  'subscription.resumed',
  'subscription.ended',
  'subscription.change_scheduled',
  'subscription.change_unscheduled',
  'subscription.cancel_requested',
  'subscription.change_requested',
  'subscription.refund_requested',
  'subscription.grace_extended',
  'subscription.resume_requested',
  'purchase.refund_requested',
  'credits.granted',
  'credits.revoked',
  'credits.frozen',
  'credits.unfrozen',
  'allowance.added',
  'character.hidden',
  'character.shown',
  'usage.corrected',
  'usage.reset',
  'statement.open',
  'statement.carried',
  'statement.paid',
  'statement.failed',
  'statement.uncollectible',
  'statement.void',
  'statement.written_off',
  'statement.hold_requested',
  'statement.release_requested',
  'statement.write_off_requested',
  'user.email_changed',
  'user.email_taken_back',
  'user.password_changed',
  'user.password_reset',
  'user.second_factor_added',
  'user.second_factor_removed',
  'user.deleted',
] as const;

type KeyOf<Action extends string> = Action extends `${infer Room}.${infer What}`
  ? `${Room}_${What}`
  : never;
export type AuditActionKey = KeyOf<(typeof ACTIONS)[number]> & keyof Words;

/** Under which key the catalogue has words for it; null for what a later version wrote. */
export function auditActionKey(action: string): AuditActionKey | null {
  const isKnown = (ACTIONS as readonly string[]).includes(action);
  return isKnown ? (action.replace('.', '_') as AuditActionKey) : null;
}
