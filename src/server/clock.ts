import type { Clock, MovableClock } from '../domain/clock.ts';

/** The machine's time. */
export const systemClock: Clock = { now: () => new Date() };

/** The machine's time plus an offset that only grows: it ticks on, and can be turned forwards. */
export function createMovableClock(): MovableClock {
  let offsetMs = 0;
  return {
    now: () => new Date(Date.now() + offsetMs),
    moveTo(instant) {
      const next = instant.getTime() - Date.now();
      if (next < offsetMs) {
        throw new RangeError(`The clock cannot go back to ${instant.toISOString()}.`);
      }
      offsetMs = next;
    },
  };
}
