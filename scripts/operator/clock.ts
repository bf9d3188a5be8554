import type { Clock } from '../../src/domain/clock.ts';
import { BillingError, SetUpError } from '../../src/domain/errors.ts';
import { createMovableClock, systemClock } from '../../src/server/clock.ts';
import type { StripeAccess } from '../../src/server/services/stripe/client/client.ts';

/** One that hangs keeps nobody at the command line waiting. */
const ANSWER_WITHIN_MS = 10_000;

/**
 * The machine's time; with a local Stripe its own, which the app beside it shares. Throws one
 * sentence when that does not answer.
 */
export async function clockOf({ apiBase }: StripeAccess): Promise<Clock> {
  if (!apiBase) return systemClock;
  const clock = createMovableClock();
  const there = await nowAt(apiBase);
  if (there > clock.now()) clock.moveTo(there);
  return clock;
}

async function nowAt(apiBase: URL): Promise<Date> {
  try {
    const state = await fetch(new URL('/_control/state', apiBase), {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const { now } = (await state.json()) as { now: number };
    return new Date(now * 1000);
  } catch (error) {
    const cause = new BillingError('stripe_unavailable', 'It does not answer.', { cause: error });
    const sentence = `The local Stripe does not answer at ${apiBase.origin}; is npm start running?`;
    throw new SetUpError(sentence, { cause });
  }
}
