/** Tells the time, and can be turned forward: whoever shares it turns it for all. */
export interface MovableClock {
  now(): Date;
  /** Throws a RangeError when the instant lies before now. */
  moveTo(instant: Date): void;
}

/** Real time, some way ahead: it goes on by itself and can be turned forward. */
export function offsetClock(): MovableClock {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    moveTo(instant) {
      const forward = instant.getTime() - (Date.now() + ahead);
      // Real time goes on between reading the clock and turning it.
      if (forward < -1000) throw new RangeError('the clock moves forward only');
      ahead += Math.max(forward, 0);
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
