import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What all calls to Stripe of one request may take together. With a look at the database before and
 * after, and a wait for whoever changes the same subscription, its answer is there within 15 s.
 */
const STRIPE_TIME_MS = 12_000;

/** The same of a request that only reads: it is answered within 10 s, and says then that it was Stripe. */
export const STRIPE_TIME_OF_READS_MS = 8_500;

const deadlines = new AsyncLocalStorage<number>();

/** Runs `work`, whose calls to Stripe together may take `milliseconds`, or less within less. */
export function withinRequestTime<T>(work: () => T, milliseconds = STRIPE_TIME_MS): T {
  return deadlines.run(performance.now() + Math.min(milliseconds, requestTimeLeft()), work);
}

/** Milliseconds until the request under way gives Stripe up; endless where nobody waits. */
export function requestTimeLeft(): number {
  const deadline = deadlines.getStore();
  return deadline === undefined ? Number.POSITIVE_INFINITY : deadline - performance.now();
}
