import {
  findPurchase,
  updatePurchase,
} from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { CreditPurchase } from '../../../../db/schema/index.ts';
import type { PurchaseRefunded } from '../../../../domain/api.ts';
import { MICRO_PER_CREDIT } from '../../../../domain/billing/credits.ts';
import {
  isReturnable,
  isUnderWay,
  refundUntil,
  type PurchaseFacts,
} from '../../../../domain/billing/purchase.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { isUuid, type Actor } from '../../../../domain/ids.ts';
import type { PurchaseReading } from '../../stripe/packs/purchase-facts.ts';
import { withCustomer } from '../locks/customer-lock.ts';
import { fixFigures, refundTag } from './carry-out-refund.ts';
import { readLeftOfOne } from './grant.ts';
import type { PurchaseDeps } from './purchase-deps.ts';
import { readInLock } from './sync-purchase.ts';

export interface RefundInput {
  /** Whose it must be; any tenant's for an operator. */
  tenantId?: string;
  purchaseId: string;
  actor: Actor;
  /** Customers have seven days. */
  within: 'window' | 'any_time';
  /** What is unused is given back unless told. */
  amountMinor?: number;
  reason?: string;
  requestId?: string;
}

/**
 * Gives a purchase back: what is unused of it, or a sum. The wish is stored before Stripe is asked and
 * is carried to its end by whoever comes next. 404 `not_found`, 409 `refund_window_over`, 409
 * `nothing_charged` for one that nothing was charged for, 409 `nothing_to_refund`, 503 `outcome_unknown` when something fails
 * after that, and it is not known whether it went through.
 */
export async function refundPurchase(
  deps: PurchaseDeps,
  wish: RefundInput,
): Promise<PurchaseRefunded> {
  const known = isUuid(wish.purchaseId) ? await findPurchase(deps.db, wish.purchaseId) : undefined;
  if (!known || (wish.tenantId !== undefined && known.tenantId !== wish.tenantId)) {
    throw new BillingError('not_found', 'This team has made no such purchase.');
  }
  return withCustomer(deps, known.stripeCustomerId, () => refundInLock(deps, wish));
}

type Money = Pick<PurchaseFacts, 'chargedMinor' | 'leftMinor'>;
const NOTHING: Money = { chargedMinor: 0, leftMinor: 0 };

async function refundInLock(deps: PurchaseDeps, wish: RefundInput): Promise<PurchaseRefunded> {
  const { row: before, reading } = await readInLock(deps, wish.purchaseId);
  const money = reading?.facts ?? NOTHING;
  assertRefundable(before, wish, { ...money, now: deps.clock.now() });
  const stored = await ask(deps, before, wish);
  // From here on it is carried to its end, whatever fails now.
  const { asked, after, done } = await carryOut(deps, stored, money).catch((error: unknown) => {
    throw outcomeUnknown(error);
  });
  const refundMinor = madeOf(asked, done!);
  if (refundMinor === 0) throw nothingToRefund();
  const micro = asked.refundAskedMicro ?? (await takenOf(deps, before, after));
  return {
    ...{ refundMinor, currency: after.currency },
    revokedCredits: micro / MICRO_PER_CREDIT,
  };
}

async function carryOut(deps: PurchaseDeps, stored: CreditPurchase, money: Money) {
  const asked = await fixFigures(deps, stored, money);
  const { row: after, reading: done } = await readInLock(deps, asked.id);
  return { asked, after, done };
}

/** What the refund that was asked for gave, or gives: less than was asked where less was left by then. */
function madeOf(asked: CreditPurchase, { facts, tags }: PurchaseReading): number {
  const made = facts.refunds.find(({ id }) => tags.get(id) === refundTag(asked));
  return made && (isUnderWay(made) || made.status === 'succeeded') ? made.amountMinor : 0;
}

/** µcr that went with a sum: its share, but for what of that was used; all that is left while that is under way. */
async function takenOf(
  deps: PurchaseDeps,
  before: CreditPurchase,
  after: CreditPurchase,
): Promise<number> {
  if (after.frozenAt !== null) return readLeftOfOne(deps, after);
  const share = ({ takenBack }: CreditPurchase) =>
    Object.values(takenBack).reduce((sum, micro) => sum + micro, 0);
  return share(after) - share(before) - (after.shortfallMicro - before.shortfallMicro);
}

function assertRefundable(
  row: CreditPurchase,
  wish: RefundInput,
  { chargedMinor, leftMinor, now }: Money & { now: Date },
): void {
  if (wish.within === 'window' && row.paidAt && now >= refundUntil(row.paidAt)) {
    throw new BillingError(
      'refund_window_over',
      'The seven days in which unused credits can be given back are over; support may help.',
      { data: { refundUntil: refundUntil(row.paidAt).toISOString() } },
    );
  }
  const isHeld = row.state === 'granted' || row.state === 'partly_refunded';
  const isFree = isHeld && !isReturnable({ ...row, chargedMinor });
  if (row.paidAt === null || isFree) {
    throw new BillingError(
      'nothing_charged',
      'Nothing was charged for this purchase, so nothing of it can be given back.',
    );
  }
  // Frozen though no bank questions it: what is unused is on its way back, and not there to be given back again.
  const isOnItsWay = row.frozenAt !== null && wish.amountMinor === undefined;
  const { amountMinor = 1 } = wish;
  if (!isHeld || isOnItsWay || amountMinor > leftMinor) throw nothingToRefund();
}

/** Stores the wish. */
async function ask(
  { db, clock }: PurchaseDeps,
  row: CreditPurchase,
  wish: RefundInput,
): Promise<CreditPurchase> {
  const now = clock.now();
  return db.transaction(async (tx) => {
    await insertAuditEntry(tx, {
      tenantId: row.tenantId,
      actor: wish.actor,
      action: 'purchase.refund_requested',
      subjectId: row.id,
      after: { amountMinor: wish.amountMinor ?? null },
      cause: wish.reason ?? null,
      requestId: wish.requestId ?? null,
      now,
    });
    return updatePurchase(tx, row.id, {
      refundAskedAt: now,
      refundAskedMinor: wish.amountMinor ?? null,
      refundsAsked: row.refundsAsked + 1,
      lookAt: now,
    });
  });
}

function nothingToRefund(): BillingError {
  return new BillingError(
    'nothing_to_refund',
    'Nothing of this purchase can be given back: it is used, given back already or on its way back, or questioned at the bank.',
  );
}

function outcomeUnknown(cause: unknown): BillingError {
  return new BillingError(
    'outcome_unknown',
    'It is not known yet whether the refund went through. It is carried to its end within a few minutes, once; look again then.',
    { retryAfterSeconds: 120, cause },
  );
}
