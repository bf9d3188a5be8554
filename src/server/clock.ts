import type { Clock, MovableClock } from '../domain/clock.ts';

/** The machine's time. */
export const systemClock: Clock = { now: () => new Date() };

/**
 * The machine's time plus an offset that only grows: it ticks on, and can be turned forwards.
 * `offsetMs` restores the offset of an earlier run.
 */
export function createMovableClock(offsetMs = 0): MovableClock & { readonly offsetMs: number } {
  let offset = offsetMs;
  return {
    now: () => new Date(Date.now() + offset),
    moveTo(instant) {
      const next = instant.getTime() - Date.now();
      if (next < offset)
        throw new RangeError(`The clock cannot go back to ${instant.toISOString()}.`);
      offset = next;
    },
    get offsetMs() {
      return offset;
    },
  };
}
