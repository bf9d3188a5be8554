import type { Clock } from '../../src/domain/clock.ts';
import { createMovableClock, systemClock } from '../../src/server/clock.ts';
import type { StripeAccess } from '../../src/server/services/stripe/client/client.ts';

/**
 * The machine's time; with a local Stripe its own, which the app beside it shares. Throws one
 * sentence when that does not answer.
 */
export async function clockOf({ apiBase }: StripeAccess): Promise<Clock> {
  if (!apiBase) return systemClock;
  const clock = createMovableClock();
  const state = await fetch(new URL('/_control/state', apiBase)).catch(() => undefined);
  if (!state?.ok) {
    throw new Error(`The local Stripe does not answer at ${apiBase.origin}; is npm start running?`);
  }
  const { now } = (await state.json()) as { now: number };
  const there = new Date(now * 1000);
  if (there > clock.now()) clock.moveTo(there);
  return clock;
}
