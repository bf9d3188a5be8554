import { z } from 'zod';
import type { SettingsRow } from '../kernel/rows.ts';
import { changeSettings, readSettings } from '../kernel/settings.ts';
import type { Context } from '../kernel/types.ts';

/** Wallets tell so many seconds later what became of a payment; 0: at once. */
export const delayedPaymentsBody = z.strictObject({
  seconds: z
    .number()
    .int()
    .min(0)
    .max(30 * 86_400)
    .optional(),
  outcome: z.enum(['succeeded', 'failed']).optional(),
});

export function setDelayedPayments(
  ctx: Context,
  change: z.infer<typeof delayedPaymentsBody>,
): SettingsRow['delayedPayments'] {
  const delayedPayments = { ...readSettings(ctx.store).delayedPayments, ...change };
  return changeSettings(ctx.store, { delayedPayments }).delayedPayments;
}
