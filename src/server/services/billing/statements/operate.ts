import type { DbOrTx } from '../../../../db/client.ts';
import {
  findLastStatement,
  findStatement,
  lockClosing,
  updateStatement,
} from '../../../../db/repositories/billing/statements/statement.repository.ts';
import { resolveAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import type { StatementState } from '../../../../domain/billing/statement.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { isUuid } from '../../../../domain/ids.ts';
import { isStripeUnavailable } from '../../stripe/client/errors.ts';
import { MISMATCH_ALERT } from './make-invoice.ts';
import { auditState } from './notify-of-change.ts';
import { CREDIT_ALERT } from './raise-credit-alert.ts';
import { syncStatement } from './sync-statement.ts';
import type { StatementDeps } from './statement-deps.ts';

export const STATEMENT_ACTS = ['hold', 'release', 'write-off'] as const;
export type StatementAct = (typeof STATEMENT_ACTS)[number];

export interface StatementInput {
  statementId: string;
  act: StatementAct;
  reason: string;
  /** Who asks. */
  by: string;
}

const FROM: Record<StatementAct, { states: StatementState[]; otherwise: string }> = {
  hold: {
    states: ['closed', 'invoicing'],
    otherwise: 'it is too late to hold it, or there is nothing to hold',
  },
  release: { states: ['closed', 'invoicing'], otherwise: 'it is not held' },
  'write-off': {
    states: ['closed', 'carried', 'invoicing', 'open', 'failed', 'uncollectible'],
    otherwise: 'there is nothing of it to be written off',
  },
};

/** A statement as it stands now. */
export type OperatedStatement = Statement & {
  /** Stripe was away: what was asked for is noted, and done as soon as Stripe answers. */
  isWaiting: boolean;
};

/** The statement, where that can be done to it now; errors are those of `operateStatement`. */
export async function judgeStatement(
  deps: Pick<StatementDeps, 'db'>,
  { statementId, act }: Pick<StatementInput, 'statementId' | 'act'>,
): Promise<Statement> {
  const known = await getStatement(deps, statementId);
  await assertPossible(deps.db, known, act);
  return known;
}

/**
 * Keeps a statement from being invoiced, lets it be, or writes it off: then its invoice is voided, and
 * what it bills is never billed again. One whose money a bank took back is unpaid no longer. 404 `not_found`; 409 `state_changed` when it is too late for that.
 */
export async function operateStatement(
  deps: StatementDeps,
  wish: StatementInput,
): Promise<OperatedStatement> {
  const { db, clock } = deps;
  const { id, tenantId } = await getStatement(deps, wish.statementId);
  const now = clock.now();
  await db.transaction(async (tx) => {
    // A closing may be taking over what is carried.
    await lockClosing(tx, tenantId);
    const known = (await findStatement(tx, id))!;
    await assertPossible(tx, known, wish.act);
    await insertAuditEntry(tx, {
      tenantId: known.tenantId,
      actor: { kind: 'service', name: wish.by },
      action: `statement.${wish.act.replace('-', '_')}_requested`,
      subjectId: known.id,
      cause: wish.reason,
      now,
    });
    if (wish.act === 'hold') return updateStatement(tx, known.id, { heldAt: now });
    if (wish.act === 'release') await resolveAlert(tx, MISMATCH_ALERT, known.id, now);
    const carried = known.state === 'carried' ? { state: 'written_off', settledAt: now } : {};
    const after = await updateStatement(tx, known.id, {
      ...(wish.act === 'release'
        ? { heldAt: null }
        : { writeOffAskedAt: now, ...(carried as Partial<Statement>) }),
      lookAt: now,
    });
    if (after.state === known.state) return after;
    await resolveAlert(tx, CREDIT_ALERT, known.id, now);
    await auditState(tx, { before: known.state, after, now });
    return after;
  });
  try {
    return { ...(await syncStatement(deps, id))!, isWaiting: false };
  } catch (error) {
    if (!isStripeUnavailable(error)) throw error;
    return { ...(await findStatement(db, id))!, isWaiting: true };
  }
}

/** By its id; 404 `not_found`. */
export async function getStatement(
  { db }: Pick<StatementDeps, 'db'>,
  statementId: string,
): Promise<Statement> {
  const found = isUuid(statementId) ? await findStatement(db, statementId) : undefined;
  if (found) return found;
  throw new BillingError('not_found', `There is no statement "${statementId}".`);
}

async function assertPossible(
  db: DbOrTx,
  { id, tenantId, state, heldAt, told }: Statement,
  act: StatementAct,
): Promise<void> {
  const { states, otherwise } = FROM[act];
  // What was carried is in the next one as soon as there is one.
  const isTaken = state === 'carried' && (await findLastStatement(db, tenantId))?.id !== id;
  if (states.includes(state) && !isTaken && (act !== 'release' || heldAt)) return;
  // Paid, and taken back by the bank: it is unpaid until it is given up.
  if (act === 'write-off' && told === 'lost') return;
  throw new BillingError('state_changed', `The statement is ${state}: ${otherwise}.`);
}
