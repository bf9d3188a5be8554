import type { Tx } from '../../../../db/client.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import {
  boundOverage as boundIn,
  readOverageTaken as readIn,
  type OverageTakenNow,
  type OverageTakenOf,
} from '../../../../db/repositories/usage/credits/overage.ts';
import { placeCredits } from '../../../../db/repositories/usage/credits/place.ts';
import type { Actor } from '../../../../domain/ids.ts';
import { periodOf } from '../../../../domain/period.ts';
import type { CreditDeps } from './credit-deps.ts';
import { orDatabaseUnavailable } from './or-database-unavailable.ts';

type Deps = Pick<CreditDeps, 'db' | 'buckets' | 'clock'>;

/**
 * What overage takes of months, and the cap in force: read where calls are admitted, in the caller's
 * transaction, whose lock keeps anybody from agreeing to another cap. 503 `database_unavailable`.
 */
export function readOverageTaken(
  { db, buckets }: Deps,
  of: OverageTakenOf,
  within?: Tx,
): Promise<OverageTakenNow> {
  const read = async (tx: Tx) => readIn(await placeCredits(tx, buckets, of.tenantId), of);
  return orDatabaseUnavailable(within ? read(within) : db.transaction(read));
}

export interface BoundRequest {
  tenantId: string;
  actor: Actor;
  requestId: string | null;
  /** What the rule leaves; 0 switches overage off. */
  capMinor: number;
}

/**
 * Lowers the cap in force to what a spending rule leaves, in the transaction that writes the rule, with an
 * entry of the audit log and a notice of which the owner gets a mail. What is used and held stays. A
 * bucket on a server of its own is told before the rule is committed: cut short between, the cap is lower
 * than it has to be, and setting the rule again finds it so. 503 `database_unavailable`.
 */
export async function boundOverage(
  { buckets, clock }: Deps,
  { tenantId, actor, requestId, capMinor }: BoundRequest,
  within: Tx,
): Promise<void> {
  const now = clock.now();
  const bound = { tenantId, actor, capMinor, period: periodOf(now), now };
  const change = async () => boundIn(await placeCredits(within, buckets, tenantId), bound);
  const before = await orDatabaseUnavailable(change());
  if (before === null) return;
  await insertAuditEntry(within, {
    ...{ tenantId, actor, requestId, now, action: 'overage.bound' },
    before: { enabled: true, capMinor: before },
    after: { enabled: capMinor > 0, capMinor },
  });
}
