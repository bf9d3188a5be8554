import type { Stripe } from 'stripe';
import { z } from 'zod';
import { idOf, idOrNull, metadata, seconds, toDate } from './schemas.ts';

/**
 * A phase of a schedule, and the same as parameters: Stripe replaces a phase by what it is sent, so
 * everything on it that a change does not mean is sent again as it stood.
 */

type Phase = Stripe.SubscriptionScheduleUpdateParams.Phase;

const discounts = z
  .array(z.object({ discount: idOrNull, coupon: idOrNull, promotion_code: idOrNull }))
  .nullish()
  .transform((given) =>
    (given ?? []).flatMap(({ discount, coupon, promotion_code }) => {
      if (discount) return { discount };
      if (coupon) return { coupon };
      return promotion_code ? { promotion_code } : [];
    }),
  );

const taxRates = z
  .array(idOf)
  .nullish()
  .transform((ids) => ids ?? []);

const phaseItem = z
  .object({
    price: idOf,
    quantity: z.number().int().nullish(),
    discounts,
    tax_rates: taxRates,
    metadata,
  })
  .transform(({ price, quantity, discounts, tax_rates, metadata }) => ({
    price,
    ...(quantity === null || quantity === undefined ? {} : { quantity }),
    ...(discounts.length > 0 ? { discounts } : {}),
    ...(tax_rates.length > 0 ? { tax_rates } : {}),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
  }));

/** What of a phase goes on into another one, as parameters. */
const kept = z
  .object({
    items: z.array(phaseItem),
    collection_method: z.enum(['charge_automatically', 'send_invoice']).nullish(),
    default_payment_method: idOrNull,
    default_tax_rates: taxRates,
    description: z.string().nullish(),
    discounts,
    metadata,
    automatic_tax: z.object({ enabled: z.boolean() }).nullish(),
    invoice_settings: z.object({ days_until_due: z.number().int().nullish() }).nullish(),
  })
  .transform((p) => ({
    items: p.items,
    ...(p.collection_method ? { collection_method: p.collection_method } : {}),
    ...(p.default_payment_method ? { default_payment_method: p.default_payment_method } : {}),
    ...(p.default_tax_rates.length > 0 ? { default_tax_rates: p.default_tax_rates } : {}),
    ...(p.description ? { description: p.description } : {}),
    ...(p.discounts.length > 0 ? { discounts: p.discounts } : {}),
    ...(Object.keys(p.metadata).length > 0 ? { metadata: p.metadata } : {}),
    ...(p.automatic_tax ? { automatic_tax: { enabled: p.automatic_tax.enabled } } : {}),
    ...(p.invoice_settings?.days_until_due
      ? { invoice_settings: { days_until_due: p.invoice_settings.days_until_due } }
      : {}),
  }));

const span = z.object({
  start_date: seconds,
  end_date: seconds,
  trial_end: seconds.nullish(),
  billing_cycle_anchor: z.string().nullish(),
});

export const schedulePhase = z
  .unknown()
  .transform((raw) => ({ ...span.parse(raw), keeps: kept.parse(raw) }))
  .transform(({ start_date, end_date, trial_end, billing_cycle_anchor, keeps }) => ({
    startsAt: toDate(start_date),
    endsAt: toDate(end_date),
    priceIds: keeps.items.map((one) => one.price),
    trialEnd: trial_end ? toDate(trial_end) : null,
    anchor: billing_cycle_anchor ?? null,
    keeps: keeps satisfies Partial<Phase>,
  }));

export type SchedulePhaseSnapshot = z.output<typeof schedulePhase>;
