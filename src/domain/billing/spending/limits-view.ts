import type { OverageLimits } from '../overage.ts';
import type { SpendingRuleView } from './rules.ts';
import type { AutoTopUpView } from './top-up.ts';

/** What a team may use and spend, and up to where. */
export interface LimitsView extends OverageLimits {
  autoTopUp: AutoTopUpView;
  rules: SpendingRuleView;
}
