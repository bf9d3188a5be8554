import { useQuery, useQueryCache } from '@pinia/colada';
import { defineStore } from 'pinia';
import { computed } from 'vue';
import type {
  SubscriptionChanged,
  SubscriptionOverview,
  SubscriptionView,
  UpgradeResult,
  UsageStats,
} from '../../domain/api.ts';
import { planHasFeature, type Feature } from '../../domain/plans.ts';
import type { ResourceType, ResourceUsage } from '../../domain/quota.ts';
import { toProblem } from '../services/api-problem.ts';
import * as api from '../services/subscription.api.ts';
import { changeSeen, isCancelSeen, isResumeSeen } from '../subscription/change-seen.ts';
import { useSessionStore } from './session.ts';

/** The same month counted against other limits. */
function hasOtherLimits(before: UsageStats, after: UsageStats): boolean {
  return after.resources.some(
    ({ resourceType, limit }) =>
      before.resources.find((one) => one.resourceType === resourceType)?.limit !== limit,
  );
}

const WEBHOOKS_TAKE_MS = 3_000;

/** The tenant's subscription and usage: one fetch for the banner, the gates and the page. */
export const useSubscriptionStore = defineStore('subscription', () => {
  const session = useSessionStore();
  const queryCache = useQueryCache();
  const key = computed(() => ['tenant', session.user?.id ?? '', 'subscription']);
  const query = useQuery<SubscriptionOverview>({
    key: () => key.value,
    query: ({ signal }) => api.getSubscription(signal),
    enabled: () => session.isSignedIn,
    staleTime: 30_000,
  });

  const overview = computed(() => (session.isSignedIn ? query.data.value : undefined));
  const subscription = computed(() => overview.value?.subscription);
  const usage = computed(() => overview.value?.usage);

  function patch(part: Partial<SubscriptionOverview>): void {
    if (!overview.value) return;
    queryCache.setQueryData(key.value, { ...overview.value, ...part });
  }

  /** Reads everything anew after a change; invoices once more when their webhooks have had time. */
  async function refreshAfterChange(): Promise<void> {
    const payments = { key: ['tenant', session.user?.id ?? '', 'payments'] };
    void queryCache.invalidateQueries(payments);
    setTimeout(() => void queryCache.invalidateQueries(payments), WEBHOOKS_TAKE_MS);
    await query.refetch();
  }

  /** What a write answered, at once; and the rest (actions, features, usage) freshly read. */
  async function settle(changed: SubscriptionView): Promise<void> {
    patch({ subscription: changed });
    await refreshAfterChange();
  }

  /** Has the server look at Stripe, and shows what is so; where that fails, what the server knows. */
  async function lookAgain(): Promise<void> {
    await api.syncSubscription().catch(() => undefined);
    await refreshAfterChange();
  }

  /**
   * A write that failed has told that our picture is old: it is read anew. One that has left open
   * what it did ends when the page shows what is so: well, where `seen` finds it made.
   */
  async function orReadAnew<T>(write: Promise<T>, seen?: () => T | null): Promise<T> {
    try {
      return await write;
    } catch (thrown) {
      const { code } = toProblem(thrown);
      if (code === 'unknown' || code === 'outcome_unknown') {
        await lookAgain();
        const made = seen?.() ?? null;
        if (made !== null) return made;
      } else void query.refetch();
      throw thrown;
    }
  }

  function whenSeen(isSeen: typeof isCancelSeen): SubscriptionChanged | null {
    const found = subscription.value;
    return found && isSeen(found) ? { success: true, subscription: found } : null;
  }

  return {
    overview,
    subscription,
    usage,
    actions: computed(() => overview.value?.actions),
    canManageBilling: computed(() => overview.value?.canManageBilling ?? session.mayManageBilling),
    /** Null while nothing was read yet; the last good answer stays when a later read fails. */
    error: computed(() => query.error.value),
    isPending: computed(() => query.isPending.value),
    isLoading: computed(() => query.isLoading.value),

    /** `undefined` while it is not known: the server decides then. */
    hasFeature(feature: Feature): boolean | undefined {
      const features = overview.value?.features;
      if (!features || !subscription.value) return undefined;
      return planHasFeature({ features }, feature);
    },

    resource(type: ResourceType): ResourceUsage | undefined {
      return usage.value?.resources.find(({ resourceType }) => resourceType === type);
    },

    async fetchSubscription(): Promise<SubscriptionOverview | undefined> {
      const { data } = await query.refetch();
      return data;
    },

    /** A fresher count, from the live stream or from a gate's answer. */
    receiveUsage(fresh: UsageStats): void {
      const before = usage.value;
      patch({ usage: fresh });
      // Other limits are another plan: it is shown everywhere at once, not only in the figures.
      if (before && hasOtherLimits(before, fresh)) void refreshAfterChange();
    },

    /** The address of the payment page; the caller goes there. Throws an `ApiProblem`. */
    async checkout(priceId: string): Promise<string> {
      return (await orReadAnew(api.createCheckout(priceId))).checkoutUrl;
    },

    async openPortal(): Promise<string> {
      return (await api.createPortal()).portalUrl;
    },

    /** What was read anew is shown before it resolves, unless a payment is still to come. */
    async change(priceId: string, prorationDate: number | null): Promise<UpgradeResult> {
      const result = await orReadAnew(api.changePlan(priceId, prorationDate), () =>
        changeSeen(subscription.value, priceId),
      );
      if (result.paymentUrl === undefined) await refreshAfterChange();
      else void query.refetch();
      return result;
    },

    /** `ended`: how many subscriptions end, now or with what is paid. */
    async cancel(
      options: { immediately?: boolean; reason?: string } = {},
    ): Promise<{ subscription: SubscriptionView; ended: number }> {
      const { subscription: changed, ended } = await orReadAnew(
        api.cancelSubscription(options),
        () => whenSeen(isCancelSeen),
      );
      await settle(changed);
      return { subscription: changed, ended: ended ?? 1 };
    },

    async resume(): Promise<SubscriptionView> {
      const { subscription: changed } = await orReadAnew(api.resumeSubscription(), () =>
        whenSeen(isResumeSeen),
      );
      await settle(changed);
      return changed;
    },

    async sync(): Promise<SubscriptionOverview | undefined> {
      const { subscription: changed } = await api.syncSubscription();
      await settle(changed);
      return overview.value;
    },
  };
});
