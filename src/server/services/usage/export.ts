import type { Readable } from 'node:stream';
import { BillingError } from '../../../domain/errors.ts';
import type { Period } from '../../../domain/period.ts';
import type { UsageParts } from './parts.ts';

/** Each holds a connection for as long as its reader takes. */
const EXPORTS_MAX = 3;
let open = 0;

/**
 * The tenant's ledger of a month as CSV, as a stream. 404 when the month was archived, 503 `busy`
 * when as many exports as may run at once are running.
 */
export async function openExport(
  parts: UsageParts,
  tenantId: string,
  period: Period,
): Promise<Readable> {
  if (await parts.repository.isArchived(period)) {
    throw new BillingError(
      'not_found',
      `The ledger of ${period} has been archived: ask support for the file.`,
    );
  }
  if (open >= EXPORTS_MAX) {
    throw new BillingError('busy', 'Too many exports are running; try again in a few seconds.', {
      retryAfterSeconds: 5,
    });
  }
  open += 1;
  try {
    const stream = await parts.repository.streamLedger(tenantId, period);
    stream.once('close', () => (open -= 1));
    return stream;
  } catch (error) {
    open -= 1;
    throw error;
  }
}
