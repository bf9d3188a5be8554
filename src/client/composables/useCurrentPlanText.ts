import { computed, type ComputedRef, type Ref } from 'vue';
import type { SubscriptionView } from '../../domain/api.ts';
import type { Plan } from '../../domain/plans.ts';
import { describeCurrent } from '../subscription/current-plan.ts';
import { useScheduledChangeText } from './useScheduledChangeText.ts';
import { useText } from './useText.ts';

/** The line under the plan's name: what happens when, and for how much. */
export function useCurrentPlanText(
  subscription: Ref<SubscriptionView | undefined>,
): ComputedRef<string> {
  const { t, f } = useText();
  const scheduledChangeText = useScheduledChangeText();

  /**
   * What Stripe will take then, never a list price: coupons, balance and seats are in it. Nothing
   * where an invoice comes before, for an add-on that is charged more often than the plan.
   */
  function amountOn(at: string): string | null {
    const next = subscription.value?.nextInvoice;
    return next?.at === at ? f.value.money(next) : null;
  }

  function scheduled(current: SubscriptionView, { next, at }: { next: Plan; at: string }): string {
    const words = scheduledChangeText(current.plan, next, current.scheduledChange?.priceId, at);
    const amount = amountOn(at);
    return amount === null || words === ''
      ? words
      : t('subscription.current.scheduledFor', { words, amount });
  }

  function renews(at: string): string {
    const [date, amount] = [f.value.date(at), amountOn(at)];
    return amount === null
      ? t('subscription.current.renewsOn', { date })
      : t('subscription.current.renews', { date, amount });
  }

  function trial({ at, thenFree }: { at: string; thenFree: boolean }): string {
    const [date, amount] = [f.value.date(at), amountOn(at)];
    if (thenFree) return t('subscription.current.trialEndsFree', { date });
    return amount === null
      ? t('subscription.current.trialUntil', { date })
      : t('subscription.current.trialEnds', { date, amount });
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
        return renews(label.at);
      case 'ends':
        return t('subscription.current.ends', { date: f.value.date(label.at) });
      case 'trial':
        return trial(label);
      case 'scheduled':
        return scheduled(current, label);
    }
  }

  return computed(() => (subscription.value ? describe(subscription.value) : ''));
}
