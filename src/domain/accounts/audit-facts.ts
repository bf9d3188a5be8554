/** How what was noted of something is read, by the name that the log has for it. */
const SHAPES = {
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

export type AuditFact = keyof typeof SHAPES;
/** Whether it has words. */
export function isAuditFact(name: string): boolean {
  return Object.hasOwn(SHAPES, name) || name === 'currency';
}

export type AuditShape = (typeof SHAPES)[AuditFact];

/** One thing that was noted: as it was, as it is, or both. */
export interface AuditChange {
  fact: AuditFact;
  shape: AuditShape;
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
  for (const [fact, shape] of Object.entries(SHAPES) as [AuditFact, AuditShape][]) {
    const [was, is] = [before[fact], after[fact]];
    if (isNothing(was) && isNothing(is)) continue;
    if (JSON.stringify(was) === JSON.stringify(is)) continue;
    found.push({ fact, shape, before: was, after: is, currency: (currency as string) ?? null });
  }
  return found;
}

const isNothing = (value: unknown) => value === undefined || value === null;

function notedOf(value: unknown): Noted {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Noted)
    : {};
}
