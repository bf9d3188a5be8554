/** The only way to read the time. `now()` is an instant; nothing else in the product calls `new Date()`. */
export interface Clock {
  now(): Date;
}

/** A clock that can be turned, forwards only: the local Stripe and the app may share one. */
export interface MovableClock extends Clock {
  /** Moves to `instant`. Throws a RangeError when that lies before `now()`. */
  moveTo(instant: Date): void;
}
