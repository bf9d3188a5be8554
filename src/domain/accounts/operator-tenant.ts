import type { AlertKind } from '../alerts.ts';
import type { CreditsView } from '../billing/credits.ts';
import type { PaymentView } from '../billing/payment-view.ts';
import type { PurchaseView } from '../billing/spending/purchase-view.ts';
import type { StatementView } from '../billing/statement.ts';
import type { SubscriptionStatus } from '../billing/subscription-view.ts';
import type { Role } from '../ids.ts';
import type { Money } from '../money.ts';
import type { Plan } from '../plans.ts';
import type { UsageStats } from '../api.ts';

/** Tenants as operators see them. Instants are ISO 8601 UTC. */
export interface TenantHit {
  id: string;
  name: string;
  plan: Plan;
  /** Its first owner's address; null where nobody is in it. */
  owner: string | null;
  stripeCustomerId: string | null;
  createdAt: string;
  deletedAt: string | null;
}

export interface TenantsPage {
  /** Newest first. */
  tenants: TenantHit[];
  nextCursor: string | null;
}

/** A subscription of Stripe's, as we last read it. */
export interface HeldSubscription {
  id: string;
  plan: Plan;
  status: SubscriptionStatus;
  stripeStatus: string;
  interval: 'month' | 'year' | null;
  currentPeriodEnd: string | null;
  cancelAt: string | null;
  trialEnd: string | null;
  pastDueSince: string | null;
  /** Longer grace that an operator gave for what is past due now. */
  graceUntil: string | null;
  endedAt: string | null;
  /** Of one that is past due: what is open of it, a sum a currency; else empty. */
  owed: Money[];
  /** First instant without its plan, while the days of grace decide that. */
  graceEndsAt: string | null;
  nextInvoice: Money | null;
}

export interface TenantPerson {
  id: string;
  name: string;
  email: string;
  role: Role;
  hasSeat: boolean;
}

/** Something that waits for an operator. */
export interface AlertView {
  id: string;
  kind: AlertKind | string;
  subjectId: string;
  tenantId: string | null;
  /** What happened, in English: pages have words of their own for each kind. */
  message: string;
  /** The facts of it, by name; which, depends on the kind. */
  details: Record<string, unknown>;
  /** How often it was raised since. */
  count: number;
  raisedAt: string;
  lastRaisedAt: string;
  resolvedAt: string | null;
}

/** One tenant on one screen. */
export interface TenantScreen {
  tenant: TenantHit & { billingEmail: string | null; syncedAt: string | null; balance: Money[] };
  /** Newest first. */
  subscriptions: HeldSubscription[];
  /** Null for deleted tenants, as are the credits. */
  usage: UsageStats | null;
  credits: CreditsView | null;
  people: TenantPerson[];
  payments: PaymentView[];
  purchases: PurchaseView[];
  statements: StatementView[];
  /** Open ones. */
  alerts: AlertView[];
}

export const TIMELINE_KINDS = [
  'change',
  'operator',
  'payment',
  'refund',
  'event',
  'mail',
  'alert',
  'crossing',
] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

/** One thing that happened to a tenant. */
export interface TimelineEntry {
  /** Unique in the timeline. */
  key: string;
  kind: TimelineKind;
  at: string;
  /** Whose id `facts` are of: an audit entry's, an event's, a mail's, … */
  id: string;
  /** `subscription.created`, `invoice.paid`, `payment_failed`, … */
  what: string;
  /** Who did it, where somebody did. */
  by: string | null;
  /** Why, where it was said; of a payment that failed, Stripe's code. */
  why: string | null;
  facts: Record<string, unknown>;
}

export interface TimelinePage {
  /** Newest first. */
  entries: TimelineEntry[];
  nextCursor: string | null;
}

/** A mail as its reader got it; what is behind a link is left out. */
export interface MailView {
  id: string;
  recipient: string;
  subject: string;
  text: string;
  state: 'sent' | 'waiting' | 'given_up';
  createdAt: string;
  sentAt: string | null;
  error: string | null;
}
