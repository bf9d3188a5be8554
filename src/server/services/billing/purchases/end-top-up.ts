import { inTransaction, type Tx } from '../../../../db/client.ts';
import {
  findTopUp,
  orderLook,
  updatePurchase,
} from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import {
  findAutoTopUp,
  pauseAutoTopUp,
} from '../../../../db/repositories/billing/top-up.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { AutoTopUp, CreditPurchase } from '../../../../db/schema/index.ts';
import type { PackConsent, TopUpPause } from '../../../../domain/billing/spending/top-up.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import type { PurchaseDeps } from './purchase-deps.ts';

export const topUpTask = { kind: 'system', task: 'auto-top-up' } as const;

/** How a top-up ends that is not bought; `pause`: no other one is begun until somebody does something. */
export interface TopUpEnd {
  state: 'failed' | 'expired';
  pause?: TopUpPause;
  /** The card that it was for. */
  methodId?: string | null;
}

/** Writes that a top-up is over, and with it the pause and its mail. */
export function endTopUp(
  { db, clock }: Pick<PurchaseDeps, 'db' | 'clock'>,
  row: CreditPurchase,
  { state, pause, methodId = null }: TopUpEnd,
): Promise<CreditPurchase> {
  const now = clock.now();
  return inTransaction(db, async (tx) => {
    if (pause) {
      const consent = { ...row, credits: row.credits + row.bonus };
      await pauseTopUp(tx, { ...consent, subjectId: row.id, pause, methodId, now });
    }
    return updatePurchase(tx, row.id, { state, lookAt: null, syncedAt: now });
  });
}

/** Has no other top-up begun, and says so to the owner, once a subject. */
export async function pauseTopUp(
  tx: Tx,
  values: PackConsent &
    Pick<AutoTopUp, 'tenantId'> & {
      subjectId: string;
      pause: TopUpPause;
      methodId: string | null;
      now: Date;
    },
): Promise<void> {
  const { tenantId, subjectId, pause, methodId, now } = values;
  const paused = { paused: pause, pausedMethod: methodId, now };
  if (!(await pauseAutoTopUp(tx, tenantId, paused))) return;
  const { credits, amountMinor, currency } = values;
  await insertAuditEntry(tx, {
    ...{ tenantId, actor: topUpTask, action: 'top_up.paused', subjectId, now },
    after: { reason: pause },
  });
  const data = { reason: pause, credits, amountMinor, currency };
  await queueMail(tx, tenantId, { kind: 'top_up_paused', subjectId, attempt: 0, data, now });
}

/**
 * The credits of a pack go because it is given back, or because the bank questions its payment: a team that
 * agreed to auto top-up would be charged for as many at once. In the transaction that takes or freezes them;
 * one that is under way and not paid is withdrawn.
 */
export async function pauseForReturn(tx: Tx, row: CreditPurchase, now: Date): Promise<void> {
  const agreed = await findAutoTopUp(tx, row.tenantId);
  if (!agreed?.enabled || agreed.paused !== null) return;
  // A mail for each agreement that is ended so, whatever pack it was.
  const subjectId = `${agreed.tenantId}:${agreed.agreedAt.toISOString()}:given_back`;
  await pauseTopUp(tx, { ...agreed, subjectId, pause: 'given_back', methodId: null, now });
  const open = await findTopUp(tx, row.tenantId);
  if (open) await orderLook(tx, [open.id], now);
}
