import type { DbOrTx, Tx } from '../../../../db/client.ts';
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
  ruleAt,
  type BrokenRule,
} from '../../../../domain/billing/spending/rules.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { formatMoney } from '../../../../domain/money.ts';

interface Judged {
  tenantId: string;
  amountMinor: number;
  currency: string;
  /** The purchase itself, when it is there already: what it takes is not counted twice. */
  id?: string;
}

/** What a purchase would break, or breaks, of the tenant's rule at `now`. */
export async function judgePurchase(
  db: DbOrTx,
  { tenantId, amountMinor, currency, id }: Judged,
  now: Date,
): Promise<BrokenRule | undefined> {
  const kept = await findSpendingRule(db, tenantId);
  const rule = ruleAt(kept, now);
  if (!kept || rule.currency === null) return undefined;
  const { timeZone } = kept;
  const except = id === undefined ? {} : { except: id };
  const spent = await readSpent(db, {
    ...{ tenantId, currency: rule.currency, timeZone, now, ...except },
  });
  return judgeSpending(rule, spent, { amountMinor, currency });
}

/**
 * Stores a purchase that the tenant's rule allows, and with it takes what it costs from the day and the
 * month, in one transaction: purchases and rules of one tenant come one after the other. 403
 * `spending_rule`.
 */
export async function insertAllowed(
  tx: Tx,
  values: NewCreditPurchase & { tenantId: string },
  now: Date,
): Promise<CreditPurchase> {
  await lockSpending(tx, values.tenantId);
  const { tenantId, amountMinor, currency } = values;
  const broken = await judgePurchase(tx, { tenantId, amountMinor, currency }, now);
  if (broken) throw ruleBroken(broken);
  return insertPurchase(tx, values);
}

/** Has what the tenant can still pay looked at at once: a rule may not allow it any more. */
export async function orderJudgement(tx: Tx, tenantId: string, now: Date): Promise<string[]> {
  const ids = await listToLookAt(tx, tenantId);
  if (ids.length > 0) await orderLook(tx, ids, now);
  return ids;
}

function ruleBroken(broken: BrokenRule): BillingError {
  const { freeAt, ...rest } = broken;
  return new BillingError('spending_rule', sentenceOf(broken), {
    data: { ...rest, freeAt: freeAt?.toISOString() ?? null },
  });
}

function sentenceOf({ rule, currency, maxMinor, spentMinor, freeAt }: BrokenRule): string {
  const money = (amountMinor: number) => formatMoney({ amountMinor, currency }, 'en');
  if (rule === 'currency') {
    return `The team’s spending rule is in ${currency.toUpperCase()}: nothing is bought in another currency while it holds.`;
  }
  const max = money(maxMinor!);
  if (rule === 'single') {
    return `The team’s spending rule allows ${max} a purchase at most. Choose a smaller pack.`;
  }
  const spent = `The team’s spending rule allows ${max} a ${rule}, of which ${money(spentMinor)} are spent or about to be paid.`;
  const then = freeAt
    ? `It is free again from ${freeAt.toISOString()} on.`
    : 'This pack costs more than that.';
  return `${spent} ${then}`;
}
