/**
 * What a team may spend at most, by a rule of its own or for an age: on packs at once and a day, on packs and
 * overage a month. Minor units; null: without end.
 */
export interface SpendingMaxima {
  singleMaxMinor: number | null;
  dayMaxMinor: number | null;
  monthMaxMinor: number | null;
}

export const SPENDING_PRESETS = [
  'none',
  'own',
  'minor_under_8',
  'minor_8_15',
  'minor_16_17',
] as const;
export type SpendingPreset = (typeof SPENDING_PRESETS)[number];

/** A rule is of one currency: while it holds, nothing is bought in another. `none` has no currency. */
export interface SpendingRule extends SpendingMaxima {
  preset: SpendingPreset;
  currency: string | null;
}

export const NO_RULE: SpendingRule = {
  ...{ preset: 'none', currency: null },
  ...{ singleMaxMinor: null, dayMaxMinor: null, monthMaxMinor: null },
};

const maxima = (single: number, month: number): SpendingMaxima => ({
  ...{ singleMaxMinor: single, dayMaxMinor: null, monthMaxMinor: month },
});

/**
 * What minors may spend, by age and currency. Source: National Press and Publication Administration,
 * "Notice on Preventing Minors from Becoming Addicted to Online Games" (2019), rule 3: under 8 nothing,
 * from 8 to under 16 ¥50 at once and ¥200 a month, from 16 to under 18 ¥100 and ¥400. Dollars are about
 * the same, rounded down. What a team has set keeps its figures when these change.
 */
export const MINORS_MAXIMA: Record<string, Record<string, SpendingMaxima>> = {
  minor_under_8: { cny: maxima(0, 0), usd: maxima(0, 0) },
  minor_8_15: { cny: maxima(5_000, 20_000), usd: maxima(700, 2_800) },
  minor_16_17: { cny: maxima(10_000, 40_000), usd: maxima(1_400, 5_600) },
};

/** A looser rule waits so long, so that who is kept from buying does not loosen it in passing. */
export const LOOSENING_MS = 24 * 3_600_000;

/** The rule that a team has, and a looser one that waits. */
export interface KeptRule extends SpendingRule {
  next: SpendingRule | null;
  nextAt: Date | null;
}

/** The rules that what is agreed to for good has to fit: the one that holds, and the one that waits. */
export function rulesFrom(kept: KeptRule | undefined, now: Date): SpendingRule[] {
  const holds = ruleAt(kept, now);
  const waits = kept?.next && kept.nextAt && kept.nextAt > now;
  return (waits ? [holds, kept.next!] : [holds]).filter(bounded);
}

/** Which rule holds at an instant. */
export function ruleAt(kept: KeptRule | undefined, now: Date): SpendingRule {
  if (!kept) return NO_RULE;
  if (kept.next && kept.nextAt && kept.nextAt <= now) return kept.next;
  const { preset, currency, singleMaxMinor, dayMaxMinor, monthMaxMinor } = kept;
  return { preset, currency, singleMaxMinor, dayMaxMinor, monthMaxMinor };
}

const KINDS = ['singleMaxMinor', 'dayMaxMinor', 'monthMaxMinor'] as const;

/** Whether it limits anything. */
export const bounded = (rule: SpendingMaxima) => KINDS.some((kind) => rule[kind] !== null);

const isSame = (a: SpendingRule, b: SpendingRule) =>
  a.currency === b.currency && KINDS.every((kind) => a[kind] === b[kind]);

/** The tighter of both in each respect; of rules in different currencies the one that holds. */
function tighter(holds: SpendingRule, wanted: SpendingRule): SpendingRule {
  if (!bounded(wanted) || wanted.currency !== holds.currency) return holds;
  const least = (a: number | null, b: number | null) =>
    a === null ? b : b === null ? a : Math.min(a, b);
  const both: SpendingRule = { ...NO_RULE, preset: 'own', currency: holds.currency };
  for (const kind of KINDS) both[kind] = least(holds[kind], wanted[kind]);
  return { ...both, preset: isSame(both, holds) ? holds.preset : 'own' };
}

/**
 * What is kept when a team wants another rule: what is tighter holds at once, what is looser after 24
 * hours. Asking again for what waits does not make it wait longer.
 */
export function setRule(kept: KeptRule | undefined, wanted: SpendingRule, now: Date): KeptRule {
  const holds = ruleAt(kept, now);
  const atOnce = bounded(holds) ? tighter(holds, wanted) : wanted;
  if (isSame(atOnce, wanted)) return { ...wanted, next: null, nextAt: null };
  const waits = kept?.next && kept.nextAt && kept.nextAt > now && isSame(kept.next, wanted);
  const nextAt = waits ? kept.nextAt : new Date(now.getTime() + LOOSENING_MS);
  return { ...atOnce, next: wanted, nextAt };
}

/** The rule as people see it; instants are ISO 8601. */
export interface SpendingRuleView extends SpendingRule {
  /** On packs. */
  spentDayMinor: number;
  spentMonthMinor: number;
  /** What overage takes of the month: its whole cap. */
  overageMonthMinor: number;
  /** What the month has left; null without a maximum a month. */
  leftMonthMinor: number | null;
  /** The highest cap of overage that can be agreed to now; null where no rule limits it. */
  capMaxMinor: number | null;
  /** When the day and the month of the rule's zone are over; null without a rule. */
  dayEndsAt: string | null;
  monthEndsAt: string | null;
  timeZone: string | null;
  /** The looser one that was asked for, and from when on it holds. */
  next: (SpendingRule & { at: string }) | null;
}
