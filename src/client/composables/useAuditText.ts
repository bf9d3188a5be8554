import type { AuditEntryView } from '../../domain/api.ts';
import { API_KEY_SCOPES, type ApiKeyScope } from '../../domain/api-keys.ts';
import { MICRO_PER_CREDIT } from '../../domain/billing/credits.ts';
import { ROLES, type Role } from '../../domain/ids.ts';
import { formatUnitPrice } from '../../domain/money.ts';
import { PLANS, type Plan } from '../../domain/plans.ts';
import { RESOURCE_TYPES, type ResourceType } from '../../domain/quota.ts';
import { wordOf } from '../i18n/closed-list.ts';
import { SCOPE_WORDS } from '../settings/api-key-form.ts';
import { changesOf, type AuditChange, type AuditFact } from '../../domain/accounts/audit-facts.ts';
import { useText } from './useText.ts';

export const STATUSES = ['active', 'trialing', 'past_due', 'canceled'] as const;
const WHENS = ['now', 'period_end'] as const;

/** What an entry of the log noted, in the reader's words. */
export function useAuditText(): (entry: Pick<AuditEntryView, 'before' | 'after'>) => string {
  const { t, f, language } = useText();

  function valueOf({ kind, currency }: AuditChange, value: unknown): string {
    if (value === undefined || value === null) return t('team.audit.none_noted');
    switch (kind) {
      case 'text':
        return String(value);
      case 'number':
        return f.value.number(Number(value));
      case 'yesNo':
        return t(value === true ? 'team.audit.yes' : 'team.audit.no');
      case 'onOff':
        return t(value === true ? 'team.audit.on' : 'team.audit.off');
      case 'role':
        return wordOf<Role>(value, ROLES, (one) => t(`settings.account.roles.${one}`));
      case 'plan':
        return wordOf<Plan>(value, PLANS, (one) => t(`shell.plans.${one}`));
      case 'status':
        return wordOf(value, STATUSES, (one) => t(`team.audit.statuses.${one}`));
      case 'when':
        return wordOf(value, WHENS, (one) => t(`team.audit.whens.${one}`));
      case 'scopes':
        return f.value.list(
          listOf(value).map((scope) =>
            wordOf<ApiKeyScope>(scope, API_KEY_SCOPES, (one) => t(SCOPE_WORDS[one])),
          ),
        );
      case 'percents':
        return f.value.list(listOf(value).map((one) => f.value.percent(Number(one))));
      case 'instant':
        return f.value.moment(String(value));
      case 'credits':
        return f.value.number(Number(value) / MICRO_PER_CREDIT);
      case 'money':
        return currency === null
          ? String(value)
          : f.value.money({ amountMinor: Number(value), currency });
      case 'price':
        return currency === null
          ? String(value)
          : formatUnitPrice(String(value), currency, language.value);
    }
  }

  function nameOf(fact: AuditFact): string {
    return isResource(fact) ? t(`shell.resources.${fact}`) : t(`team.audit.facts.${fact}`);
  }

  function say(change: AuditChange): string {
    const { before, after, fact } = change;
    const sides = [before, after].filter((side) => side !== undefined);
    const values = sides.map((side) => valueOf(change, side)).join(' → ');
    return t('team.audit.fact', { name: nameOf(fact), values });
  }

  return (entry) => changesOf(entry).map(say).join(t('team.audit.between'));
}

const isResource = (fact: AuditFact): fact is ResourceType =>
  (RESOURCE_TYPES as readonly string[]).includes(fact);

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
