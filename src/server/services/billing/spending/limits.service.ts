import type { LimitsView } from '../../../../domain/billing/spending/limits-view.ts';
import type { CreditService } from '../../usage/credits/credit.service.ts';
import type { LimitsWish as OverageWish } from '../../usage/credits/limits.ts';
import type { Requester } from '../requester.ts';
import { readSpendingRule } from './rule-view.ts';
import { setSpendingRule, type RuleWish } from './set-rule.ts';
import { setTopUp, type TopUpWish } from './set-top-up.ts';
import { readTopUp } from './top-up-view.ts';
import { wantTopUps, type TopUpDeps } from './want-top-ups.ts';

/** One of them: each is in another place, and is changed as a whole or not at all. */
export type LimitsWish = { overage: OverageWish } | { autoTopUp: TopUpWish } | { rules: RuleWish };

interface LimitsDeps extends TopUpDeps {
  credits: TopUpDeps['credits'] & Pick<CreditService, 'readLimits' | 'setLimits'>;
}

/** What a team may use and spend, and up to where. Who asks was authorised before. */
export class LimitsService {
  readonly #deps: LimitsDeps;

  constructor(deps: LimitsDeps) {
    this.#deps = deps;
  }

  async read(reader: Pick<Requester, 'tenantId' | 'role'>): Promise<LimitsView> {
    const { credits, db, clock } = this.#deps;
    const now = clock.now();
    const overage = await credits.readLimits(reader.tenantId);
    const autoTopUp = await readTopUp(db, reader, now);
    return { ...overage, autoTopUp, rules: await readSpendingRule(db, reader.tenantId, now) };
  }

  /** Errors are those of `setLimits`, `setTopUp` and `setSpendingRule`. */
  async set(requester: Requester, wish: LimitsWish): Promise<LimitsView> {
    if ('overage' in wish) await this.#deps.credits.setLimits(requester, wish.overage);
    else if ('autoTopUp' in wish) await setTopUp(this.#deps, requester, wish.autoTopUp);
    else await setSpendingRule(this.#deps, requester, wish.rules);
    return this.read(requester);
  }

  /** Begins a top-up for everybody who has too few credits; answers how many. */
  wantTopUps(signal?: AbortSignal): Promise<number> {
    return wantTopUps(this.#deps, signal);
  }
}
