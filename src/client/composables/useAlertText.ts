import type { AlertView } from '../../domain/accounts/operator-tenant.ts';
import { MICRO_PER_CREDIT } from '../../domain/billing/credits.ts';
import { wordOf } from '../i18n/closed-list.ts';
import type { Messages } from '../i18n/en/index.ts';
import { alertWord } from '../settings/operator-words.ts';
import { useStateText } from './useStateText.ts';
import { useText } from './useText.ts';

export interface AlertText {
  /** What happened, in the reader's words; English where a later version has a kind beyond them. */
  says: string;
  isOriginal: boolean;
  facts: { name: keyof Messages['admin']['alertFacts']; value: string }[];
  /** Of a verification: what differs, each as it is kept. */
  differences: string[];
}

type Details = AlertView['details'];
const WORDS = [
  ...(['pack_of_deleted_team', 'subscription_over', 'team_deleted', 'refund', 'alert'] as const),
  ...(['end_subscription', 'refund_invoice', 'refund_sum'] as const),
  ...(['late_payment', 'duplicate_subscription', 'trial_used'] as const),
] satisfies (keyof Messages['admin']['alertWords'])[];

/** What an alert tells of: its kind in words, and its facts. */
export function useAlertText(): (alert: AlertView) => AlertText {
  const { t, f } = useText();
  const states = useStateText();
  const word = (value: unknown) => wordOf(value, WORDS, (one) => t(`admin.alertWords.${one}`));
  const listed = (value: unknown) => (Array.isArray(value) ? value.join(' ') : String(value));
  const money = (amount: unknown, { currency }: Details) =>
    f.value.money({ amountMinor: Number(amount), currency: String(currency) });

  const FACTS: [AlertText['facts'][number]['name'], key: string, Say][] = [
    ['error', 'error', String],
    ['attempts', 'attempts', (value) => f.value.number(Number(value))],
    ['late', 'late', word],
    ['amount', 'amountMinor', money],
    ['statementAmount', 'wantedMinor', money],
    ['invoiceAmount', 'isMinor', money],
    ['credits', 'shortfallMicro', (value) => f.value.number(Number(value) / MICRO_PER_CREDIT)],
    ['policy', 'policy', word],
    ['remedy', 'remedy', word],
    ['objectId', 'objectId', String],
    ['cause', 'cause', word],
    ['state', 'state', (value) => states.any(String(value))],
    ['status', 'status', String],
    ['price', 'price', String],
    ['invoice', 'invoice', String],
    ['eventId', 'eventId', String],
    ['subscriptions', 'subscriptions', listed],
    ['ending', 'ending', listed],
    ['tenantId', 'tenantId', String],
    ['wanted', 'wanted', String],
  ];
  type Say = (value: unknown, details: Details) => string;

  return ({ kind, message, details }) => {
    const says = alertWord(kind, t);
    const { differences } = details;
    return {
      says: says ?? message,
      isOriginal: says === null,
      facts: FACTS.flatMap(([name, key, say]) => {
        const value = details[key];
        if (value === undefined || value === null || (Array.isArray(value) && !value.length))
          return [];
        return [{ name, value: say(value, details) }];
      }),
      differences: Array.isArray(differences) ? differences.map((one) => JSON.stringify(one)) : [],
    };
  };
}
