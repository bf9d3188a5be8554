import type Stripe from 'stripe';
import { invalidRequest } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';

/** Rates by hand. Whether a rate is inclusive, and its percentage, never change. */
export const taxRates = resource({
  kind: 'tax_rate',
  path: '/v1/tax_rates',
  noun: 'tax rate',
  list: {
    active: (rate, active: boolean) => rate.active === active,
    inclusive: (rate, inclusive: boolean) => rate.inclusive === inclusive,
  },
  create: createRate,
  update: updateRate,
});

function createRate(ctx: Context, params: Stripe.TaxRateCreateParams): Stripe.TaxRate {
  const { percentage } = params;
  const isTooFine = Math.abs(percentage * 10_000 - Math.round(percentage * 10_000)) > 1e-6;
  if (percentage < 0 || percentage > 100 || isTooFine) {
    throw invalidRequest(
      'Invalid percentage: it must be between 0 and 100, with at most four decimal places.',
      'percentage',
    );
  }
  const rate = ctx.store.put('tax_rate', {
    id: ctx.newId('txr'),
    object: 'tax_rate',
    active: params.active ?? true,
    country: params.country ?? null,
    created: ctx.now,
    description: params.description ?? null,
    display_name: params.display_name,
    effective_percentage: percentage,
    flat_amount: null,
    inclusive: params.inclusive,
    jurisdiction: params.jurisdiction ?? null,
    jurisdiction_level: null,
    livemode: false,
    metadata: mergeMetadata({}, params.metadata),
    percentage,
    rate_type: 'percentage',
    state: params.state ?? null,
    tax_type: params.tax_type ?? null,
  });
  ctx.emit('tax_rate.created', rate);
  return rate;
}

function updateRate(
  ctx: Context,
  before: Stripe.TaxRate,
  params: Stripe.TaxRateUpdateParams,
): Stripe.TaxRate {
  const { expand: _expand, metadata, ...given } = params;
  const patch: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) patch[name] = value === '' ? null : value;
  return ctx.update(
    'tax_rate',
    before,
    { ...patch, metadata: mergeMetadata(before.metadata ?? {}, metadata) },
    'tax_rate.updated',
  );
}
