import { z } from 'zod';
import type { LocalStripe } from '../kernel/local-stripe.ts';
import { ControlError } from './errors.ts';

const day = 86_400;
/** More than this in one step is surely a mistake (milliseconds for seconds, say). */
export const longestStepSeconds = 3660 * day;

export const clockBody = z
  .strictObject({
    advanceSeconds: z.number().int().min(0).max(longestStepSeconds).optional(),
    to: z.number().int().min(0).optional(),
  })
  .refine((body) => (body.advanceSeconds === undefined) !== (body.to === undefined), {
    error: 'give either advanceSeconds or to (unix seconds)',
  });

/** Turns the clock; resolves to the time when all that fell due is done and delivered. */
export async function turnClock(
  local: LocalStripe,
  body: z.infer<typeof clockBody>,
): Promise<{ now: number }> {
  const now = local.kernel.now();
  const target = body.to ?? now + body.advanceSeconds!;
  if (target < now) {
    throw new ControlError(
      400,
      'clock_backwards',
      `to: ${target} lies before ${now}; the clock moves forward only.`,
      'to',
    );
  }
  if (target > now + longestStepSeconds) {
    throw new ControlError(400, 'clock_too_far', 'to: at most ten years in one step.', 'to');
  }
  return { now: await local.advanceTo(target) };
}
