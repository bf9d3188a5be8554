import type { Money } from '../../money.ts';
import type { PurchaseState, PurchaseTrigger } from '../purchase.ts';

/** A pack of credits as it can be bought now. */
export interface PackView {
  id: string;
  credits: number;
  /** On top, and free of charge. */
  bonus: number;
  validDays: number;
  /** What it costs, once a currency; the first unless something binds the team to another. */
  prices: Money[];
}

export interface PacksView {
  /** Smallest first. */
  packs: PackView[];
}

/** A pack that the team bought, or began to buy. */
export interface PurchaseView {
  id: string;
  packId: string;
  /** `auto`: it was bought by itself. */
  trigger: PurchaseTrigger;
  state: PurchaseState;
  credits: number;
  bonus: number;
  /** Its price. */
  amountMinor: number;
  /** What was charged: less than the price with a promotion code. `null` until it is paid. */
  chargedMinor: number | null;
  currency: string;
  refundedMinor: number;
  /** What is on its way back. */
  refundPendingMinor: number;
  createdAt: string;
  paidAt: string | null;
  /** The end of its credits. */
  expiresAt: string | null;
  /** Until when unused credits can be given back by a button; null when they cannot be. */
  refundUntil: string | null;
  /** What would go back if they were given back now; null when they cannot be. */
  returnableMinor: number | null;
  /** Where it is paid while it is open, for those who manage billing. */
  checkoutUrl: string | null;
}

export interface PurchasesView {
  /** Newest first. */
  purchases: PurchaseView[];
}

export interface PurchaseRefunded {
  refundMinor: number;
  currency: string;
  revokedCredits: number;
}
