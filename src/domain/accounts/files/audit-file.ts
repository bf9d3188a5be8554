import { auditActionKey } from '../audit-actions.ts';
import { changesOf, isAuditFact, type AuditChange } from '../audit-facts.ts';
import { AUDIT_WORDS } from '../audit-words.ts';
import { MICRO_PER_CREDIT } from '../../billing/credits.ts';
import { decimalAmount, minorDigits } from '../../money.ts';
import { PLAN_TITLES, RESOURCE_NAMES, ROLE_TITLES } from '../../product.ts';
import { wordOf, type FileLanguage, type FileWords } from './file-words.ts';

const WORDS = {
  en: {
    headings: {
      at: 'When (UTC)',
      actor_kind: 'By',
      actor: 'Who',
      action: 'What was done',
      subject: 'About',
      before: 'Before',
      after: 'After',
      cause: 'Why',
      request_id: 'Request',
    },
    actors: {
      user: 'Person',
      api_key: 'API key',
      service: 'Program',
      webhook: 'Stripe',
      system: 'Automatic',
    },
    yesNo: ['yes', 'no'],
    onOff: ['on', 'off'],
    fact: ': ',
    between: '; ',
  },
  zh: {
    headings: {
      at: '时间（UTC）',
      actor_kind: '操作方',
      actor: '操作者',
      action: '操作',
      subject: '对象',
      before: '之前',
      after: '之后',
      cause: '原因',
      request_id: '请求编号',
    },
    actors: {
      user: '成员',
      api_key: 'API 密钥',
      service: '程序',
      webhook: 'Stripe',
      system: '自动',
    },
    yesNo: ['是', '否'],
    onOff: ['已开启', '已关闭'],
    fact: '：',
    between: '；',
  },
} as const;

/** What was done in a team. What was noted of it stands in words, and behind them as it is what has none. */
export function auditWords(language: FileLanguage): FileWords {
  const words = AUDIT_WORDS[language];
  return {
    headings: WORDS[language].headings,
    cells: {
      actor_kind: (cell) => wordOf(WORDS[language].actors, cell),
      action: (cell) => {
        const key = auditActionKey(cell);
        return key === null ? cell : words.actions[key];
      },
      before: (cell, row) => noted(cell, row('after'), language),
      after: (cell, row) => noted(cell, row('before'), language),
    },
  };
}

/** One side of an entry; amounts without a currency have that of the other side. */
function noted(side: string, other: string, language: FileLanguage): string {
  const value = parsed(side);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return side;
  const { fact: colon, between } = WORDS[language];
  const currency = (parsed(other) as { currency?: unknown } | null)?.currency;
  const parts = changesOf({ before: { currency }, after: value }).map((change) => {
    const name = wordOf(
      { ...AUDIT_WORDS[language].facts, ...RESOURCE_NAMES[language] },
      change.fact,
    );
    return `${name}${colon}${valueOf(change, language)}`;
  });
  const rest = Object.entries(value).filter(([name, one]) => !isAuditFact(name) && one !== null);
  if (rest.length > 0) parts.push(JSON.stringify(Object.fromEntries(rest)));
  return parts.join(between);
}

function parsed(cell: string): unknown {
  return cell === '' ? null : (JSON.parse(cell) as unknown);
}

/** Money as a decimal of its currency, instants in UTC: what a spreadsheet reads. */
function valueOf({ kind, after, currency }: AuditChange, language: FileLanguage): string {
  const words = AUDIT_WORDS[language];
  const { yesNo, onOff } = WORDS[language];
  const text = Array.isArray(after) ? after.join(' ') : String(after);
  switch (kind) {
    case 'text':
    case 'number':
    case 'scopes':
    case 'instant':
      return text;
    case 'yesNo':
      return yesNo[after === true ? 0 : 1];
    case 'onOff':
      return onOff[after === true ? 0 : 1];
    case 'role':
      return wordOf(ROLE_TITLES[language], text);
    case 'plan':
      return wordOf(PLAN_TITLES[language], text);
    case 'status':
      return wordOf(words.statuses, text);
    case 'when':
      return wordOf(words.whens, text);
    case 'percents':
      return Array.isArray(after) ? after.map((one) => `${one}%`).join(' ') : text;
    case 'credits':
      return String(Number(after) / MICRO_PER_CREDIT);
    case 'money':
      if (currency === null) return text;
      return `${decimalAmount({ amountMinor: Number(after), currency })} ${currency.toUpperCase()}`;
    case 'price':
      if (currency === null) return text;
      return `${Number(text) / 10 ** minorDigits(currency)} ${currency.toUpperCase()}`;
  }
}
