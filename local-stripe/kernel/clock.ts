import type { MovableClock } from '../../src/domain/clock.ts';

/** Real time plus an offset that only grows: it goes on by itself and can be turned forward. */
export function offsetClock(offsetMs = 0): MovableClock & { offsetMs(): number } {
  let offset = offsetMs;
  return {
    now: () => new Date(Date.now() + offset),
    offsetMs: () => offset,
    moveTo(instant) {
      const forward = instant.getTime() - (Date.now() + offset);
      if (forward < -1000) throw new RangeError('the clock moves forward only');
      offset += Math.max(forward, 0);
    },
  };
}

/** Stands still until it is moved: for tests that state every instant. */
export function frozenClock(startsAt: Date): MovableClock {
  let instant = startsAt.getTime();
  return {
    now: () => new Date(instant),
    moveTo(next) {
      if (next.getTime() < instant) throw new RangeError('the clock moves forward only');
      instant = next.getTime();
    },
  };
}

export function unixSeconds(clock: { now(): Date }): number {
  return Math.floor(clock.now().getTime() / 1000);
}
