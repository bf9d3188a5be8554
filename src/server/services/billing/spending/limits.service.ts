import type { LimitsView } from '../../../../domain/billing/spending/limits-view.ts';
import type { CreditService } from '../../usage/credits/credit.service.ts';
import type { LimitsWish as OverageWish } from '../../usage/credits/limits.ts';
import type { BuyingDeps } from '../purchases/begin.ts';
import type { Requester } from '../requester.ts';
import { readSpendingRule } from './rule-view.ts';
import { setSpendingRule, type RuleWish } from './set-rule.ts';

/** One of them: each is in another place, and is changed as a whole or not at all. */
export type LimitsWish = { overage: OverageWish } | { rules: RuleWish };

interface LimitsDeps extends BuyingDeps {
  credits: BuyingDeps['credits'] & Pick<CreditService, 'readLimits' | 'setLimits'>;
}

/** What a team may use and spend, and up to where. Who asks was authorised before. */
export class LimitsService {
  readonly #deps: LimitsDeps;

  constructor(deps: LimitsDeps) {
    this.#deps = deps;
  }

  async read({ tenantId }: Pick<Requester, 'tenantId'>): Promise<LimitsView> {
    const { credits, db, clock } = this.#deps;
    const overage = await credits.readLimits(tenantId);
    return { ...overage, rules: await readSpendingRule(db, tenantId, clock.now()) };
  }

  /** Errors are those of `setLimits` and `setSpendingRule`. */
  async set(requester: Requester, wish: LimitsWish): Promise<LimitsView> {
    if ('overage' in wish) await this.#deps.credits.setLimits(requester, wish.overage);
    else await setSpendingRule(this.#deps, requester, wish.rules);
    return this.read(requester);
  }
}
