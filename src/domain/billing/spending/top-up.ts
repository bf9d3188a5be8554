import { CAP_MINOR_MAX } from '../overage.ts';

/**
 * Why an auto top-up rests until its owner does something: the card was declined, or there is none; what
 * the bank wanted was not confirmed; the pack costs more than was agreed to, or is not sold any more; what
 * was left of a pack was given back, or its payment is questioned at the bank: that takes credits, and they
 * are not bought again for it.
 */
export const TOP_UP_PAUSES = [
  'declined',
  'no_card',
  'unconfirmed',
  'price',
  'not_offered',
  'given_back',
] as const;
export type TopUpPause = (typeof TOP_UP_PAUSES)[number];

/** Another card ends these pauses; the others a new consent alone. */
export const ENDED_BY_CARD = ['declined', 'no_card', 'unconfirmed'] as const satisfies TopUpPause[];

export const isEndedByCard = (pause: TopUpPause): boolean =>
  (ENDED_BY_CARD as readonly TopUpPause[]).includes(pause);

/** What somebody saw of a pack when they agreed; `credits` with those that come on top. */
export interface PackConsent {
  amountMinor: number;
  currency: string;
  credits: number;
}

/** A pack as it is bought: how long its credits can be used is a part of what is paid for. */
export interface PackTerms extends PackConsent {
  validDays: number;
}

/** Whether an offer is what was agreed to, or better for who pays; of days nobody knows about, whatever is offered. */
export function isAgreed(
  agreed: PackConsent & { validDays: number | null },
  offer: PackTerms,
): boolean {
  return (
    offer.currency === agreed.currency &&
    offer.amountMinor <= agreed.amountMinor &&
    offer.credits >= agreed.credits &&
    offer.validDays >= (agreed.validDays ?? 0)
  );
}

/**
 * What is wrong with the marks of a top-up, as a sentence. The low mark is no more than the pack holds, so
 * that one purchase lifts the account above it; a month allows at least one purchase.
 */
export function faultOf(
  { lowCredits, monthMaxMinor }: { lowCredits: number; monthMaxMinor: number },
  pack: PackConsent,
): string | undefined {
  if (!Number.isInteger(lowCredits) || lowCredits < 1 || lowCredits > pack.credits) {
    return `The low mark takes whole credits, from 1 to the ${pack.credits} of the pack.`;
  }
  const fits =
    Number.isInteger(monthMaxMinor) &&
    monthMaxMinor >= pack.amountMinor &&
    monthMaxMinor <= CAP_MINOR_MAX;
  if (fits) return undefined;
  return `The maximum a month takes a whole amount in the smallest unit of the currency, from the ${pack.amountMinor} that the pack costs to ${CAP_MINOR_MAX.toLocaleString('en')}.`;
}

/** So long a payment that the bank wants confirmed can be confirmed. */
export const CONFIRM_MS = 24 * 3_600_000;

/** Buying a pack by itself when few credits are left, as people see it. */
export interface AutoTopUpView {
  enabled: boolean;
  /** What was agreed to last; null while nothing ever was. */
  agreed: (PackConsent & { packId: string; lowCredits: number; monthMaxMinor: number }) | null;
  /** Of this month, what is being paid included. */
  spentMonthMinor: number;
  monthEndsAt: string | null;
  paused: TopUpPause | null;
  /** Why the next one is not bought although nothing is paused, and until when; null: for good. */
  waits: { reason: 'month_max' | 'spending_rule'; until: string | null } | null;
  /** The one that is under way; where it is confirmed, for those who manage billing. */
  open: { purchaseId: string; confirmUrl: string | null; until: string } | null;
}
