import type { Readable } from 'node:stream';
import { BillingError } from '../../../../domain/errors.ts';
import type { Period } from '../../../../domain/period.ts';
import type { MeteringDeps } from '../metering-deps.ts';

/**
 * The tenant's ledger of a month as CSV, as a stream, which holds a connection until it is read or
 * destroyed. 404 when the month was archived, which it is in every bucket at once.
 */
export async function openExport(
  deps: MeteringDeps,
  tenantId: string,
  period: Period,
): Promise<Readable> {
  if (await deps.router.bucket(0).isArchived(period)) {
    throw new BillingError(
      'not_found',
      `The ledger of ${period} has been archived: ask support for the file.`,
    );
  }
  const ledger = await deps.router.read(
    tenantId,
    (bucket) => bucket.streamLedger(tenantId, period),
    (found) => found === undefined,
  );
  if (ledger !== undefined) return ledger;
  throw new BillingError('tenant_not_found', `There is no tenant ${tenantId}.`);
}
