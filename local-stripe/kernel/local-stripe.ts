import type { MovableClock } from './clock.ts';
import type { Dispatcher } from './deliveries/dispatcher.ts';
import type { Kernel } from './kernel.ts';

/** A running local Stripe: what pages and control panel build on, and what tests hold. */
export interface LocalStripe {
  /** `http://127.0.0.1:<port>` */
  url: string;
  port: number;
  clock: MovableClock;
  kernel: Kernel;
  dispatcher: Dispatcher;
  /** Answers a request without a socket. */
  fetch(request: Request): Response | Promise<Response>;
  /** Moves the clock to that unix second; resolves to the time when all is done and delivered. */
  advanceTo(unixSeconds: number): Promise<number>;
  /** Resolves when all due work and all deliveries are done. */
  settled(): Promise<void>;
  /** Does what is overdue by the clock; what a person does on a page comes after it. */
  catchUp(): Promise<void>;
  /** Forgets everything, also on disk. */
  reset(): Promise<void>;
  close(): Promise<void>;
}
