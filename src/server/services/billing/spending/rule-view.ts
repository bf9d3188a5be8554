import type { Db } from '../../../../db/client.ts';
import {
  findSpendingRule,
  readSpent,
} from '../../../../db/repositories/billing/spending.repository.ts';
import { ruleAt, type SpendingRuleView } from '../../../../domain/billing/spending/rules.ts';

/** The rule that holds now, what is spent of it, and what waits. */
export async function readSpendingRule(
  db: Db,
  tenantId: string,
  now: Date,
): Promise<SpendingRuleView> {
  const kept = await findSpendingRule(db, tenantId);
  const rule = ruleAt(kept, now);
  const waits = kept?.next && kept.nextAt && kept.nextAt > now;
  const next = waits ? { ...kept.next!, at: kept.nextAt!.toISOString() } : null;
  if (!kept || rule.currency === null) {
    const nothing = { spentDayMinor: 0, spentMonthMinor: 0, dayEndsAt: null, monthEndsAt: null };
    return { ...rule, ...nothing, timeZone: null, next };
  }
  const { timeZone } = kept;
  const { currency } = rule;
  const spent = await readSpent(db, { tenantId, currency, timeZone, now });
  return {
    ...rule,
    ...{ spentDayMinor: spent.dayMinor, spentMonthMinor: spent.monthMinor },
    ...{ dayEndsAt: spent.dayEndsAt.toISOString(), monthEndsAt: spent.monthEndsAt.toISOString() },
    ...{ timeZone, next },
  };
}
