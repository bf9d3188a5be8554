import type { Plan } from '../../domain/plans.ts';
import { usePlans } from './usePlans.ts';
import { useText } from './useText.ts';

/**
 * What follows what, and when: of two plans, or of two intervals of one. `at` is ISO 8601. Empty while
 * it is not known of which interval the next price is.
 */
export function useScheduledChangeText(): (
  current: Plan,
  next: Plan,
  nextPriceId: string | undefined,
  at: string,
) => string {
  const { t, f } = useText();
  const plans = usePlans();
  return (current, next, nextPriceId, at) => {
    const plan = t(`shell.plans.${current}`);
    const date = f.value.date(at);
    if (current === next && plans.isPending.value) return '';
    const interval = plans.findPrice(nextPriceId)?.interval;
    if (current !== next || interval === undefined) {
      return t('subscription.current.scheduled', { plan, date, next: t(`shell.plans.${next}`) });
    }
    return interval === 'month'
      ? t('subscription.current.scheduledMonthly', { plan, date })
      : t('subscription.current.scheduledYearly', { plan, date });
  };
}
