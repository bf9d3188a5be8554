import { inTransaction } from '../../../../db/client.ts';
import { listEnding } from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { MICRO_PER_CREDIT } from '../../../../domain/billing/credits.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { ensureGrant, readLeftOfOne } from './grant.ts';
import type { PurchaseDeps } from './purchase-deps.ts';

const AHEAD_MS = 7 * 86_400_000;
const AT_ONCE = 1_000;

/** Mails the owner of every purchase whose credits expire within seven days, once a purchase, if any are left. */
export async function notifyOfExpiry(deps: PurchaseDeps, signal?: AbortSignal): Promise<void> {
  const { db, clock, log } = deps;
  const now = clock.now();
  const until = new Date(now.getTime() + AHEAD_MS);
  for (const row of await listEnding(db, { now, until, limit: AT_ONCE })) {
    if (signal?.aborted) return;
    try {
      const { expiresAt } = await ensureGrant(deps, row);
      const leftMicro = await readLeftOfOne(deps, row);
      if (leftMicro === 0) continue;
      await inTransaction(db, (tx) =>
        queueMail(tx, row.tenantId, {
          kind: 'credits_ending',
          subjectId: row.id,
          attempt: 0,
          data: {
            credits: Math.floor(leftMicro / MICRO_PER_CREDIT),
            expiresAt: expiresAt.toISOString(),
          },
          now,
        }),
      );
    } catch (err) {
      log.warn({ err, purchaseId: row.id }, 'the end of credits was not told');
    }
  }
}
