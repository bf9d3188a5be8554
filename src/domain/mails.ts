/** Mails that a person may do without. All others are there for money, law or the account's safety. */
export const OPTIONAL_MAILS = ['usage_threshold'] as const;
export type OptionalMail = (typeof OPTIONAL_MAILS)[number];

/** Mails about money: these go to the second billing address too. */
export const BILLING_MAILS: readonly string[] = [
  'cancellation',
  'change_settled',
  'credits_ending',
  'grace_extended',
  'overage_cap',
  'overage_lapsed',
  'pack_bought',
  'pack_refunded',
  'payment_failed',
  'payment_refunded',
  'plan_changes',
  'plan_changes_off',
  'plan_growing',
  'statement_failed',
  'statement_paid',
  'statement_uncollectible',
  'top_up_bought',
  'top_up_confirm',
  'top_up_paused',
  'trial_refused',
  'trial_will_end',
];

/** Whether somebody who muted these kinds is written to all the same. */
export function isWanted(kind: string, muted: readonly string[]): boolean {
  return !(OPTIONAL_MAILS as readonly string[]).includes(kind) || !muted.includes(kind);
}
