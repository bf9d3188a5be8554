import type { Money } from '../money.ts';
import type { Interval, Plan, PlanLimits, WorseTerm } from '../plans.ts';
import type { RemedyCause } from './remedy.ts';

/** A tenant's subscription as it crosses HTTP. Instants are ISO 8601 UTC strings. */

export type SubscriptionStatus = 'active' | 'canceled' | 'past_due' | 'trialing';

export interface ScheduledChange {
  plan: Plan;
  priceId: string;
  effectiveAt: string;
}

/** From `effectiveAt` on the plan includes less, or asks more, for all who have it. */
export interface AnnouncedChange {
  effectiveAt: string;
  /** What of it touches this team, by the version that it has and the currency it is billed in. */
  terms: WorseTerm[];
}

export interface CardView {
  brand: string;
  last4: string;
  expMonth: number;
  expYear: number;
}

/** Limits that lie between two plans, because only a part of a period of the higher one is paid. */
export interface GrowingLimits {
  thisMonth: PlanLimits;
  whole: PlanLimits;
  /** With the first payment of a whole period. */
  wholeAt: string;
}

export interface PastDueView {
  since: string;
  graceEndsAt: string;
  amountMinor: number;
  currency: string;
  nextAttemptAt: string | null;
  /** The bank wants the payer to confirm: another card is not what it asks for. */
  actionRequired: boolean;
  payUrl: string | null;
}

export interface NextInvoiceView {
  amountMinor: number;
  currency: string;
  at: string;
}

export interface PendingChangeView {
  plan: Plan;
  priceId: string;
  expiresAt: string;
  /** Only for who may pay. */
  payUrl: string | null;
}

/** `collection`: staff stopped collecting and the plan goes on. `subscription`: the plan rests too. */
export interface PauseView {
  of: 'collection' | 'subscription';
  resumesAt: string | null;
}

export interface OtherSubscriptionView {
  plan: Plan;
  status: SubscriptionStatus;
  cancelAt: string | null;
}

export interface UnsettledView {
  kind: 'renew' | 'end' | 'change_later' | 'change_now' | 'delete';
  since: string;
}

/** What came of something that could not be told when it was asked for; shown for a day. */
export interface SettledView {
  kind: UnsettledView['kind'];
  outcome: 'done' | 'taken_back' | 'stuck';
  /** The plan that was asked for, of changes. */
  plan: Plan | null;
  at: string;
}

/** A tenant that never paid is `free`, `active`, with every other field `null` or `false`. */
export interface SubscriptionView {
  plan: Plan;
  status: SubscriptionStatus;
  interval: Interval | null;
  priceId: string | null;
  currentPeriodStart: string | null;
  currentPeriodEnd: string | null;
  cancelAtPeriodEnd: boolean;
  cancelAt: string | null;
  trialEnd: string | null;
  scheduledChange: ScheduledChange | null;
  /** What is announced of the plan, until it is in force or called off. */
  announcedChange: AnnouncedChange | null;
  paymentMethod: CardView | null;
  pastDue: PastDueView | null;
  /** While only a part of a period of the plan is paid: what this month has, and when it is whole. */
  growing: GrowingLimits | null;
  /** Why we ended it ourselves, when we did. */
  endReason: RemedyCause | null;
  /** What Stripe will take next, after coupons, balance and tax; `null` when nothing will be. */
  nextInvoice: NextInvoiceView | null;
  /** A change that waits for its payment: it is made when that comes, until `expiresAt`. */
  pendingChange: PendingChangeView | null;
  /** Nothing is collected for now. */
  pause: PauseView | null;
  /** Further subscriptions that are not over; cancelling ends them too. */
  others: OtherSubscriptionView[];
  /** Something that was asked for was cut, and is not brought to its end or back yet. */
  unsettled: UnsettledView | null;
  settled: SettledView | null;
  /** What pays for invoices to come: each sum for those in its own currency, and until it is used. */
  credits: Money[];
  /** True when Stripe could not be asked and the answer is from our last copy. */
  stale: boolean;
}

export interface UpgradeResult {
  success: boolean;
  effective: 'now' | 'period_end';
  effectiveAt: string;
  /** Where the customer pays or authenticates when the change waits for that. */
  paymentUrl?: string;
}
