import type { DbOrTx, Tx } from '../../../../db/client.ts';
import { lockSpending } from '../../../../db/repositories/billing/lock.repository.ts';
import {
  findSpendingRule,
  readSpent,
} from '../../../../db/repositories/billing/spending.repository.ts';
import { capLeft, judgeCap } from '../../../../domain/billing/spending/judge.ts';
import { rulesFrom, type KeptRule } from '../../../../domain/billing/spending/rules.ts';
import type { Money } from '../../../../domain/money.ts';
import { periodOf, periodStart } from '../../../../domain/period.ts';
import type { CreditService } from '../../usage/credits/credit.service.ts';
import { ruleBroken } from '../purchases/rule-broken.ts';
import { actorOf, type Requester } from '../requester.ts';

interface CapDeps {
  credits: Pick<CreditService, 'readOverageTaken' | 'boundOverage'>;
}

const MIDDLE_MS = 14 * 24 * 3_600_000;

/**
 * What was spent on packs of the month that a cap of overage is for. Where the zone's month and the one in
 * UTC, of which overage is, have other names right now, the cap is for both: the more counts.
 */
export async function readSpentBeside(
  db: DbOrTx,
  whose: { tenantId: string; currency: string; timeZone: string },
  now: Date,
): Promise<{ spentMinor: number; monthEndsAt: Date }> {
  const { month, monthMinor, monthEndsAt } = await readSpent(db, { ...whose, now });
  const period = periodOf(now);
  if (month === period) return { spentMinor: monthMinor, monthEndsAt };
  const middle = new Date(periodStart(period).getTime() + MIDDLE_MS);
  const other = await readSpent(db, { ...whose, now: middle });
  return { spentMinor: Math.max(monthMinor, other.monthMinor), monthEndsAt };
}

/**
 * Refuses a cap of overage that is more than the team's rules leave of the month, in the transaction that
 * writes it down: caps, purchases and rules of one tenant come one after the other. A cap that is no
 * higher than the one in force is never refused. 403 `spending_rule`.
 */
export async function assertCapAllowed(
  { credits }: CapDeps,
  tx: Tx,
  tenantId: string,
  cap: Money,
  now: Date,
): Promise<void> {
  await lockSpending(tx, tenantId);
  const kept = await findSpendingRule(tx, tenantId);
  const rules = rulesFrom(kept, now);
  if (!kept || rules.length === 0) return;
  const had = await credits.readOverageTaken({ tenantId }, tx);
  if (had.currency === cap.currency && cap.amountMinor <= (had.capMinor ?? 0)) return;
  const whose = { tenantId, currency: cap.currency, timeZone: kept.timeZone };
  const spent = await readSpentBeside(tx, whose, now);
  for (const rule of rules) {
    const broken = judgeCap(rule, spent, cap);
    if (broken) throw ruleBroken(broken, 'cap');
  }
}

/**
 * Lowers the cap in force to what new rules leave of the month, in the transaction that writes them; where
 * they leave nothing, overage is off.
 */
export async function boundCap(
  { credits }: CapDeps,
  tx: Tx,
  requester: Requester,
  rules: KeptRule & { timeZone: string },
  now: Date,
): Promise<void> {
  const { tenantId, requestId = null } = requester;
  const { currency, capMinor } = await credits.readOverageTaken({ tenantId }, tx);
  if (currency === null || capMinor === null) return;
  const whose = { tenantId, currency, timeZone: rules.timeZone };
  const { spentMinor } = await readSpentBeside(tx, whose, now);
  const left = capLeft(rulesFrom(rules, now), spentMinor, currency);
  if (left === null) return;
  await credits.boundOverage(
    { tenantId, requestId, actor: actorOf(requester), capMinor: left },
    tx,
  );
}
