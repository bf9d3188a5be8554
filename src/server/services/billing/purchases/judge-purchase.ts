import type { Db, Tx } from '../../../../db/client.ts';
import {
  insertPurchase,
  listToLookAt,
  orderLook,
} from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { lockSpending } from '../../../../db/repositories/billing/lock.repository.ts';
import {
  findSpendingRule,
  readSpent,
} from '../../../../db/repositories/billing/spending.repository.ts';
import type { CreditPurchase, NewCreditPurchase } from '../../../../db/schema/index.ts';
import {
  judgeSpending,
  NO_OVERAGE,
  type BrokenRule,
} from '../../../../domain/billing/spending/judge.ts';
import { ruleAt } from '../../../../domain/billing/spending/rules.ts';
import { readTaken, type TakenDeps } from './overage-taken.ts';
import { ruleBroken } from './rule-broken.ts';

/** What a purchase is judged with. */
export interface JudgeDeps extends TakenDeps {
  db: Db;
}

interface Judged {
  tenantId: string;
  amountMinor: number;
  currency: string;
  /** The purchase itself, when it is there already: what it takes is not counted twice. */
  id?: string;
}

/**
 * What a purchase would break, or breaks, of the tenant's rule at `now`. Overage takes its whole cap of the
 * month.
 */
export async function judgePurchase(
  deps: JudgeDeps,
  { tenantId, amountMinor, currency, id }: Judged,
  now: Date,
  within?: Tx,
): Promise<BrokenRule | undefined> {
  const db = within ?? deps.db;
  const kept = await findSpendingRule(db, tenantId);
  const rule = ruleAt(kept, now);
  if (!kept || rule.currency === null) return undefined;
  const { timeZone } = kept;
  const except = id === undefined ? {} : { except: id };
  const spent = await readSpent(db, {
    ...{ tenantId, currency: rule.currency, timeZone, now, ...except },
  });
  const month = { tenantId, currency: rule.currency, month: spent.month };
  const overage =
    rule.monthMaxMinor === null ? NO_OVERAGE : await readTaken(deps, month, now, within);
  return judgeSpending(rule, spent, { amountMinor, currency }, overage);
}

/**
 * Stores a purchase that the tenant's rule allows, and with it takes what it costs from the day and the
 * month, in one transaction: purchases, rules
 * and caps of one tenant come one after the other. 403
 * `spending_rule`.
 */
export async function insertAllowed(
  deps: JudgeDeps,
  tx: Tx,
  values: NewCreditPurchase & { tenantId: string },
  now: Date,
): Promise<CreditPurchase> {
  await lockSpending(tx, values.tenantId);
  const { tenantId, amountMinor, currency } = values;
  const broken = await judgePurchase(deps, { tenantId, amountMinor, currency }, now, tx);
  if (broken) throw ruleBroken(broken, 'purchase');
  return insertPurchase(tx, values);
}

/** Has what the tenant can still pay looked at at once: a rule may not allow it any more. */
export async function orderJudgement(tx: Tx, tenantId: string, now: Date): Promise<string[]> {
  const ids = await listToLookAt(tx, tenantId);
  if (ids.length > 0) await orderLook(tx, ids, now);
  return ids;
}
