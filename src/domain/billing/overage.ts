import type { SubscriptionStatus } from './subscription-view.ts';
import { isDearer, MINOR_ONE, scaledPrice } from './usage/unit-price.ts';

/** Why a subscription does not carry overage for now. */
export type OveragePause = 'trialing' | 'past_due';

/**
 * Why a consent is over that nobody took back: the price rose, none is sold, a bill was not collected, a
 * spending rule leaves nothing for it.
 */
export const OVERAGE_LAPSES = ['price', 'not_offered', 'uncollectible', 'spending_rule'] as const;
export type OverageLapse = (typeof OVERAGE_LAPSES)[number];

/** The shares of a month's cap, in percent, of which the owner can be told. */
export const CAP_ALERTS_PERCENT = [50, 80, 100] as const;
export type CapAlert = (typeof CAP_ALERTS_PERCENT)[number];

/** Minor units a month at most: ¥100,000. More is asked for by somebody who can be called. */
export const CAP_MINOR_MAX = 10_000_000;

/** What a credit costs that is used without a grant: minor units, as decimal text. */
export interface OveragePrice {
  currency: string;
  minorPerCredit: string;
}

/** What becomes of overage with another plan. */
export interface OverageOfChange {
  /** Why the consent is over then, and what a credit costs there; null where it goes on, or there is none. */
  overageEnds: { reason: 'price' | 'not_offered'; price: OveragePrice | null } | null;
  /** What is used already and not paid yet; null for nothing. It is billed whatever the plan. */
  drawn: { drawnMinor: number; currency: string } | null;
}

/** What a tenant may use and be billed for afterwards. Sums are whole minor units, of `currency`. */
export interface OverageView {
  /** What the plan sells now, and what can be agreed to; null where it sells none. */
  price: OveragePrice | null;
  /** While it rests although it is sold and may be agreed to. */
  paused: OveragePause | null;
  /** Somebody has agreed, and nothing has ended that. */
  enabled: boolean;
  /** The cap a month that was agreed to last; null while nothing ever was. */
  capMinor: number | null;
  currency: string | null;
  lapsed: OverageLapse | null;
  /** A bill of it is unpaid: no more of it until that is paid. */
  suspended: 'unpaid' | null;
  /** Of this month, rounded down. */
  usedMinor: number;
  /** Used and not paid yet, of all months: what statements bill, and what was drawn since, each at its price. */
  unpaidMinor: number;
  /** How much may be unpaid at once. */
  exposureMinor: number | null;
}

/** The part of it that is told with the credits. */
export type OverageUsed = Pick<
  OverageView,
  'enabled' | 'capMinor' | 'currency' | 'usedMinor' | 'unpaidMinor' | 'suspended'
>;

/** Overage and what the owner is told of it. */
export interface OverageLimits {
  overage: OverageView;
  /** Percent of the cap, rising. */
  alerts: CapAlert[];
}

/** Why credits do not pay for more: the quota alone is gone, the cap is reached, a bill is unpaid. */
export type ShortReason = 'quota' | 'cap' | 'unpaid';

/** Overage is for who pays: not while a plan is tried, and not while the last invoice is owed. */
export function overagePauseOf(status: SubscriptionStatus): OveragePause | null {
  return status === 'trialing' || status === 'past_due' ? status : null;
}

/** What is in the way of more, as the tenant can end it. `isCapped`: the cap leaves less than trust does. */
export function shortReasonOf(
  overage: Pick<OverageView, 'enabled' | 'paused' | 'suspended' | 'lapsed'>,
  isCapped: boolean,
): ShortReason {
  if (overage.lapsed === 'price' || overage.lapsed === 'spending_rule') return 'cap';
  if (overage.lapsed === 'uncollectible' && overage.suspended !== null) return 'unpaid';
  if (!overage.enabled || overage.paused === 'trialing') return 'quota';
  if (overage.suspended !== null || overage.paused === 'past_due') return 'unpaid';
  return isCapped ? 'cap' : 'unpaid';
}

/**
 * How a plan that sells a credit at `offered`, or none, ends the consent to `agreed`: the question that
 * `credit_offer` of the bucket answers when the plan changes.
 */
export function overageEndOf(
  agreed: OveragePrice,
  offered: OveragePrice | null,
): OverageOfChange['overageEnds'] {
  if (offered === null) return { reason: 'not_offered', price: null };
  const isMore = isDearer(offered.minorPerCredit, agreed.minorPerCredit);
  const ends = isMore || offered.currency !== agreed.currency;
  return ends ? { reason: 'price', price: offered } : null;
}

/** What µcr cost at a price, in whole minor units, rounded down unless told; 0 for less than nothing. */
export function minorOf(
  micro: number,
  { minorPerCredit }: Pick<OveragePrice, 'minorPerCredit'>,
  rounded: 'down' | 'up' = 'down',
): number {
  const cost = BigInt(Math.max(0, micro)) * scaledPrice(minorPerCredit);
  return Number((cost + (rounded === 'up' ? MINOR_ONE - 1n : 0n)) / MINOR_ONE);
}
