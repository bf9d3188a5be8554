import type { Tx } from '../../../../db/client.ts';
import { hasRemedyToCarryOut } from '../../../../db/repositories/billing/remedy.repository.ts';
import type { Jobs } from '../../../jobs.ts';

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
