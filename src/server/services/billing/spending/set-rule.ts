import { inTransaction, type Tx } from '../../../../db/client.ts';
import { repeated } from '../../../../db/repeated.ts';
import { listSoldPacks } from '../../../../db/repositories/billing/credit-pack.repository.ts';
import { lockSpending } from '../../../../db/repositories/billing/lock.repository.ts';
import {
  findSpendingRule,
  writeSpendingRule,
} from '../../../../db/repositories/billing/spending.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { CAP_MINOR_MAX } from '../../../../domain/billing/overage.ts';
import {
  MINORS_MAXIMA,
  NO_RULE,
  ruleAt,
  setRule,
  type SpendingMaxima,
  type SpendingPreset,
  type SpendingRule,
} from '../../../../domain/billing/spending/rules.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { actorOf, type Requester } from '../requester.ts';
import type { CreditService } from '../../usage/credits/credit.service.ts';
import type { BuyingDeps } from '../purchases/begin.ts';
import { currencyOfTenant, usualCurrencyOf } from '../subscription/tenant-currency.ts';
import { orderJudgement } from '../purchases/judge-purchase.ts';
import { boundCap } from './caps.ts';
import { syncPatiently } from './sync-patiently.ts';
import { zoneOf } from './zone-of.ts';

/** What an owner asks for: a preset, or maxima of their own. */
export interface RuleInput extends Partial<SpendingMaxima> {
  preset: SpendingPreset;
  /** What the team is or was billed in, or CNY, unless told. */
  currency?: string;
}

export interface RuleDeps extends BuyingDeps {
  credits: BuyingDeps['credits'] & Pick<CreditService, 'boundOverage'>;
}

/**
 * Sets what the team may spend. What is tighter holds at once, ends what is open and does not fit any more,
 * and lowers the cap of overage; what is looser holds after 24 hours. 403 `team_role_required` for who is no owner,
 * 422 `invalid_rule`.
 */
export async function setSpendingRule(
  deps: RuleDeps,
  requester: Requester,
  wish: RuleInput,
): Promise<void> {
  if (requester.role !== 'owner') {
    throw new BillingError(
      'team_role_required',
      'Only an owner of the team sets what may be spent; ask one of them.',
      { data: { role: requester.role } },
    );
  }
  const { tenantId } = requester;
  const { db, clock } = deps;
  const now = clock.now();
  const usual = await usualCurrencyOf(db, tenantId, now);
  const wanted = ruleOf(wish, wish.currency ?? usual ?? 'cny');
  if (wanted.currency !== null && wanted.currency !== usual) {
    await assertSold(db, tenantId, wanted.currency);
  }
  const touched = await repeated(() =>
    inTransaction(db, async (tx) => {
      await keepRule(deps, tx, requester, wanted, now);
      return orderJudgement(tx, tenantId, now);
    }),
  );
  await syncPatiently(deps, touched);
}

/** A rule in a currency in which nothing can be spent would allow nothing, and could be loosened a day later at the earliest. */
async function assertSold(db: RuleDeps['db'], tenantId: string, currency: string): Promise<void> {
  const bound = await currencyOfTenant(db, tenantId);
  const sold = (await listSoldPacks(db)).flatMap(({ amounts }) => amounts);
  if (bound === null && sold.some((one) => one.currency === currency)) return;
  throw invalid(
    'Nothing is sold to the team in this currency, so that the rule would allow nothing.',
  );
}

/** Writes the rule down, and lowers the cap of overage to what it leaves, in one transaction. */
export async function keepRule(
  deps: Pick<RuleDeps, 'credits'>,
  tx: Tx,
  requester: Requester,
  wanted: SpendingRule,
  now: Date,
): Promise<void> {
  const { tenantId, userId, requestId } = requester;
  await lockSpending(tx, tenantId);
  const before = await findSpendingRule(tx, tenantId);
  const kept = setRule(before, wanted, now);
  const timeZone = before?.timeZone ?? (await zoneOf(tx, tenantId));
  await writeSpendingRule(tx, { tenantId, ...kept, timeZone, setBy: userId, setAt: now });
  await insertAuditEntry(tx, {
    ...{ tenantId, actor: actorOf(requester), now, requestId: requestId ?? null },
    action: 'spending_rule.set',
    before: ruleAt(before, now),
    after: { ...ruleAt(kept, now), next: kept.next, nextAt: kept.nextAt },
  });
  await boundCap(deps, tx, requester, { ...kept, timeZone }, now);
}

/** The rule that is meant. A preset's figures are taken as they are now. */
function ruleOf(wish: RuleInput, currency: string): SpendingRule {
  const { preset } = wish;
  const { singleMaxMinor = null, dayMaxMinor = null, monthMaxMinor = null } = wish;
  const own = { singleMaxMinor, dayMaxMinor, monthMaxMinor };
  const given = Object.values(own).filter((one) => one !== null);
  if (preset === 'none') {
    // Left out unseen, they would seem to hold.
    if (given.length > 0) throw invalid('Without a rule there are no amounts; set your own.');
    return NO_RULE;
  }
  if (preset !== 'own') {
    const maxima = MINORS_MAXIMA[preset]?.[currency];
    if (!maxima) throw invalid('There is no such rule for minors in this currency; set your own.');
    if (given.length > 0) throw invalid('A rule for minors has its own amounts.');
    return { preset, currency, ...maxima };
  }
  const fits = given.every((one) => Number.isInteger(one) && one >= 0 && one <= CAP_MINOR_MAX);
  if (given.length === 0 || !fits) {
    throw invalid(
      `A rule takes at least one whole amount in the smallest unit of the currency, from 0 to ${CAP_MINOR_MAX.toLocaleString('en')}.`,
    );
  }
  return { preset, currency, ...own };
}

const invalid = (sentence: string) =>
  new BillingError('invalid_rule', sentence, { data: { maxMinorMax: CAP_MINOR_MAX } });
