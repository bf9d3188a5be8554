import type { MeteringDeps } from './metering-deps.ts';

/** A statement's worth: short enough to hold nothing up. */
const PRUNED_AT_ONCE = 10_000;

/** Deletes closed reservations that nobody asks about any more, in every bucket; answers how many. */
export async function pruneReservations({
  router,
  clock,
}: Pick<MeteringDeps, 'router' | 'clock'>): Promise<number> {
  const before = (days: number) => new Date(clock.now().getTime() - days * 86_400_000);
  const pruned = await router.inEach(async (bucket) => {
    let count = 0;
    for (let last = PRUNED_AT_ONCE; last === PRUNED_AT_ONCE; count += last) {
      last = await bucket.prune(before(7), before(35), PRUNED_AT_ONCE);
    }
    return count;
  });
  return pruned.reduce((sum, count) => sum + count, 0);
}
