/** What a program that starts a local Stripe within itself has of it. */
export { startLocalStripe } from './server/start.ts';
export type { LocalStripeOptions } from './server/start.ts';
export type { LocalStripe } from './kernel/local-stripe.ts';
export { frozenClock, offsetClock } from './kernel/clock.ts';
export type { MovableClock } from './kernel/clock.ts';
export type { Call } from './kernel/call-log.ts';
export type { FailureRule } from './kernel/rows.ts';
