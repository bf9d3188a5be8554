import type { MonthOf } from '../../../../db/repositories/usage/ledger/allowance.repository.ts';
import type { UsageRepository } from '../../../../db/repositories/usage.repository.ts';
import { lastClosableMonth } from '../../../../domain/billing/usage/closing.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { periodOf } from '../../../../domain/period.ts';
import type { Logger } from '../../../log.ts';
import type { LiveUsage } from '../live-usage.ts';
import type { UsageRouter } from '../routing/router.ts';

export interface RollOverDeps {
  router: UsageRouter;
  live: Pick<LiveUsage, 'changed'>;
  clock: Clock;
  log: Logger;
}

const AT_ONCE = 500;
const actor = { kind: 'system', task: 'usage-rollover' } as const;

/**
 * Rolls what months that are over left of quotas into the running month, as the plans of those months have
 * it: a month 26 hours after its end, when no work of it is open. Answers how many months of tenants were
 * closed. Cut short, or run twice at once, it comes to the same. One tenant that fails does not stop the
 * others.
 */
export async function rollOverDue(deps: RollOverDeps, signal?: AbortSignal): Promise<number> {
  const { router, log } = deps;
  const closed = await router.inEach(
    (bucket) => rollOverIn(deps, bucket, signal),
    (node, err) => log.warn({ err, node }, 'what rolls over in a bucket waits'),
  );
  return closed.reduce((sum, count) => sum + count, 0);
}

async function rollOverIn(
  { live, clock, log }: RollOverDeps,
  { allowances }: Pick<UsageRepository, 'allowances'>,
  signal: AbortSignal | undefined,
): Promise<number> {
  const last = lastClosableMonth(clock.now());
  for (let after: string | undefined; !signal?.aborted;) {
    after = await allowances.openUnused(last, after, AT_ONCE);
    if (after === undefined) break;
  }
  let count = 0;
  for (let after: MonthOf | undefined; !signal?.aborted;) {
    const due = await allowances.listUndecided(last, after, AT_ONCE);
    after = due.at(-1);
    if (after === undefined) break;
    for (const month of due) {
      if (signal?.aborted) break;
      try {
        const now = clock.now();
        if (!(await allowances.rollOver(month, periodOf(now), { actor, now }))) continue;
        live.changed(month.tenantId);
        count += 1;
      } catch (err) {
        log.error({ err, ...month }, 'what is left of a month could not be rolled over');
      }
    }
  }
  return count;
}
