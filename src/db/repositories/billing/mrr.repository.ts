import { desc, eq } from 'drizzle-orm';
import type { DbOrTx, Tx } from '../../client.ts';
import { mrrMovements, type MrrMovementRow } from '../../schema/index.ts';

/** The newest movement of a tenant in each currency. */
export function listLastMovements(db: DbOrTx, tenantId: string): Promise<MrrMovementRow[]> {
  return db
    .selectDistinctOn([mrrMovements.currency])
    .from(mrrMovements)
    .where(eq(mrrMovements.tenantId, tenantId))
    .orderBy(mrrMovements.currency, desc(mrrMovements.id));
}

/** Writes one; under the customer's lock, so that it follows the last. */
export async function insertMovement(tx: Tx, values: Omit<MrrMovementRow, 'id'>): Promise<void> {
  await tx.insert(mrrMovements).values(values);
}
