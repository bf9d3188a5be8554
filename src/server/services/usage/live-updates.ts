import type { UsageStats } from '../../../domain/api.ts';
import { periodEnd, periodOf } from '../../../domain/period.ts';
import type { MeteringDeps } from './metering-deps.ts';
import { usageStats } from './stats.ts';

/** Looks again after this long even when nobody told of a change. */
const LOOK_AGAIN_MS = 15_000;

/**
 * The tenant's usage now, and again whenever it has changed, from whichever process; several
 * changes at once give one. Ends when `signal` is aborted. The beginning of a month counts as a
 * change.
 */
export async function* watchUsage(
  deps: MeteringDeps,
  tenantId: string,
  signal: AbortSignal,
): AsyncGenerator<UsageStats, void> {
  let wake: () => void = () => {};
  let moved = true;
  const note = () => {
    moved = true;
    wake();
  };
  const stopWatching = deps.live.watch(tenantId, note);
  signal.addEventListener('abort', note);
  let sent = '';
  try {
    while (!signal.aborted) {
      moved = false;
      const stats = await usageStats(deps, tenantId);
      const text = JSON.stringify([stats.period, stats.resources]);
      if (text !== sent) yield stats;
      sent = text;
      if (moved) continue;
      const sleepMs = Math.min(LOOK_AGAIN_MS, untilNextMonth(deps));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, sleepMs).unref();
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (moved || signal.aborted) wake();
      });
    }
  } finally {
    stopWatching();
    signal.removeEventListener('abort', note);
  }
}

function untilNextMonth({ clock }: MeteringDeps): number {
  const now = clock.now();
  return Math.max(1, periodEnd(periodOf(now)).getTime() - now.getTime());
}
