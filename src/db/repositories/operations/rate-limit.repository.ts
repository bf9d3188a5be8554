import { lt } from 'drizzle-orm';
import type { DbOrTx } from '../../client.ts';
import { rateLimits } from '../../schema/index.ts';

/** Forgets counts that have begun anew; answers how many. */
export async function deleteExpiredRateLimits(db: DbOrTx, now: Date): Promise<number> {
  const { rowCount } = await db.delete(rateLimits).where(lt(rateLimits.expire, now.getTime()));
  return rowCount ?? 0;
}
