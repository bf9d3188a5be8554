import type { Tx } from '../../../../db/client.ts';
import {
  listToLookAt,
  orderLook,
} from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import {
  listStatementsToLookAt,
  orderStatementLook,
} from '../../../../db/repositories/billing/statements/statement-looks.repository.ts';
import { listOutdatedInAccount } from '../../../../db/repositories/billing/statements/statement-verification.repository.ts';
import { hasRemedyToCarryOut } from '../../../../db/repositories/billing/remedy.repository.ts';
import type { Jobs } from '../../../jobs.ts';

export const PURCHASE_QUEUE = 'credit-purchase';

/**
 * Has those of the tenant's purchases looked at, once this transaction is committed, that something was
 * heard of, that wait for something, or that do not know of a refund or dispute of their payment.
 */
export async function wakePurchases(
  jobs: Pick<Jobs, 'send'>,
  tx: Tx,
  values: { tenantId: string; now: Date } & NonNullable<Parameters<typeof listToLookAt>[2]>,
): Promise<void> {
  const { tenantId, now, ...named } = values;
  const ids = await listToLookAt(tx, tenantId, named);
  if (ids.length === 0) return;
  await orderLook(tx, ids, now);
  for (const purchaseId of ids) {
    await jobs.send(PURCHASE_QUEUE, { purchaseId }, { tx, singletonKey: purchaseId });
  }
}

export const STATEMENT_QUEUE = 'statement';

/**
 * Has those of the tenant's statements looked at, once this transaction is committed, that wait for
 * something, of whose invoice something was heard, or whose credit account does not know that the money went
 * back, or is questioned.
 */
export async function wakeStatements(
  jobs: Pick<Jobs, 'send'>,
  tx: Tx,
  {
    tenantId,
    invoiceIds = [],
    now,
  }: { tenantId: string; invoiceIds?: readonly string[]; now: Date },
): Promise<void> {
  const waiting = await listStatementsToLookAt(tx, tenantId, invoiceIds);
  const ids = [...new Set([...waiting, ...(await listOutdatedInAccount(tx, tenantId))])];
  if (ids.length === 0) return;
  await orderStatementLook(tx, ids, now);
  for (const statementId of ids) {
    await jobs.send(STATEMENT_QUEUE, { statementId }, { tx, singletonKey: statementId });
  }
}

export const REMEDY_QUEUE = 'remedy';

/** Has the tenant's remedies carried out, where it has any, when this transaction is committed. */
export async function wakeRemedies(
  jobs: Pick<Jobs, 'send'>,
  tx: Tx,
  tenantId: string,
  now: Date,
): Promise<void> {
  if (!(await hasRemedyToCarryOut(tx, tenantId, now))) return;
  await jobs.send(REMEDY_QUEUE, { tenantId }, { tx, singletonKey: tenantId });
}
