import type {
  ChangePreview,
  PaymentsPage,
  PlansView,
  SubscriptionChanged,
  SubscriptionOverview,
  SubscriptionView,
  UpgradeResult,
  UsageHistory,
  UsageStats,
} from '../../domain/api.ts';
import { authorizedFetch, getJson, postJson } from './http.ts';

export function getPlans(): Promise<PlansView> {
  return getJson('/api/plans');
}

export function getSubscription(signal?: AbortSignal): Promise<SubscriptionOverview> {
  return getJson('/api/subscription', signal);
}

/** Where the customer pays. 409 `already_subscribed` when a change is what is meant. */
export function createCheckout(priceId: string): Promise<{ checkoutUrl: string }> {
  return postJson('/api/subscription/checkout', { priceId });
}

export function createPortal(): Promise<{ portalUrl: string }> {
  return postJson('/api/subscription/portal');
}

export function cancelSubscription(options: {
  immediately?: boolean;
  reason?: string;
}): Promise<SubscriptionChanged> {
  return postJson('/api/subscription/cancel', options);
}

/** Takes back a cancellation or a scheduled change. */
export function resumeSubscription(): Promise<SubscriptionChanged> {
  return postJson('/api/subscription/resume');
}

export function previewChange(priceId: string): Promise<ChangePreview> {
  return postJson('/api/subscription/preview', { priceId });
}

/** `prorationDate` is the preview's, so that the charge is the one that was shown. */
export function changePlan(priceId: string, prorationDate: number | null): Promise<UpgradeResult> {
  return postJson('/api/subscription/upgrade', {
    priceId,
    ...(prorationDate === null ? {} : { prorationDate }),
  });
}

/** Asks the server to look at Stripe now. */
export function syncSubscription(): Promise<{ subscription: SubscriptionView }> {
  return postJson('/api/subscription/sync');
}

export function getUsage(period?: string): Promise<UsageStats> {
  return getJson(`/api/subscription/usage${period === undefined ? '' : `?period=${period}`}`);
}

export const HISTORY_DAYS = [7, 30, 90] as const;
export type HistoryDays = (typeof HISTORY_DAYS)[number];

export function getUsageHistory(days: HistoryDays): Promise<UsageHistory> {
  return getJson(`/api/subscription/usage/history?days=${days}`);
}

/** The ledger of `period` (`YYYY-MM`) as a CSV file. */
export async function getUsageCsv(period: string): Promise<Blob> {
  const response = await authorizedFetch(`/api/subscription/usage/export.csv?period=${period}`);
  return response.blob();
}

export function getPayments(cursor: string | null): Promise<PaymentsPage> {
  const query = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  return getJson(`/api/subscription/payments?limit=10${query}`);
}
