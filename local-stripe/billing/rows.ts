import type Stripe from 'stripe';
import type { Decline } from './cards.ts';

/** What was billed for an item up to its period's end: what a credit can give back a part of. */
export interface Debit {
  /** After discounts, in minor units. */
  amount: number;
  start: number;
  end: number;
  /** Where it was billed, when it was on an invoice. */
  invoice: string | null;
  /** Its lines there; state of older releases has none. */
  lines?: readonly string[];
}

/** What flexible billing remembers of a subscription, by item id. Same id as the subscription. */
export interface BilledRow {
  id: string;
  debits: Record<string, Debit>;
}

/** A change that waits for its payment. Same id as the subscription. */
export interface PendingUpdateRow {
  id: string;
  invoice: string;
  patch: Partial<Stripe.Subscription>;
  debits: Record<string, Debit>;
}

/** The tax rates of their own that lines of an invoice have, by line. Same id as the invoice. */
export interface LineRatesRow {
  id: string;
  rates: Record<string, string[]>;
}

/** How the card behind a payment method behaves. Same id as the payment method. */
export interface CardRow {
  id: string;
  number: string;
  /** Was challenged successfully when it was set up, so later payments go without. */
  authenticated: boolean;
  /** The tester's switch "this card fails from now on". */
  failing: Decline | null;
}
