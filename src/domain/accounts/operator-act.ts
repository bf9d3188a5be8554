/** What an operator can do for a tenant. */
export const TENANT_ACTS = [
  'sync',
  'grant_credits',
  'revoke_credits',
  'correct_usage',
  'reverse_usage',
  'add_allowance',
  'trust_overage',
  'end_subscription',
  'extend_grace',
  'refund_invoice',
  'refund_purchase',
  'operate_statement',
  'resend_mail',
  'hide_character',
  'delete_tenant',
] as const;
export type TenantAct = (typeof TENANT_ACTS)[number];

/** Why an act cannot be done, where the code of its error says too little; the page has words for each. */
export const ACT_REFUSALS = [
  'overage_never_agreed',
  'exposure_too_little',
  'nothing_past_due',
  'grace_not_later',
  'grace_too_far',
  'grace_after_end',
  'ref_used',
  'no_such_grant',
  'no_such_row',
  'row_archived',
  'row_corrects',
  'row_reversed',
  'row_settled_again',
  'extend_not_later',
  'no_such_purchase',
  'no_such_statement',
  'no_such_character',
  'no_such_mail',
  'mail_waits',
] as const;
export type ActRefusal = (typeof ACT_REFUSALS)[number];

/** What `refusal` stands for, in the details of an error. */
export const refusing = (refusal: ActRefusal) => ({ data: { refusal } });

/** The refusal that an error's details name, if any. */
export function refusalIn(details: Record<string, unknown>): ActRefusal | undefined {
  return ACT_REFUSALS.find((one) => one === details['refusal']);
}

/** What is told before an act and after it, a name each. */
export const ACT_FACTS = [
  'customer',
  'syncedAt',
  'outcome',
  'plan',
  'planBefore',
  'balance',
  'credits',
  'creditsLeft',
  'creditsPending',
  'creditsShort',
  'until',
  'repeated',
  'used',
  'usedAfter',
  'row',
  'resource',
  'quotaBack',
  'grant',
  'creditsBack',
  'creditsLapsed',
  'creditsRevoked',
  'overageBack',
  'uncoveredBack',
  'month',
  'units',
  'limit',
  'limitAfter',
  'endsAt',
  'subscriptions',
  'paid',
  'refunded',
  'refund',
  'state',
  'total',
  'recipient',
  'mail',
  'people',
  'team',
  'exposure',
  'exposureAfter',
  'unpaid',
  'character',
  'voided',
  'unbilled',
  'invoice',
  'refundable',
  'subscription',
  'graceEnded',
  'graceEnds',
] as const;
export type ActFactName = (typeof ACT_FACTS)[number];

/** What a fact says in a word of ours, which the page has in each language. */
export const ACT_WORDS = [
  'now',
  'unused',
  'unchanged',
  'by its bills',
  'hidden',
  'shown',
  'held',
  'once Stripe answers',
] as const;
export type ActWord = (typeof ACT_WORDS)[number];

export const ACT_FACT_KINDS = ['text', 'word', 'count', 'credits', 'money', 'instant'] as const;

/** A fact: a `word` is one of `ACT_WORDS`, `credits` are µcr, `money` minor units of `currency`, instants ISO 8601. */
export interface ActFact {
  name: ActFactName;
  kind: (typeof ACT_FACT_KINDS)[number];
  value: string | number | null;
  currency?: string;
}

/** What an act would do (`done` false), or did. */
export interface ActResult {
  done: boolean;
  facts: ActFact[];
}
