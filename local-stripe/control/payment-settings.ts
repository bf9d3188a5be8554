import { z } from 'zod';
import { billingSettings, changeBilling } from '../billing/settings.ts';
import type { BillingSettingsRow } from '../billing/settings.ts';
import type { Context } from '../kernel/types.ts';

const attempts = z.number().int().min(1).max(100).optional();
const spacingSeconds = z
  .number()
  .int()
  .min(60)
  .max(90 * 86_400)
  .optional();

/** What is not given stays as it was. `invoices` is for one-off invoices. */
export const retryBody = z.strictObject({
  attempts,
  spacingSeconds,
  final: z.enum(['cancel', 'unpaid', 'past_due', 'pause']).optional(),
  invoices: z
    .strictObject({
      attempts,
      spacingSeconds,
      final: z.enum(['open', 'uncollectible']).optional(),
    })
    .optional(),
});

/** The settings after the change, those of one-off invoices within. */
export function setRetry(
  ctx: Context,
  { invoices = {}, ...change }: z.infer<typeof retryBody>,
): BillingSettingsRow['retry'] & { invoices: BillingSettingsRow['invoiceRetry'] } {
  const before = billingSettings(ctx.store);
  const after = changeBilling(ctx.store, {
    retry: { ...before.retry, ...change },
    invoiceRetry: { ...before.invoiceRetry, ...invoices },
  });
  return { ...after.retry, invoices: after.invoiceRetry };
}

const seconds = z
  .number()
  .int()
  .min(0)
  .max(30 * 86_400);
const outcome = z.enum(['succeeded', 'failed']).optional();

/** Refunds to wallets end so many seconds later; null: as long as each takes. */
export const walletRefundsBody = z.strictObject({
  seconds: seconds.nullable().optional(),
  outcome,
});

export function setWalletRefunds(
  ctx: Context,
  change: z.infer<typeof walletRefundsBody>,
): BillingSettingsRow['walletRefunds'] {
  const walletRefunds = { ...billingSettings(ctx.store).walletRefunds, ...change };
  return changeBilling(ctx.store, { walletRefunds }).walletRefunds;
}

/** Wallets tell so many seconds later what became of a payment; 0: at once. */
export const delayedPaymentsBody = z.strictObject({ seconds: seconds.optional(), outcome });

export function setDelayedPayments(
  ctx: Context,
  change: z.infer<typeof delayedPaymentsBody>,
): BillingSettingsRow['delayedPayments'] {
  const delayedPayments = { ...billingSettings(ctx.store).delayedPayments, ...change };
  return changeBilling(ctx.store, { delayedPayments }).delayedPayments;
}
