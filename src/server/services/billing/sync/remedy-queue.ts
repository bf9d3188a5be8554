import type { Tx } from '../../../../db/client.ts';
import type { Jobs } from '../../../jobs.ts';

export const REMEDY_QUEUE = 'remedy';

/** Has the tenant's remedies carried out when this transaction is committed. */
export async function wakeRemedies(
  jobs: Pick<Jobs, 'send'>,
  tx: Tx,
  tenantId: string,
): Promise<void> {
  await jobs.send(REMEDY_QUEUE, { tenantId }, { tx, singletonKey: tenantId });
}
