import type { Plan } from '../plans.ts';
import type { MrrMovement } from '../prices.ts';
import type { SubscriptionStatus } from '../billing/subscription-view.ts';

/** What a calendar month (UTC) came to, in minor units of one currency; docs/operators.md defines each. */
export interface MonthFigures {
  /** `YYYY-MM`. */
  month: string;
  newMinor: number;
  reactivationMinor: number;
  expansionMinor: number;
  /** Negative, as is churn. */
  contractionMinor: number;
  churnMinor: number;
  /** Monthly recurring revenue at its end, or now. */
  mrrMinor: number;
  paidMinor: number;
  refundedMinor: number;
  /** Paid less refunded. */
  netMinor: number;
  /** Of what was paid: tax. */
  taxMinor: number;
  /** Of what was paid: packs of credits and statements of use. */
  usageMinor: number;
  /** Invoices paid after a charge for them had failed. */
  recovered: number;
  recoveredMinor: number;
}

/** What is summed up by month as it is written: of payments, of refunds, and of each kind of movement. */
export type BusinessSum = 'paid' | 'tax' | 'recovered' | 'refunded' | MrrMovement;

export interface CurrencyFigures {
  currency: string;
  mrrMinor: number;
  /** Oldest first. */
  months: MonthFigures[];
  /** Invoices whose charge failed and that are open still. */
  failed: { count: number; amountMinor: number };
}

export interface BusinessScreen {
  currencies: CurrencyFigures[];
  /** Those that have not ended. */
  subscriptions: { plan: Plan; status: SubscriptionStatus; count: number }[];
  trials: { running: number; converted: number; lost: number };
  /** µcr that can still be drawn. */
  creditsMicro: { paid: number; promotional: number };
}

export const BUSINESS_LISTS = [
  'mrr',
  'movements',
  'subscriptions',
  'trials',
  'paid',
  'refunded',
  'usage',
  'failed',
  'recovered',
  'credits',
] as const;
export type BusinessList = (typeof BUSINESS_LISTS)[number];

/** One line behind a number. */
export interface BusinessRow {
  key: string;
  tenantId: string;
  tenant: string;
  at: string;
  /** A kind of movement, a plan and state, an invoice number, … */
  what: string;
  /** Minor units of `currency`; µcr where that is null; null where it is no sum. */
  amount: number | null;
  currency: string | null;
}

export interface BusinessRows {
  rows: BusinessRow[];
  nextCursor: string | null;
}
