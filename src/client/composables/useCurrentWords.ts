import { computed, type ComputedRef, type Ref } from 'vue';
import type { SubscriptionView } from '../../domain/api.ts';
import { describeCurrent } from '../subscription/current-plan.ts';
import { useLaterWords } from './useLaterWords.ts';
import { usePlans } from './usePlans.ts';
import { useText } from './useText.ts';

/** The line under the plan's name: what happens when, and for how much. */
export function useCurrentWords(
  subscription: Ref<SubscriptionView | undefined>,
): ComputedRef<string> {
  const { t, f } = useText();
  const plans = usePlans();
  const laterWords = useLaterWords();

  const amount = computed(() => {
    const price = plans.findPrice(subscription.value?.priceId);
    return price ? f.value.money(price) : null;
  });

  function describe(current: SubscriptionView): string {
    const label = describeCurrent(current);
    switch (label.kind) {
      case 'free':
        return t('subscription.current.free');
      case 'trial_used':
        return t('subscription.current.trialUsed');
      case 'past_due':
        return t('subscription.current.pastDue');
      case 'renews':
        return amount.value === null
          ? t('subscription.current.renewsOn', { date: f.value.date(label.at) })
          : t('subscription.current.renews', {
              date: f.value.date(label.at),
              amount: amount.value,
            });
      case 'ends':
        return t('subscription.current.ends', { date: f.value.date(label.at) });
      case 'trial':
        return label.thenFree || amount.value === null
          ? t('subscription.current.trialEndsFree', { date: f.value.date(label.at) })
          : t('subscription.current.trialEnds', {
              date: f.value.date(label.at),
              amount: amount.value,
            });
      case 'scheduled':
        return laterWords(current.plan, label.next, current.scheduledChange?.priceId, label.at);
    }
  }

  return computed(() => (subscription.value ? describe(subscription.value) : ''));
}
