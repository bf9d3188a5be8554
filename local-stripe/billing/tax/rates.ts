import type Stripe from 'stripe';
import { randomText } from '../../kernel/ids.ts';
import { invalidRequest, noSuch } from '../../kernel/errors.ts';
import type { TaxRegistration } from '../settings.ts';
import type { Context } from '../../kernel/types.ts';

const ratesMax = 5;

/**
 * The rates that a parameter names (empty text: none), as they are now. `kept` are those in use
 * there already, which may have been archived since.
 */
export function readTaxRates(
  ctx: Context,
  given: Stripe.Emptyable<readonly string[]> | undefined,
  param: string,
  kept: readonly Stripe.TaxRate[] = [],
): Stripe.TaxRate[] {
  const ids = given || [];
  if (ids.length > ratesMax) {
    throw invalidRequest(`At most ${ratesMax} tax rates apply to one line.`, param);
  }
  return ids.map((id) => {
    const rate = ctx.store.find('tax_rate', id);
    if (rate === undefined) throw noSuch('tax rate', id, param);
    if (!rate.active && !kept.some((one) => one.id === id)) {
      throw invalidRequest(`The tax rate ${id} is archived: it cannot be applied anew.`, param);
    }
    return rate;
  });
}

/** What is planned may name any rate, archived since or not. */
export const plannedRates = (ctx: Context): Stripe.TaxRate[] => [
  ...ctx.store.newestFirst('tax_rate'),
];

export const idsOf = (rates: readonly Stripe.TaxRate[] | null | undefined): string[] =>
  (rates ?? []).map(({ id }) => id);

/** The rates behind ids that are known to be there. */
export const ratesOf = (ctx: Context, ids: readonly string[]): Stripe.TaxRate[] =>
  ids.map((id) => ctx.store.get('tax_rate', id));

const names = { gst: 'GST', jct: 'JCT', sales_tax: 'Sales tax', vat: 'VAT' } as const;

/** The rate that Stripe makes for a tax it has computed: archived at once, the same for the same tax. */
export function computedRate(
  ctx: Context,
  at: Pick<TaxRegistration, 'country' | 'percentage' | 'state' | 'tax'>,
  inclusive: boolean,
): Stripe.TaxRate {
  const key = [at.country, at.state, at.tax, at.percentage, inclusive].join(':');
  const id = `txr_1${randomText(`computed:${key}`, 23)}`;
  const found = ctx.store.find('tax_rate', id);
  if (found !== undefined) return found;
  return ctx.store.put('tax_rate', {
    id,
    object: 'tax_rate',
    active: false,
    country: at.country,
    created: ctx.now,
    description: null,
    display_name: names[at.tax],
    effective_percentage: at.percentage,
    flat_amount: null,
    inclusive,
    jurisdiction: at.state ?? at.country,
    jurisdiction_level: at.state === undefined ? 'country' : 'state',
    livemode: false,
    metadata: {},
    percentage: at.percentage,
    rate_type: 'percentage',
    state: at.state ?? null,
    tax_type: at.tax,
  });
}
