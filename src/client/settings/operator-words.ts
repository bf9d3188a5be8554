import { TENANT_ACTS } from '../../domain/accounts/operator-act.ts';
import { ALERT_KINDS, type AlertKind } from '../../domain/alerts.ts';
import { wordOf } from '../i18n/closed-list.ts';
import type { Messages } from '../i18n/en/index.ts';
import type { MessageKey, Values } from '../i18n/keys.ts';

type Say = (key: MessageKey, values?: Values) => string;

/** Every kind of mail that is sent. */
export const MAIL_KINDS = [
  ...(['payment_failed', 'grace_extended', 'cancellation', 'trial_refused'] as const),
  ...(['payment_refunded', 'trial_will_end', 'usage_threshold', 'plan_growing'] as const),
  ...(['plan_changes', 'plan_changes_off'] as const),
  ...(['change_settled', 'pack_bought', 'top_up_bought', 'top_up_confirm'] as const),
  ...(['top_up_paused', 'pack_refunded', 'credits_ending', 'overage_cap'] as const),
  ...(['overage_lapsed', 'statement_paid', 'statement_failed'] as const),
  ...(['statement_uncollectible', 'verify_email'] as const),
  ...(['open_account', 'reset_password', 'account_deleted', 'password_changed'] as const),
  ...(['billing_address', 'change_email', 'team_invitation', 'team_owner'] as const),
  ...(['team_left', 'team_deleted', 'seats_taken', 'email_changed'] as const),
] satisfies (keyof Messages['admin']['mails'])[];

export const mailWord = (kind: string, t: Say) =>
  wordOf(kind, MAIL_KINDS, (one) => t(`admin.mails.${one}`));

type Underscored<K extends string> = K extends `${infer A}.${infer B}`
  ? `${A}_${Underscored<B>}`
  : K;

/** What an alert of a kind says; null for what a later version raised. */
export function alertWord(kind: string, t: Say): string | null {
  const known = ALERT_KINDS.find((one) => one === kind);
  return known === undefined
    ? null
    : t(`admin.alertSays.${known.replaceAll('.', '_') as Underscored<AlertKind>}`);
}

/** What is logged of operators beside what they do for tenants. */
const OTHERS = [
  ...(['granted', 'revoked', 'signed_in', 'signed_out', 'viewed'] as const),
  ...(['alert_resolved', 'replay'] as const),
];
const LOGGED = 'operator.';
const PREVIEWED = '.previewed';

/** What an `operator.*` entry of the log says was done; null for what a later version wrote. */
export function operatorActWord(action: string, t: Say): string | null {
  if (!action.startsWith(LOGGED)) return null;
  const name = action.slice(LOGGED.length);
  if (name.endsWith(PREVIEWED)) {
    const act = operatorActWord(action.slice(0, -PREVIEWED.length), t);
    return act && t('admin.did.previewed', { act });
  }
  const act = TENANT_ACTS.find((one) => one === name);
  if (act) return t(`admin.acts.${act}`);
  const other = OTHERS.find((one) => one === name);
  return other ? t(`admin.did.${other}`) : null;
}

const OBJECTS: readonly (readonly [string, keyof Messages['admin']['objects']])[] = [
  ['customer.subscription.', 'subscription'],
  ['subscription_schedule.', 'schedule'],
  ['invoice.', 'invoice'],
  ['charge.dispute.', 'dispute'],
  ['charge.refund', 'refund'],
  ['refund.', 'refund'],
  ['charge.', 'payment'],
  ['payment_intent.', 'payment'],
  ['payment_method.', 'payment'],
  ['checkout.', 'checkout'],
  ['customer.', 'customer'],
];

/** What an event of Stripe's is about: its type stands beside it. */
export const eventWord = (type: string, t: Say) =>
  t(`admin.objects.${OBJECTS.find(([start]) => type.startsWith(start))?.[1] ?? 'other'}`);
