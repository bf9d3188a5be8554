import type { DisputeOutcome } from './dispute.ts';

/** Payments as they cross HTTP; `api.ts` gives them on. Instants are ISO 8601 UTC strings. */

export type PaymentStatus = 'draft' | 'open' | 'paid' | 'void' | 'uncollectible';

/** What an invoice is for; `other` for one that was made by hand. */
export const PAYMENT_SUBJECTS = ['subscription', 'pack', 'statement', 'other'] as const;
export type PaymentSubject = (typeof PAYMENT_SUBJECTS)[number];

export interface PaymentView {
  id: string;
  number: string | null;
  status: PaymentStatus;
  amountDueMinor: number;
  /** By a charge, or beside Stripe. */
  amountPaidMinor: number;
  /** What of it the customer's balance paid, before anything was due. */
  fromBalanceMinor: number;
  /** What of both went back in any way. */
  amountRefundedMinor: number;
  currency: string;
  about: PaymentSubject;
  /** Stripe's `billing_reason`. */
  reason: string;
  periodStart: string | null;
  periodEnd: string | null;
  paidAt: string | null;
  failure: { code: string; message: string } | null;
  /** What the cardholder took back, or tries to, through the bank. */
  dispute: { outcome: DisputeOutcome; amountMinor: number } | null;
  hostedInvoiceUrl: string | null;
  invoicePdf: string | null;
  createdAt: string;
}

export type PaidAndBack = Pick<
  PaymentView,
  'amountPaidMinor' | 'fromBalanceMinor' | 'amountRefundedMinor'
>;

/** Whether all that was paid went back, in whatever way. */
export function isGivenBack(payment: PaidAndBack): boolean {
  const { amountPaidMinor, fromBalanceMinor, amountRefundedMinor: back } = payment;
  return back > 0 && back >= amountPaidMinor + fromBalanceMinor;
}

export interface PaymentsPage {
  payments: PaymentView[];
  nextCursor: string | null;
}

/** Whether a decline code of Stripe's asks for the payer's presence, and not for another card. */
export function wantsConfirmation(code: string | null): boolean {
  return code !== null && /authentication|requires_action/.test(code);
}

/** What a month costs so far in one currency, in minor units: after what was given back, in whatever way. */
export interface MonthCost {
  currency: string;
  /** Invoices of the subscription, and its next one where that is of the month. */
  planMinor: number;
  /** Use beyond quota and credits, before tax that is added. */
  overageMinor: number;
  /** Packs that were paid. */
  packsMinor: number;
  totalMinor: number;
}

/** The running month, as quotas have it; a currency in which nothing was spent is missing. */
export interface MonthCostView {
  period: string;
  costs: MonthCost[];
}
