import type { TenantAct } from '../../domain/accounts/operator-act.ts';
import type { TenantScreen } from '../../domain/accounts/operator-tenant.ts';
import type { PlansView } from '../../domain/api.ts';
import { minorOfDecimal } from '../../domain/money.ts';
import type { Messages } from '../i18n/en/index.ts';

type TenantMoney = Pick<
  TenantScreen,
  'payments' | 'purchases' | 'statements' | 'subscriptions' | 'credits'
>;

type FieldName = keyof Messages['admin']['fields'];
type ChoiceName = keyof Messages['admin']['choices'];

/**
 * One thing that an act is told; `number` ones are sent as numbers, `money` is written as a decimal sum
 * (`29.50`) and sent in minor units, empty ones that may be are not sent at all.
 */
export interface ActField {
  name: FieldName;
  kind: 'text' | 'number' | 'money' | 'choice';
  choices?: readonly ChoiceName[];
  /** What an empty field is sent as; without it something must be written. */
  empty?: 'left_out' | null;
}

const RESOURCES = ['llm_tokens', 'messages', 'images', 'api_calls'] as const;
const ref: ActField = { name: 'ref', kind: 'text' };

/** What each act is told besides the reason. */
export const ACT_FORMS: Record<TenantAct, readonly ActField[]> = {
  sync: [],
  grant_credits: [{ name: 'credits', kind: 'number' }, { name: 'days', kind: 'number' }, ref],
  revoke_credits: [
    { name: 'grantId', kind: 'text' },
    { name: 'credits', kind: 'number', empty: 'left_out' },
    ref,
  ],
  correct_usage: [
    { name: 'resourceType', kind: 'choice', choices: RESOURCES },
    { name: 'amount', kind: 'number', empty: null },
    { name: 'period', kind: 'text', empty: 'left_out' },
  ],
  reverse_usage: [
    { name: 'row', kind: 'text' },
    { name: 'extendTo', kind: 'text', empty: 'left_out' },
  ],
  add_allowance: [
    { name: 'resourceType', kind: 'choice', choices: RESOURCES },
    { name: 'units', kind: 'number' },
    { name: 'kind', kind: 'choice', choices: ['goodwill', 'promotion', 'override'] },
    { name: 'period', kind: 'text', empty: 'left_out' },
    ref,
  ],
  trust_overage: [{ name: 'exposureMinor', kind: 'money', empty: null }],
  end_subscription: [{ name: 'when', kind: 'choice', choices: ['period_end', 'now'] }],
  extend_grace: [{ name: 'until', kind: 'text' }],
  refund_invoice: [
    { name: 'invoice', kind: 'text' },
    { name: 'amountMinor', kind: 'money', empty: 'left_out' },
    ref,
  ],
  refund_purchase: [
    { name: 'purchaseId', kind: 'text' },
    { name: 'amountMinor', kind: 'money', empty: 'left_out' },
  ],
  operate_statement: [
    { name: 'statementId', kind: 'text' },
    { name: 'verb', kind: 'choice', choices: ['hold', 'release', 'write-off'] },
  ],
  resend_mail: [{ name: 'mailId', kind: 'text' }],
  hide_character: [
    { name: 'characterId', kind: 'text' },
    { name: 'verb', kind: 'choice', choices: ['hide', 'show'] },
  ],
  delete_tenant: [{ name: 'confirm', kind: 'text' }],
};

export type ActForm = Record<string, string>;

/** A form to begin with: what is known already, the first of choices, nothing. */
export function beginForm(act: TenantAct, known: ActForm): ActForm {
  return Object.fromEntries(
    ACT_FORMS[act].map(({ name, choices }) => [name, known[name] ?? choices?.[0] ?? '']),
  );
}

/** What is sent of a form; sums are of `currency`. What is no number, or a sum without one, goes as it is, to be refused by name. */
export function wishOf(
  act: TenantAct,
  form: ActForm,
  currency: string | undefined,
): Record<string, string | number | boolean | null> {
  const sent: Record<string, string | number | boolean | null> = {};
  for (const { name, kind, empty } of ACT_FORMS[act]) {
    const written = (form[name] ?? '').trim();
    if (written === '' && empty === 'left_out') continue;
    if (written === '' && empty === null) sent[name] = null;
    else sent[name] = valueOf(kind, written, currency);
  }
  return sent;
}

function valueOf(
  kind: ActField['kind'],
  written: string,
  currency: string | undefined,
): string | number {
  if (kind !== 'number' && kind !== 'money') return written;
  if (kind === 'money' && currency === undefined) return written;
  const value = kind === 'money' ? minorOfDecimal(written, currency!) : Number(written);
  // NaN would be sent as null, which some acts read as "all of it".
  return Number.isFinite(value) ? value : written;
}

/** The fields that an answer found wrong, in the order of the form, the reason last; empty where it names none. */
export function faultyFields(
  act: TenantAct,
  { code, details }: { code: string; details: Record<string, unknown> },
): (FieldName | 'reason')[] {
  const named = new Set(code === 'invalid_period' ? ['period'] : []);
  const issues = Array.isArray(details['issues']) ? (details['issues'] as unknown[]) : [];
  for (const issue of issues) {
    const { path } = (issue ?? {}) as { path?: unknown };
    if (typeof path === 'string') named.add(path);
  }
  const fields = [...ACT_FORMS[act].map(({ name }) => name), 'reason' as const];
  return fields.filter((name) => named.has(name));
}

/**
 * In what a sum for an act is written: as the invoice or purchase that the form names, or as overage was agreed
 * to; else as the tenant pays, or would by the price list. Undefined while none of that is known.
 */
export function currencyOf(
  act: TenantAct,
  form: ActForm,
  money: TenantMoney,
  priceList: PlansView | undefined,
): string | undefined {
  const invoice = (form['invoice'] ?? '').trim();
  const purchase = (form['purchaseId'] ?? '').trim();
  const overage = money.credits?.overage.currency ?? undefined;
  if (act === 'trust_overage' && overage) return overage;
  const named =
    money.payments.find(({ number }) => number !== null && number === invoice) ??
    money.purchases.find(({ id }) => id === purchase);
  const [any] = [
    ...(named ? [named] : []),
    ...[...money.statements, ...money.payments, ...money.purchases],
    ...money.subscriptions.flatMap(({ nextInvoice }) => nextInvoice ?? []),
  ];
  const offered = priceList?.plans.flatMap(({ prices }) => prices)[0];
  return any?.currency ?? overage ?? offered?.currency;
}
