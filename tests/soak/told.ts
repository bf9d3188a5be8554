import type { SpendingMaxima } from '../../src/domain/billing/spending/rules.ts';

/** Somebody in the team beside its owner. */
export interface Member {
  id: string;
  email: string;
  /** Pictures a month, as they may be in force: more than one where an answer was lost. Null is no limit. */
  mayBe: (number | null)[];
  left: boolean;
}

/** Units that were held before some work. */
export interface Hold {
  reservationId: string;
  amount: number;
  /** Whose work it is; null for nobody's in particular. */
  memberId: string | null;
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
  /** Units by idempotency key, and whose, where the answer said that they are recorded. */
  recorded: Map<string, { amount: number; memberId: string | null }>;
  holds: Hold[];
  /** Who was let into the team, in their order. */
  members: Member[];
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
  ...{ recorded: new Map(), holds: [], members: [], credits: [], allowances: [], rules: [] },
  ...{ caps: [], topUpsAtTheEnd: null, broken: [] },
});
