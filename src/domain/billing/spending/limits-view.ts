import type { OverageLimits } from '../overage.ts';
import type { SpendingRuleView } from './rules.ts';

/** What a team may use and spend, and up to where. */
export interface LimitsView extends OverageLimits {
  rules: SpendingRuleView;
}
