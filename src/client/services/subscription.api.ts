import type { BreakdownBy, UsageBreakdown } from '../../domain/billing/usage/breakdown.ts';
import type {
  ChangePreview,
  CheckoutView,
  PaymentsPage,
  PlansView,
  SubscriptionChanged,
  SubscriptionOverview,
  SubscriptionView,
  UpgradeResult,
  UsageHistory,
  UsageStats,
} from '../../domain/api.ts';
import type { MonthCostView } from '../../domain/billing/payment-view.ts';
import type { StatementDetailView, StatementsView } from '../../domain/billing/statement.ts';
import type { FileLanguage } from '../../domain/accounts/files/file-words.ts';
import { asChange } from './api-problem.ts';
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

/** What is known of a Checkout; 404 `not_found` for one that this tenant never opened. */
export function getCheckout(sessionId: string): Promise<CheckoutView> {
  return getJson(`/api/subscription/checkout/${encodeURIComponent(sessionId)}`);
}

export function createPortal(): Promise<{ portalUrl: string }> {
  return postJson('/api/subscription/portal');
}

export function cancelSubscription(options: {
  immediately?: boolean;
  reason?: string;
}): Promise<SubscriptionChanged> {
  return asChange(postJson('/api/subscription/cancel', options));
}

/** Takes back a cancellation or a scheduled change. */
export function resumeSubscription(): Promise<SubscriptionChanged> {
  return asChange(postJson('/api/subscription/resume'));
}

export function previewChange(priceId: string): Promise<ChangePreview> {
  return postJson('/api/subscription/preview', { priceId });
}

/** `prorationDate` is the preview's, so that the charge is the one that was shown. */
export function changePlan(priceId: string, prorationDate: number | null): Promise<UpgradeResult> {
  const date = prorationDate === null ? {} : { prorationDate };
  return asChange(postJson('/api/subscription/upgrade', { priceId, ...date }));
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

/** The last so many days, or those of a month (`YYYY-MM`). */
export type UsageSpan = HistoryDays | string;

const queryOf = (span: UsageSpan) => (typeof span === 'number' ? `days=${span}` : `period=${span}`);

export function getUsageHistory(span: UsageSpan): Promise<UsageHistory> {
  return getJson(`/api/subscription/usage/history?${queryOf(span)}`);
}

/** Usage by day, resource, member and model as a CSV file, in the words of `lang`. */
export async function getUsageReport(span: UsageSpan, lang: FileLanguage): Promise<Blob> {
  const query = `${queryOf(span)}&lang=${lang}`;
  const response = await authorizedFetch(`/api/subscription/usage/report.csv?${query}`);
  return response.blob();
}

/** A month's usage in parts, with what credits paid of each. */
export function getUsageBreakdown(by: BreakdownBy, period: string): Promise<UsageBreakdown> {
  return getJson(`/api/subscription/usage/breakdown?by=${by}&period=${period}`);
}

/** The ledger of `period` (`YYYY-MM`) as a CSV file. */
export async function getUsageLedger(period: string): Promise<Blob> {
  const response = await authorizedFetch(`/api/subscription/usage/export.csv?period=${period}`);
  return response.blob();
}

export function getPayments(cursor: string | null): Promise<PaymentsPage> {
  const query = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  return getJson(`/api/subscription/payments?limit=10${query}`);
}

/** What the running month costs so far. */
export function getMonthCost(): Promise<MonthCostView> {
  return getJson('/api/subscription/month');
}

export function getStatements(): Promise<StatementsView> {
  return getJson('/api/subscription/statements');
}

const ofStatement = (id: string) => `/api/subscription/statements/${encodeURIComponent(id)}`;

export function getStatement(id: string): Promise<StatementDetailView> {
  return getJson(ofStatement(id));
}

/** The file by which it can be computed anew. */
export async function getStatementProof(id: string): Promise<Blob> {
  return (await authorizedFetch(`${ofStatement(id)}/proof.csv`)).blob();
}
