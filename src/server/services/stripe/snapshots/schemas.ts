import { z } from 'zod';

/** Unix seconds, as Stripe writes instants. */
export const seconds = z.number().int();

/** An instant that may be absent. */
export const instantOrNull = seconds.nullish().transform((at) => (at ? toDate(at) : null));

export function toDate(unixSeconds: number): Date {
  return new Date(unixSeconds * 1000);
}

export function toUnixSeconds(instant: Date): number {
  return Math.floor(instant.getTime() / 1000);
}

/** The id of a reference that may be expanded. */
export const idOf = z
  .union([z.string(), z.object({ id: z.string() })])
  .transform((reference) => (typeof reference === 'string' ? reference : reference.id));

export const idOrNull = idOf.nullish().transform((id) => id ?? null);

/** An expanded object, or `null` where there is none or only its id. */
export function expanded<S extends z.ZodType>(schema: S) {
  return z
    .union([z.null(), z.undefined(), z.string(), schema])
    .transform((value) =>
      value === null || value === undefined || typeof value === 'string' ? null : value,
    );
}

export const metadata = z
  .record(z.string(), z.string())
  .nullish()
  .transform((m) => m ?? {});

const card = z.object({
  brand: z.string(),
  last4: z.string(),
  exp_month: z.number().int(),
  exp_year: z.number().int(),
  fingerprint: z.string().nullish(),
});

/** A payment method as we show it; `card` is `null` for those that are not cards. */
export const paymentMethod = z
  .object({ id: z.string(), type: z.string(), customer: idOrNull, card: card.nullish() })
  .transform(({ id, customer, card }) => ({
    id,
    /** Whose it is; null once it was taken away: an ended subscription names it still. */
    customerId: customer,
    card: card
      ? {
          brand: card.brand,
          last4: card.last4,
          expMonth: card.exp_month,
          expYear: card.exp_year,
          /** The same for the same card, whoever uses it. */
          fingerprint: card.fingerprint ?? null,
        }
      : null,
  }));

export type PaymentMethodSnapshot = z.output<typeof paymentMethod>;

/** A price as it hangs on an item. `recurring` is absent on one-off prices. */
export const price = z
  .object({
    id: z.string(),
    product: idOf,
    active: z.boolean(),
    lookup_key: z.string().nullish(),
    metadata,
    currency: z.string(),
    unit_amount: z.number().int().nullish(),
    recurring: z.object({ interval: z.string(), interval_count: z.number().int() }).nullish(),
    currency_options: z
      .record(z.string(), z.object({ unit_amount: z.number().int().nullish() }))
      .nullish(),
  })
  .transform(({ lookup_key, unit_amount, recurring, product, currency_options, ...rest }) => ({
    ...rest,
    productId: product,
    lookupKey: lookup_key ?? null,
    amountMinor: unit_amount ?? null,
    recurring: recurring
      ? { interval: recurring.interval, intervalCount: recurring.interval_count }
      : null,
    /** Further currencies with their fixed amounts; none unless they were expanded. */
    currencyOptions: Object.entries(currency_options ?? {}).flatMap(([currency, option]) => {
      const amountMinor = option.unit_amount ?? null;
      return currency === rest.currency || amountMinor === null ? [] : [{ amountMinor, currency }];
    }),
  }));

export type PriceSnapshot = z.output<typeof price>;

/** Whether tax is in what a price asks for, or comes on top of it; null where that is not said. */
export type TaxBehavior = 'exclusive' | 'inclusive' | null;

const taxBehavior = z
  .string()
  .nullish()
  .transform((said): TaxBehavior => (said === 'exclusive' || said === 'inclusive' ? said : null));

const taxedPrice = z.object({
  currency: z.string(),
  tax_behavior: taxBehavior,
  currency_options: z.record(z.string(), z.object({ tax_behavior: taxBehavior })).nullish(),
});

/** What a price, with its `currency_options`, says of tax where it is sold in this currency. */
export function readTaxBehavior(answer: unknown, currency: string): TaxBehavior {
  const one = taxedPrice.parse(answer);
  if (one.currency === currency) return one.tax_behavior;
  return one.currency_options?.[currency]?.tax_behavior ?? null;
}
