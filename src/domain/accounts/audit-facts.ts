/** Of what kind each fact in the audit log is, by its name there; a reader of the log formats it by its kind. */
const KINDS = {
  name: 'text',
  email: 'text',
  role: 'role',
  hasSeat: 'yesNo',
  apiKeys: 'number',
  scopes: 'scopes',
  plan: 'plan',
  status: 'status',
  cancelAt: 'instant',
  endedAt: 'instant',
  scheduledAt: 'instant',
  when: 'when',
  comment: 'text',
  enabled: 'onOff',
  capMinor: 'money',
  exposureMinor: 'money',
  minorPerCredit: 'price',
  alerts: 'percents',
  singleMaxMinor: 'money',
  dayMaxMinor: 'money',
  monthMaxMinor: 'money',
  nextAt: 'instant',
  amountMinor: 'money',
  amountMicro: 'credits',
  revokedMicro: 'credits',
  expiresAt: 'instant',
  used: 'number',
  llm_tokens: 'number',
  messages: 'number',
  images: 'number',
  api_calls: 'number',
} as const;

export type AuditFact = keyof typeof KINDS;
/** Whether it has words. */
export function isAuditFact(name: string): boolean {
  return Object.hasOwn(KINDS, name) || name === 'currency';
}

export type AuditFactKind = (typeof KINDS)[AuditFact];

/** One thing that was noted: as it was, as it is, or both. */
export interface AuditChange {
  fact: AuditFact;
  kind: AuditFactKind;
  /** `undefined` where nothing was noted of it; null for none. */
  before: unknown;
  after: unknown;
  /** Of amounts. */
  currency: string | null;
}

type Noted = Record<string, unknown>;

/**
 * What an entry tells a reader, in one order: what stayed the same is left out, and so is what has no
 * words (ids, the names of things at Stripe), which the file has.
 */
export function changesOf(entry: { before: unknown; after: unknown }): AuditChange[] {
  const [before, after] = [notedOf(entry.before), notedOf(entry.after)];
  const currency = [after['currency'], before['currency']].find((one) => typeof one === 'string');
  const found: AuditChange[] = [];
  for (const [fact, kind] of Object.entries(KINDS) as [AuditFact, AuditFactKind][]) {
    const [was, is] = [before[fact], after[fact]];
    if (isNothing(was) && isNothing(is)) continue;
    if (JSON.stringify(was) === JSON.stringify(is)) continue;
    found.push({ fact, kind, before: was, after: is, currency: (currency as string) ?? null });
  }
  return found;
}

const isNothing = (value: unknown) => value === undefined || value === null;

function notedOf(value: unknown): Noted {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Noted)
    : {};
}
