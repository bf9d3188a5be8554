import { isDisputeOpen, isDisputeOver } from './dispute.ts';
import { packMicro } from './pack.ts';

/**
 * `wanted`: stored, Stripe was not asked yet or did not answer. `open`: can be paid. `processing`: the
 * order is placed and the money is under way. `paid`: the money is there, the credits are not yet.
 * `granted`: they are. `failed`: the money did not come. `expired`: nobody paid in time. `disputed`: the
 * bank questions it, or has decided against us. `needs_action` is for charges that nobody is present at.
 */
export const PURCHASE_STATES = [
  'wanted',
  'open',
  'needs_action',
  'processing',
  'paid',
  'granted',
  'failed',
  'expired',
  'partly_refunded',
  'refunded',
  'disputed',
] as const;
export type PurchaseState = (typeof PURCHASE_STATES)[number];

/** Who began it: a person, or an auto top-up. */
export type PurchaseTrigger = 'user' | 'auto';

/** A refund of the purchase's charge, as Stripe has it. */
export interface RefundFacts {
  id: string;
  amountMinor: number;
  /** Stripe's own: pending, requires_action, succeeded, failed, canceled. */
  status: string;
  /** Of a refund of ours: how many µcr it pays back. `null`: its share of the whole. */
  micro: number | null;
  createdAt: Date;
}

/** What Stripe knows of a purchase now. */
export interface PurchaseFacts {
  session: 'open' | 'complete' | 'expired';
  payment: 'unpaid' | 'failed' | 'paid';
  /** What was paid, by a charge or from the customer's balance; 0 while nothing was. */
  chargedMinor: number;
  /** What of that may still go back as money, by `leftToGiveBack`. */
  leftMinor: number;
  paidAt: Date | null;
  refunds: readonly RefundFacts[];
  dispute: { id: string; status: string; amountMinor: number; createdAt: Date } | null;
}

const UNDER_WAY = new Set(['pending', 'requires_action']);

export function isUnderWay({ status }: Pick<RefundFacts, 'status'>): boolean {
  return UNDER_WAY.has(status);
}

const sum = (refunds: readonly RefundFacts[]) =>
  refunds.reduce((all, { amountMinor }) => all + amountMinor, 0);

export function refundedMinor({ refunds }: PurchaseFacts): number {
  return sum(refunds.filter(({ status }) => status === 'succeeded'));
}

export function refundPendingMinor({ refunds }: PurchaseFacts): number {
  return sum(refunds.filter(isUnderWay));
}

/** What is to become of a purchase whose credits are, or are not, granted. */
export function stateOf(facts: PurchaseFacts, isGranted: boolean): PurchaseState {
  const { session, payment, chargedMinor, dispute } = facts;
  if (payment !== 'paid') {
    if (session === 'open') return 'open';
    if (session === 'expired') return 'expired';
    return payment === 'failed' ? 'failed' : 'processing';
  }
  if (!isGranted) return 'paid';
  if (dispute && (isDisputeOpen(dispute.status) || dispute.status === 'lost')) return 'disputed';
  const refunded = refundedMinor(facts);
  // What cost nothing is not given back.
  if (refunded > 0 && refunded >= chargedMinor) return 'refunded';
  return refunded > 0 ? 'partly_refunded' : 'granted';
}

/** What is to be done to the credits of a purchase that was paid. */
export interface CreditsDue {
  /** Whether they may be used. */
  frozen: boolean;
  /** µcr to be taken back, by refund or dispute: each once. */
  taken: { ref: string; micro: number }[];
  /**
   * Refunds whose share was taken at once and which have failed since, and a dispute that was lost and won on
   * appeal: that comes back.
   */
  returned: { ref: string; since: Date }[];
}

/**
 * What refunds and disputes do to the credits. A refund takes its share of them (one of ours what was
 * unused); while it is under way and would leave nothing they are frozen, so that a failure gives them
 * back as they were, while of a part the share goes at once and comes back by a grant of its own. A
 * dispute freezes all, and one that is lost takes its share, until an appeal is won.
 */
export function creditsDue(
  facts: PurchaseFacts,
  purchase: { credits: number; bonus: number; takenBack: Readonly<Record<string, number>> },
): CreditsDue {
  const due: CreditsDue = { frozen: false, taken: [], returned: [] };
  const shares = sharesOf(facts, packMicro(purchase));
  for (const refund of facts.refunds) {
    const share = shares.get(refund.id);
    if (share === undefined) {
      const wasTaken = purchase.takenBack[refund.id] !== undefined;
      if (wasTaken) due.returned.push({ ref: refund.id, since: refund.createdAt });
    } else if (isUnderWay(refund) && share.leavesNothing) due.frozen = true;
    else due.taken.push({ ref: refund.id, micro: share.micro });
  }
  const { dispute, chargedMinor } = facts;
  // An appeal is about what was taken already.
  const wasLost = dispute !== null && purchase.takenBack[dispute.id] !== undefined;
  if (dispute && !wasLost && isDisputeOpen(dispute.status)) due.frozen = true;
  if (wasLost && isDisputeOver(dispute.status)) {
    due.returned.push({ ref: dispute.id, since: dispute.createdAt });
  }
  if (dispute?.status === 'lost') {
    // The bank may take back what was refunded before too; the credits are taken once.
    const before = due.taken.map(({ ref }) => shares.get(ref)!);
    const leftMicro = before.reduce((left, { micro }) => left - micro, packMicro(purchase));
    const leftMinor = before.reduce((left, { minor }) => left - minor, chargedMinor);
    const part = Math.min(dispute.amountMinor, leftMinor);
    due.taken.push({ ref: dispute.id, micro: shareOf(leftMicro, part, leftMinor) });
  }
  return due;
}

interface RefundShare {
  micro: number;
  /** Of the money. */
  minor: number;
  leavesNothing: boolean;
}

/**
 * Of every refund that succeeded or may, the oldest first: the part of the credits that were left of the
 * purchase before it that its money is of what was left of that; one of ours what was unused. So they add up
 * to the whole, and what is left keeps its price, however often a part went back.
 */
function sharesOf(
  { refunds, chargedMinor }: PurchaseFacts,
  wholeMicro: number,
): Map<string, RefundShare> {
  const shares = new Map<string, RefundShare>();
  let leftMinor = chargedMinor;
  let leftMicro = wholeMicro;
  const counted = refunds.filter((one) => one.status === 'succeeded' || isUnderWay(one));
  for (const { id, amountMinor, micro: unused } of counted.toSorted(byAge)) {
    const minor = Math.min(amountMinor, leftMinor);
    const micro =
      unused === null ? shareOf(leftMicro, minor, leftMinor) : Math.min(unused, leftMicro);
    leftMinor -= minor;
    leftMicro -= micro;
    shares.set(id, { micro, minor, leavesNothing: unused !== null || leftMinor === 0 });
  }
  return shares;
}

function byAge(a: RefundFacts, b: RefundFacts): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1);
}

/** `floor(whole × part / all)`, exactly: the product does not fit a double. */
export function shareOf(whole: number, part: number, all: number): number {
  return all === 0 ? 0 : Number((BigInt(whole) * BigInt(part)) / BigInt(all));
}

/** What a purchase really costs, in minor units: less than its price where a promotion code was entered. */
export function costOf(purchase: { amountMinor: number; chargedMinor: number | null }): number {
  return purchase.chargedMinor ?? purchase.amountMinor;
}

/**
 * Whether there is money to give back: not of what cost nothing, nor of what Stripe held for the customer and
 * paid it with.
 */
export function isReturnable(
  purchase: Parameters<typeof costOf>[0] & { stripePaymentIntentId: string | null },
): boolean {
  return costOf(purchase) > 0 && purchase.stripePaymentIntentId !== null;
}

/** How long a customer may give back, by a button, what is unused. */
export const REFUND_WINDOW_DAYS = 7;

export function refundUntil(paidAt: Date): Date {
  return new Date(paidAt.getTime() + REFUND_WINDOW_DAYS * 86_400_000);
}

/**
 * What of a purchase's charge goes back when its unused credits are given back, in minor units: what was not
 * refunded yet, less what the used ones cost, which is rounded up. They cost what a paid one does, for the
 * bonus counts as used last: of 300 + 30 credits of which 200 are left and 130 were used, 170 were paid for. Credits
 * that went with a refund were not used.
 */
export function returnableMinor(
  purchase: Parameters<typeof costOf>[0] & {
    credits: number;
    bonus: number;
    refundedMinor: number;
    refundPendingMinor: number;
    takenBack: Readonly<Record<string, number>>;
    shortfallMicro: number;
    /** What may still go back as money: less where the customer's balance paid a part. */
    leftMinor: number | null;
  },
  leftMicro: number,
): number {
  if (leftMicro === 0) return 0;
  const { refundedMinor: back, refundPendingMinor: pending, takenBack, shortfallMicro } = purchase;
  const paidMinor = costOf(purchase);
  const takenMicro = Object.values(takenBack).reduce((sum, micro) => sum + micro, 0);
  const goneMicro = packMicro(purchase) - leftMicro;
  const usedMicro = Math.max(0, goneMicro - (takenMicro - shortfallMicro));
  const paidMicro = packMicro({ credits: purchase.credits, bonus: 0 });
  const usedMinor = paidMinor - shareOf(paidMinor, paidMicro - usedMicro, paidMicro);
  const unusedMinor = Math.max(0, paidMinor - back - pending - usedMinor);
  return Math.min(unusedMinor, purchase.leftMinor ?? unusedMinor);
}
