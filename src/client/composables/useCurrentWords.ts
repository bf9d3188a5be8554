import { computed, type ComputedRef, type Ref } from 'vue';
import type { SubscriptionView } from '../../domain/api.ts';
import type { Plan } from '../../domain/plans.ts';
import { describeCurrent } from '../subscription/current-plan.ts';
import { useLaterWords } from './useLaterWords.ts';
import { useText } from './useText.ts';

/** The line under the plan's name: what happens when, and for how much. */
export function useCurrentWords(
  subscription: Ref<SubscriptionView | undefined>,
): ComputedRef<string> {
  const { t, f } = useText();
  const laterWords = useLaterWords();

  /** What Stripe will take, never a list price: coupons, balance and seats are in it. */
  const amount = computed(() => {
    const next = subscription.value?.nextInvoice;
    return next ? f.value.money(next) : null;
  });

  function scheduled(current: SubscriptionView, { next, at }: { next: Plan; at: string }): string {
    const words = laterWords(current.plan, next, current.scheduledChange?.priceId, at);
    return amount.value === null
      ? words
      : t('subscription.current.scheduledFor', { words, amount: amount.value });
  }

  function describe(current: SubscriptionView): string {
    const label = describeCurrent(current);
    switch (label.kind) {
      case 'free':
        return t('subscription.current.free');
      case 'trial_used':
        return t('subscription.current.trialUsed');
      case 'ended':
        return t('subscription.current.ended', { date: f.value.date(label.at) });
      case 'paused':
        return t('subscription.current.paused');
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
        return scheduled(current, label);
    }
  }

  return computed(() => (subscription.value ? describe(subscription.value) : ''));
}
