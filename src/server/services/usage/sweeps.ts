import { nextPeriod, periodOf } from '../../../domain/period.ts';
import type { MeteringDeps } from './metering-deps.ts';

/** A statement's worth: short enough to hold nothing up. */
const PRUNED_AT_ONCE = 10_000;

/** Releases reservations past their time; answers of how many tenants. */
export async function expireReservations(deps: MeteringDeps): Promise<number> {
  const { router, clock, live } = deps;
  const now = clock.now();
  const tenants = (await router.inEach((bucket) => bucket.expire(now), noteAway(deps))).flat();
  for (const tenantId of tenants) live.changed(tenantId);
  return tenants.length;
}

/**
 * Deletes closed reservations that nobody asks about any more; answers how many. Settling one again
 * is answered as before for a week; one that expired may be settled late for five.
 */
export async function pruneReservations(deps: MeteringDeps): Promise<number> {
  const before = (days: number) => new Date(deps.clock.now().getTime() - days * 86_400_000);
  const pruned = await deps.router.inEach(async (bucket) => {
    let count = 0;
    for (let last = PRUNED_AT_ONCE; last === PRUNED_AT_ONCE; count += last) {
      last = await bucket.prune(before(7), before(35), PRUNED_AT_ONCE);
    }
    return count;
  }, noteAway(deps));
  return pruned.reduce((sum, count) => sum + count, 0);
}

/** Makes the ledger's partitions of this month and the next, so that no call has to. */
export async function ensurePartitions(deps: MeteringDeps): Promise<void> {
  const current = periodOf(deps.clock.now());
  await deps.router.inEach(
    (bucket) => bucket.ensurePartitions([current, nextPeriod(current)]),
    noteAway(deps),
  );
}

const noteAway =
  ({ log }: MeteringDeps) =>
  (node: string, err: unknown) =>
    log.warn({ err, node }, 'a server of buckets did not answer');
