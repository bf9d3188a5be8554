import { GRANT_ORIGINS, GRANT_STATES, type GrantView } from '../../domain/billing/credits.ts';
import { PURCHASE_STATES } from '../../domain/billing/purchase.ts';
import { STATEMENT_STATES } from '../../domain/billing/statement.ts';
import { PLANS } from '../../domain/plans.ts';
import { wordOf } from '../i18n/closed-list.ts';
import { STATUSES } from './useAuditText.ts';
import { useText } from './useText.ts';

/** Stripe's states of a subscription that are no states of ours. */
const STRIPE_ONLY = ['unpaid', 'incomplete', 'incomplete_expired', 'paused'] as const;
const PAYMENT_STATUSES = ['draft', 'open', 'paid', 'void', 'uncollectible'] as const;
const REFUND_STATUSES = ['pending', 'requires_action', 'succeeded', 'failed', 'canceled'] as const;

/** States and plans in the operator's words; what a later version has beside them stands as it is. */
export function useStateText() {
  const { t } = useText();
  const subscription = (status: string) =>
    STATUSES.some((one) => one === status)
      ? wordOf(status, STATUSES, (one) => t(`team.audit.statuses.${one}`))
      : wordOf(status, STRIPE_ONLY, (one) => t(`admin.statuses.${one}`));
  const purchase = (state: string) =>
    wordOf(state, PURCHASE_STATES, (one) => t(`credits.state.${one}`));
  const statement = (state: string) =>
    wordOf(state, STATEMENT_STATES, (one) => t(`statements.state.${one}`));
  return {
    subscription,
    purchase,
    statement,
    plan: (plan: string) => wordOf(plan, PLANS, (one) => t(`shell.plans.${one}`)),
    payment: (status: string) =>
      wordOf(status, PAYMENT_STATUSES, (one) => t(`payments.status.${one}`)),
    refund: (status: string) => wordOf(status, REFUND_STATUSES, (one) => t(`admin.refunds.${one}`)),
    grant: ({ origin, state }: Pick<GrantView, 'origin' | 'state'>) =>
      t('admin.timeline.origin', {
        origin: wordOf(origin, GRANT_ORIGINS, (one) => t(`credits.origin.${one}`)),
        state: wordOf(state, GRANT_STATES, (one) => t(`admin.grants.${one}`)),
      }),
    /** A state of whatever an act was about: a statement, a purchase or a subscription. */
    any(state: string): string {
      const found = [statement, purchase, subscription].map((say) => say(state));
      return found.find((word) => word !== state) ?? state;
    },
  };
}
