import type { Role } from './ids.ts';
import type { Money } from './money.ts';
import type { Feature, Interval, Plan, PlanLimits } from './plans.ts';
import type { ResourceType, ResourceUsage } from './quota.ts';
import type { RawTokens } from './billing/usage/rate-card.ts';
import type { PriceAction } from './billing/subscription-change.ts';
import type { UnpaidStatementView } from './billing/statement.ts';
import type { AnnouncedChange, SubscriptionView } from './billing/subscription-view.ts';

/** What crosses HTTP, shared by server and client. Instants are ISO 8601 UTC strings. */
export type * from './billing/spending/purchase-view.ts';
export type * from './billing/subscription-view.ts';
export type * from './conversation-view.ts';
export type { ApiKeyCreated, ApiKeyView } from './api-keys.ts';
export type * from './accounts/own-account-view.ts';
export type * from './accounts/team-view.ts';
export type { ChangePreview, LimitChange, PriceAction } from './billing/subscription-change.ts';

export interface ApiError {
  error: string;
  code: string;
  requestId: string;
  details: Record<string, unknown>;
}

export interface UserView {
  id: string;
  email: string;
  displayName: string;
  role: Role;
  tenantId: string;
  /** Whether the person has shown that the address is theirs. */
  emailVerified: boolean;
}

export interface TenantView {
  id: string;
  name: string;
  plan: Plan;
}

export interface MeView {
  user: UserView;
  tenant: TenantView;
}

export interface SessionView extends MeView {
  accessToken: string;
}

export interface PriceView {
  priceId: string;
  interval: Interval;
  amountMinor: number;
  currency: string;
  /** The same price in further currencies: for who is billed in one of them. */
  currencyOptions: Money[];
}

export interface PlanView {
  plan: Plan;
  name: string;
  features: Feature[];
  limits: PlanLimits;
  /** How many people may be in a team. */
  seats: number;
  prices: PriceView[];
  /** What is announced of it: whoever buys it now has it as it is here until then. */
  announcedChange: AnnouncedChange | null;
}

/** Whom to write to and what holds, as the operator set it; `null` where nothing is set. */
export interface ContactView {
  supportEmail: string | null;
  termsUrl: string | null;
  privacyUrl: string | null;
}

/** Of this installation: whether it is a rehearsal (production with Stripe's test keys), and contacts. */
export interface ModeView extends ContactView {
  testMode: boolean;
  /** Tax is worked out from where the customer is, and shown before they pay. */
  automaticTax: boolean;
}

export interface PlansView {
  plans: PlanView[];
}

export interface UsageStats {
  period: string;
  /** First instant of the next period. */
  resetsAt: string;
  updatedAt: string;
  resources: ResourceUsage[];
}

export interface SubscriptionOverview {
  subscription: SubscriptionView;
  usage: UsageStats;
  features: Feature[];
  actions: Record<string, PriceAction>;
  canManageBilling: boolean;
  /** What is paid runs in it, and a change of plan stays in it; `null` while nothing does. */
  currency: string | null;
  /** In what is sold where nobody says one: `currency`, else what was billed before; `null` for who never was. */
  usualCurrency: string | null;
  /** Days free of charge that subscribing would begin with; 0 when there is none (any more). */
  trialDays: number;
  /** The newest bill of use beyond quota and credits whose payment failed. */
  unpaidStatement: UnpaidStatementView | null;
}

/**
 * Of a Checkout: `open` is not paid (yet), `expired` never was and cannot be any more, `processing` is
 * completed while the money is under way, `unknown` when Stripe could not be asked.
 */
export interface CheckoutView {
  state: 'open' | 'expired' | 'processing' | 'paid' | 'unknown';
}

export interface SubscriptionChanged {
  success: true;
  subscription: SubscriptionView;
  /** Of a cancellation: how many subscriptions it ends, now or with what is paid. */
  ended?: number;
}

export type UsageDay = { date: string } & Record<ResourceType, number>;

export interface UsageHistory {
  days: UsageDay[];
}

export type { PaymentsPage, PaymentStatus, PaymentView } from './billing/payment-view.ts';

export interface CharacterView {
  id: string;
  name: string;
  description: string;
  greeting: string;
  shared: boolean;
  /** True for the tenant's own. */
  own: boolean;
  /** Whether the reader may change and delete it. */
  editable: boolean;
  /** Whether the reader has told operators of it. */
  reported: boolean;
  /** True when an operator took it out of the community. */
  hidden: boolean;
}

export interface CharactersView {
  characters: CharacterView[];
  /** For the next page of shared ones. */
  nextCursor: string | null;
}

export interface ModelView {
  id: string;
  name: string;
  advanced: boolean;
}

export interface ImageView {
  id: string;
  mimeType: string;
  /** A `data:` URL. */
  dataUrl: string;
}

/**
 * What an answer took of `llm_tokens`: `input` tokens read anew, `cached` ones and `output`, weighed by the
 * rate card. Whoever counted each part: of the cached ones `us` means that nobody reported any.
 */
export interface ChargedTokens extends RawTokens {
  units: number;
  rateCard: number;
  promptCountedBy: 'upstream' | 'us';
  cachedCountedBy: 'upstream' | 'us';
  completionCountedBy: 'upstream' | 'us';
}

/** The event stream of `POST /api/chat`: `delta` any number of times, then `done` or `error`. */
export interface ChatDone {
  usage: { promptTokens: number; completionTokens: number; totalTokens: number };
  messageId: string;
  charged: ChargedTokens;
}
