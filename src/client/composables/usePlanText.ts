import type { Limit, ResourceType } from '../../domain/quota.ts';
import { useSubscriptionStore } from '../stores/subscription.ts';
import { endsAt } from '../subscription/current-plan.ts';
import type { PlanCard } from '../subscription/plan-card.ts';
import { useText } from './useText.ts';

/** What cards, comparison and paywall say of a plan. */
export function usePlanText() {
  const { t, f } = useText();
  const store = useSubscriptionStore();

  return {
    limit(resource: ResourceType, limit: Limit): string {
      const count = limit === null ? t('plans.unlimited') : f.value.round(limit);
      // Chinese counts in 万: the word that counts follows it without a space.
      return t(`plans.limit.${resource}`, { count }).replace(/([万亿]) (?=[条张次])/, '$1');
    },

    /** The words on the card's button; empty when there is nothing to press. */
    action({ action, plan, price }: PlanCard): string {
      const name = t(`shell.plans.${plan}`);
      const subscription = store.subscription;
      switch (action) {
        case null:
          return '';
        case 'current':
          return t('plans.action.current');
        case 'subscribe':
        case 'upgrade':
        case 'downgrade':
        case 'resume':
        case 'undo':
          return t(`plans.action.${action}`, { plan: name });
        case 'switch_price':
          return t('plans.action.switch_price');
        case 'switch_interval':
          return t('plans.action.switch_interval', {
            interval: t(`plans.interval.${price?.interval ?? 'month'}`),
          });
        case 'scheduled': {
          const at = subscription?.scheduledChange?.effectiveAt;
          return at ? t('plans.action.scheduled', { date: f.value.date(at) }) : name;
        }
        case 'to_free':
          return t('plans.action.toFree');
        case 'after_cancel': {
          const end = subscription ? endsAt(subscription) : null;
          return end ? t('plans.afterCancel', { date: f.value.date(end) }) : name;
        }
      }
    },
  };
}
