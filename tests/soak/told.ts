import type { SpendingMaxima } from '../../src/domain/billing/spending/rules.ts';

/** Units that were held before some work. */
export interface Hold {
  reservationId: string;
  amount: number;
  /** What was asked to be recorded of it, as far as no answer said that this was refused. */
  settling: number[];
  /** What the answer said was recorded; null while none did. */
  settled: number | null;
  released: boolean;
}

/**
 * What somebody, and staff for them, asked for and were answered: the judge holds the product to it. An answer
 * that was lost says nothing.
 */
export interface Told {
  /** Units by idempotency key, where the answer said that they are recorded. */
  recorded: Map<string, number>;
  holds: Hold[];
  /** Refs of what staff gave: of credits, and of a month's quota. */
  credits: string[];
  allowances: string[];
  /** The rules that were set, and the instant of the answer. */
  rules: { at: number; maxima: SpendingMaxima }[];
  /** The highest cap that may be in force since an instant. */
  caps: { at: number; upToMinor: number }[];
  /** How many top-ups had been paid when they were switched off; null while they may be on. */
  topUpsAtTheEnd: number | null;
  /** What was seen on the way that may never be. */
  broken: string[];
}

export const toldNothing = (): Told => ({
  ...{ recorded: new Map(), holds: [], credits: [], allowances: [], rules: [], caps: [] },
  ...{ topUpsAtTheEnd: null, broken: [] },
});
