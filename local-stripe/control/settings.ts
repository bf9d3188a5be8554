import { z } from 'zod';
import type { SettingsRow } from '../kernel/rows.ts';
import { changeSettings, readSettings } from '../kernel/settings.ts';
import type { Context } from '../kernel/types.ts';

const rate = z.number().min(0).max(1);

/** Rates are 0 to 1. What is not given stays as it was. */
export const chaosBody = z.strictObject({
  duplicate: rate.optional(),
  shuffle: rate.optional(),
  drop: rate.optional(),
  delayMs: z.number().int().min(0).max(60_000).optional(),
  failNext: z
    .array(
      z.strictObject({
        status: z.number().int().min(400).max(599),
        code: z.string().min(1).max(100).optional(),
        /** True does the work and then loses the answer. */
        afterExecution: z.boolean().optional(),
      }),
    )
    .max(1000)
    .optional(),
});

export const retryBody = z.strictObject({
  attempts: z.number().int().min(1).max(100).optional(),
  spacingSeconds: z
    .number()
    .int()
    .min(60)
    .max(90 * 86_400)
    .optional(),
  final: z.enum(['cancel', 'unpaid', 'past_due', 'pause']).optional(),
});

export function setChaos(ctx: Context, change: z.infer<typeof chaosBody>): SettingsRow['chaos'] {
  const chaos = { ...readSettings(ctx.store).chaos, ...change };
  return changeSettings(ctx.store, { chaos }).chaos;
}

export function setRetry(ctx: Context, change: z.infer<typeof retryBody>): SettingsRow['retry'] {
  const retry = { ...readSettings(ctx.store).retry, ...change };
  return changeSettings(ctx.store, { retry }).retry;
}
