import type { LimitsView } from '../../../../domain/billing/spending/limits-view.ts';
import type { CreditService } from '../../usage/credits/credit.service.ts';
import type { LimitsInput as OverageInput } from '../../usage/credits/limits.ts';
import { assertCapAllowed } from './caps.ts';
import type { Requester } from '../requester.ts';
import { readSpendingRule } from './rule-view.ts';
import { setSpendingRule, type RuleDeps, type RuleInput } from './set-rule.ts';
import { setTopUp, type TopUpInput } from './set-top-up.ts';
import { readTopUp } from './top-up-view.ts';
import { beginTopUps, type TopUpDeps } from './begin-top-ups.ts';

/** One of them: each is in another place, and is changed as a whole or not at all. */
export type LimitsInput =
  { overage: OverageInput } | { autoTopUp: TopUpInput } | { rules: RuleInput };

interface LimitsDeps extends TopUpDeps, RuleDeps {
  credits: RuleDeps['credits'] & Pick<CreditService, 'readLimits' | 'setLimits'>;
}

/** What a team may use and spend, and up to where. Who asks was authorised before. */
export class LimitsService {
  readonly #deps: LimitsDeps;

  constructor(deps: LimitsDeps) {
    this.#deps = deps;
  }

  async read(reader: Pick<Requester, 'tenantId' | 'role'>): Promise<LimitsView> {
    const { credits, clock } = this.#deps;
    const now = clock.now();
    const limits = await credits.readLimits(reader.tenantId);
    const autoTopUp = await readTopUp(this.#deps, reader, now);
    const rules = await readSpendingRule(this.#deps, reader.tenantId, limits.overage, now);
    return { ...limits, autoTopUp, rules };
  }

  /** Errors are those of `setLimits`, `assertCapAllowed`, `setTopUp` and `setSpendingRule`. */
  async set(requester: Requester, wish: LimitsInput): Promise<LimitsView> {
    const { credits, clock } = this.#deps;
    if ('overage' in wish) {
      await credits.setLimits(requester, wish.overage, (tx, cap) =>
        assertCapAllowed(this.#deps, tx, requester.tenantId, cap, clock.now()),
      );
    } else if ('autoTopUp' in wish) await setTopUp(this.#deps, requester, wish.autoTopUp);
    else await setSpendingRule(this.#deps, requester, wish.rules);
    return this.read(requester);
  }

  /** Begins a top-up for everybody who has too few credits; answers how many. */
  beginTopUps(signal?: AbortSignal): Promise<number> {
    return beginTopUps(this.#deps, signal);
  }
}
