import { z } from 'zod';
import { defaultRegistrations } from '../billing/tax/registrations.ts';
import { billingSettings, changeBilling } from '../billing/settings.ts';
import type { TaxSettings } from '../billing/settings.ts';
import type { Context } from '../kernel/types.ts';

const country = z.string().regex(/^[A-Z]{2}$/, { error: 'a country by its two capital letters' });

const registration = z.strictObject({
  country,
  state: z.string().min(1).max(10).toUpperCase().optional(),
  percentage: z
    .number()
    .min(0)
    .max(100)
    .refine((value) => Math.abs(value * 10_000 - Math.round(value * 10_000)) < 1e-6, {
      error: 'at most four decimal places',
    }),
  tax: z.enum(['gst', 'jct', 'sales_tax', 'vat']).default('vat'),
});

/** What is not given stays as it was; `registrations: null` is the table that comes along. */
export const taxBody = z.strictObject({
  country: country.optional(),
  registrations: z.array(registration).max(1000).nullable().optional(),
});

/** Where the business is, and where it collects tax, after the change. */
export function setTax(
  ctx: Context,
  { country: place, registrations }: z.infer<typeof taxBody>,
): TaxSettings {
  const { tax } = changeBilling(ctx.store, {
    tax: {
      ...billingSettings(ctx.store).tax,
      ...(place === undefined ? {} : { country: place }),
      ...(registrations === undefined
        ? {}
        : {
            registrations:
              registrations?.map(({ state, ...rest }) =>
                state === undefined ? rest : { ...rest, state },
              ) ?? null,
          }),
    },
  });
  return { ...tax, registrations: tax.registrations ?? [...defaultRegistrations] };
}
