import type { Messages } from '../i18n/en/index.ts';

/** The words of what is done in a team, by the name that the log has for it. */
export const AUDIT_ACTION_NAMES: Partial<
  Record<string, keyof Messages['team']['audit']['actions']>
> = {
  'invitation.sent': 'invitation_sent',
  'invitation.sent_again': 'invitation_sent_again',
  'invitation.revoked': 'invitation_revoked',
  'member.joined': 'member_joined',
  'member.left': 'member_left',
  'member.removed': 'member_removed',
  'member.role_changed': 'member_role_changed',
  'member.seat_given': 'member_seat_given',
  'member.seat_taken': 'member_seat_taken',
  'member.limits_changed': 'member_limits_changed',
  'team.ownership_handed_over': 'team_ownership_handed_over',
  'api_key.made': 'api_key_made',
  'api_key.revoked': 'api_key_revoked',
  'tenant.plan_changed': 'tenant_plan_changed',
  'tenant.billing_email_changed': 'tenant_billing_email_changed',
  'tenant.billing_details_changed': 'tenant_billing_details_changed',
  'overage.agreed': 'overage_agreed',
  'overage.ended': 'overage_ended',
  'spending_rule.set': 'spending_rule_set',
  'subscription.created': 'subscription_created',
  'subscription.cancel_requested': 'subscription_cancel_requested',
  'subscription.change_requested': 'subscription_change_requested',
  'subscription.resume_requested': 'subscription_resume_requested',
  'user.email_changed': 'user_email_changed',
  'user.password_changed': 'user_password_changed',
  'user.deleted': 'user_deleted',
};
