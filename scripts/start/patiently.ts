import { setTimeout as pause } from 'node:timers/promises';
import { BillingError } from '../../src/domain/errors.ts';
import type { Context } from '../../src/server/context.ts';

/** So often is asked what a Stripe on a busy machine was too slow for, a second and then longer apart. */
export const TRIES = 5;
const PAUSE_MS = 1_000;

/** Asks again what was away or too slow, which changed nothing; not when the process leaves. */
export async function patiently<T>({ drain }: Context, ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      const passes = error instanceof BillingError && error.status === 503;
      if (!passes || tries === TRIES || drain.begun.aborted) throw error;
      await pause(PAUSE_MS * tries);
    }
  }
}
