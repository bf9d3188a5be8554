import {
  findSpendingRule,
  readSpent,
} from '../../../../db/repositories/billing/spending.repository.ts';
import type { OverageView } from '../../../../domain/billing/overage.ts';
import { capLeft } from '../../../../domain/billing/spending/judge.ts';
import {
  ruleAt,
  rulesFrom,
  type SpendingRuleView,
} from '../../../../domain/billing/spending/rules.ts';
import type { JudgeDeps } from '../purchases/judge-purchase.ts';
import { readTaken } from '../purchases/overage-taken.ts';
import { readSpentBeside } from './caps.ts';

const NOTHING = {
  ...{ spentDayMinor: 0, spentMonthMinor: 0, overageMonthMinor: 0, leftMonthMinor: null },
  ...{ capMaxMinor: null, dayEndsAt: null, monthEndsAt: null, timeZone: null },
};

/** The rule that holds now, what is spent of it and left, and what waits. */
export async function readSpendingRule(
  deps: JudgeDeps,
  tenantId: string,
  { price, currency: agreed }: Pick<OverageView, 'price' | 'currency'>,
  now: Date,
): Promise<SpendingRuleView> {
  const { db } = deps;
  const kept = await findSpendingRule(db, tenantId);
  const rule = ruleAt(kept, now);
  const waits = kept?.next && kept.nextAt && kept.nextAt > now;
  const next = waits ? { ...kept.next!, at: kept.nextAt!.toISOString() } : null;
  if (!kept || rule.currency === null) return { ...rule, ...NOTHING, next };
  const { timeZone } = kept;
  const { currency, monthMaxMinor } = rule;
  const spent = await readSpent(db, { tenantId, currency, timeZone, now });
  const taken = await readTaken(deps, { tenantId, currency, month: spent.month }, now);
  const capCurrency = price?.currency ?? agreed ?? currency;
  const whose = { tenantId, currency: capCurrency, timeZone };
  const { spentMinor } = await readSpentBeside(db, whose, now);
  return {
    ...rule,
    ...{ spentDayMinor: spent.dayMinor, spentMonthMinor: spent.monthMinor },
    overageMonthMinor: taken.monthMinor,
    leftMonthMinor:
      monthMaxMinor === null
        ? null
        : Math.max(0, monthMaxMinor - spent.monthMinor - taken.monthMinor),
    capMaxMinor: capLeft(rulesFrom(kept, now), spentMinor, capCurrency),
    ...{ dayEndsAt: spent.dayEndsAt.toISOString(), monthEndsAt: spent.monthEndsAt.toISOString() },
    ...{ timeZone, next },
  };
}
