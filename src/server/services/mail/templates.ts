import type { CapAlert, OverageLapse } from '../../../domain/billing/overage.ts';
import type { RefundCause } from '../../../domain/billing/remedy.ts';
import type { TopUpPause } from '../../../domain/billing/spending/top-up.ts';
import type { GoalKind } from '../../../domain/billing/intent.ts';
import type { Role } from '../../../domain/ids.ts';
import type { Plan, PlanLimits, WorseTerm } from '../../../domain/plans.ts';
import type { ResourceType } from '../../../domain/quota.ts';

/** What each mail's template is given, besides the reader's `name`. Instants are ISO 8601. */
export interface MailData {
  payment_failed: {
    number: string | null;
    amountMinor: number;
    currency: string;
    nextAttemptAt: string | null;
    /** The bank wants the customer to confirm: nothing was declined. */
    actionRequired: boolean;
    payUrl: string | null;
    /** Until when the plan stays; mails from before have none. */
    graceEndsAt?: string | null;
    /** These days are over: it is off. */
    graceIsOver?: boolean;
  };
  /** An operator gave longer to pay. */
  grace_extended: { plan: Plan; until: string };
  cancellation: { plan: Plan; endsAt: string; ended: boolean; unpaid: boolean };
  /** A card or an address had a trial before: this one ended at once, and cost nothing. */
  trial_refused: { plan: Plan };
  payment_refunded: { amountMinor: number; currency: string; cause: RefundCause };
  trial_will_end: { plan: Plan; trialEnd: string };
  usage_threshold: {
    resourceType: ResourceType;
    period: string;
    percent: number;
    used: number;
    limit: number;
  };
  /** A higher plan of which only a part of a period is paid: what its months have until it is whole. */
  plan_growing: {
    plan: Plan;
    months: { period: string; limits: PlanLimits }[];
    whole: PlanLimits;
    wholeAt: string;
  };
  /** What a plan will have less of, or ask more for; `replaces`: another such mail was before it. */
  plan_changes: { plan: Plan; effectiveAt: string; terms: WorseTerm[]; replaces: boolean };
  /** What was announced so will not be. */
  plan_changes_off: { plan: Plan; effectiveAt: string };
  /** What came of something whose outcome could not be told when it was asked for. */
  change_settled: {
    asked: GoalKind;
    outcome: 'done' | 'taken_back' | 'stuck' | 'waiting';
    /** The plan that was asked for, where it is known. */
    plan: Plan | null;
  };
  /** `credits` with those that came on top; `isFinal`: nothing was charged that could be given back. */
  pack_bought: {
    credits: number;
    amountMinor: number;
    currency: string;
    expiresAt: string;
    isFinal?: boolean;
  };
  /** A pack that was bought by itself; `monthMinor` of at most `monthMaxMinor` were so this month. */
  top_up_bought: {
    credits: number;
    amountMinor: number;
    currency: string;
    expiresAt: string;
    monthMinor: number;
    monthMaxMinor: number;
    isFinal?: boolean;
  };
  /** The bank wants the payment of one confirmed. */
  top_up_confirm: {
    credits: number;
    amountMinor: number;
    currency: string;
    confirmUrl: string | null;
    until: string;
  };
  /** Nothing more is bought by itself until somebody does something. */
  top_up_paused: { reason: TopUpPause; credits: number; amountMinor: number; currency: string };
  pack_refunded: { credits: number; amountMinor: number; currency: string };
  /** What is left of bought credits, rounded down. */
  credits_ending: { credits: number; expiresAt: string };
  /** So much of the cap that the owner set is used, or all of it. */
  overage_cap: { percent: CapAlert; period: string; capMinor: number; currency: string };
  /** The consent to use beyond the credits is over; by a spending rule perhaps in part, to a lower cap. */
  overage_lapsed: {
    reason: Exclude<OverageLapse, 'uncollectible'>;
    /** What a rule leaves; 0: nothing. */
    capMinor: number;
    currency: string;
  };
  /** A bill of use beyond quota and credits, tax and all; `period` is its month. */
  statement_paid: { amountMinor: number; currency: string; period: string };
  statement_failed: {
    amountMinor: number;
    currency: string;
    period: string;
    /** The bank wants the customer to confirm: nothing was declined. */
    actionRequired: boolean;
    payUrl: string | null;
  };
  /** It was given up, and the consent is over with it; `payUrl` where it can be paid all the same. */
  statement_uncollectible: {
    amountMinor: number;
    currency: string;
    period: string;
    payUrl: string | null;
  };
  verify_email: { url: string };
  open_account: { url: string };
  reset_password: { url: string };
  account_deleted: { at: string };
  password_changed: { at: string };
  /** To a second billing address, when somebody names it. */
  billing_address: { team: string };
  change_email: { url: string };
  /** To who is asked to join; the reader's `name` is that of who asks. */
  team_invitation: { url: string; team: string; role: Role; endsAt: string };
  /** To who was made the owner of a team. */
  team_owner: { team: string; by: string };
  /** To who was taken out of a team. */
  team_left: { team: string; by: string };
  /** To who was in a team that somebody else deleted. */
  team_deleted: { team: string; isErased: boolean };
  /** To the owner: the plan has fewer seats than the team has people; these lost theirs. */
  seats_taken: { team: string; seats: number; names: string[] };
  /** To the address before; the link takes it back. */
  email_changed: { url: string; newEmail: string };
}

export type MailKind = keyof MailData;

export interface MailContent {
  subject: string;
  text: string;
}

/** What a template may use of the product: addresses, and how to write numbers and dates. */
export interface MailFormat {
  name: string;
  appUrl: string;
  money(amountMinor: number, currency: string): string;
  /** Of what may cost less than a minor unit: minor units as decimal text. */
  unitPrice(minor: string, currency: string): string;
  day(iso: string): string;
  /** A month, `YYYY-MM`, in words. */
  month(period: string): string;
  number(value: number): string;
  /** What is in it, with the locale's commas and its last `and`. */
  list(items: string[]): string;
}

export type MailTemplates = {
  [K in MailKind]: (data: MailData[K], format: MailFormat) => MailContent;
};
