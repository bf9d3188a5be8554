import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import type { Context } from '../../kernel/types.ts';
import { boundary } from '../calendar.ts';
import {
  assertQuantity,
  assertRecurring,
  inCurrency,
  resolvePrice,
} from '../subscription/items.ts';
import { automaticTax } from '../subscription/build.ts';
import { assertTaxable } from '../tax/checks.ts';
import { readTaxRates } from '../tax/rates.ts';
import { refuseUnsupported } from '../unsupported.ts';

type Phase = Stripe.SubscriptionSchedule.Phase;
type GivenPhase = Stripe.SubscriptionScheduleCreateParams.Phase & { start_date?: number | 'now' };

const phasesMax = 10;
const unsupported = [
  'add_invoice_items',
  'application_fee_percent',
  'billing_thresholds',
  'invoice_settings',
  'on_behalf_of',
  'transfer_data',
];

/** The phases as given, each beginning where the one before ends, the first at `start`. */
export function readPhases(
  ctx: Context,
  given: readonly GivenPhase[],
  start: number,
  anchor: number | null,
  terms: ScheduleTerms,
): Phase[] {
  if (given.length === 0 || given.length > phasesMax) {
    throw invalidRequest(`A schedule has between 1 and ${phasesMax} phases.`, 'phases');
  }
  let from = start;
  return given.map((phase, i) => {
    const place = `phases[${i}]`;
    refuseUnsupported(phase, unsupported, place);
    if (i > 0 && typeof phase.start_date === 'number' && phase.start_date !== from) {
      throw invalidRequest('A phase starts when the one before it ends.', `${place}[start_date]`);
    }
    const isLast = i === given.length - 1;
    const built = buildPhase(ctx, phase, { start: from, anchor, place, isLast, terms });
    from = built.end_date;
    return built;
  });
}

/** Where in the schedule a phase stands, and how errors call it. */
interface Place {
  start: number;
  /** The boundary from which the subscription's periods are counted, if there is one yet. */
  anchor: number | null;
  place: string;
  isLast: boolean;
  terms: ScheduleTerms;
}

/** What holds for the whole schedule but for what its phases say. */
export interface ScheduleTerms {
  customer: Stripe.Customer;
  /** Of the subscription that it plans; null where the phases decide. */
  currency: string | null;
  isAutomatic: boolean;
  /** Rates in use already, which may have been archived since. */
  known: readonly Stripe.TaxRate[];
}

function buildPhase(ctx: Context, given: GivenPhase, where: Place): Phase {
  const { start, place, terms } = where;
  const { known } = terms;
  const wanted = given.currency?.toLowerCase() ?? terms.currency;
  const defaults = readTaxRates(ctx, given.default_tax_rates, `${place}[default_tax_rates]`, known);
  const items = given.items.map((item, i) => readItem(ctx, item, `${place}[items][${i}]`, known));
  if (items.length === 0) throw invalidRequest('A phase has at least one item.', `${place}[items]`);
  const isAutomatic = given.automatic_tax?.enabled ?? terms.isAutomatic;
  const currency = wanted ?? ctx.store.get('price', items[0]!.price as string).currency;
  const sold = items.map((item, i) => {
    const price = ctx.store.get('price', item.price as string);
    const param = `${place}[items][${i}][price]`;
    return { price: inCurrency(price, currency, param), rates: item.tax_rates ?? [] };
  });
  assertTaxable(ctx, terms.customer, { defaults, isAutomatic }, sold);
  const { price } = sold[0]!;
  const end = readEnd(given, price, where);
  const trialEnd = given.trial ? end : (given.trial_end ?? null);
  return {
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: (given.billing_cycle_anchor ?? null) as Phase['billing_cycle_anchor'],
    billing_thresholds: null,
    collection_method: (given.collection_method ?? null) as Phase['collection_method'],
    currency,
    default_payment_method: given.default_payment_method ?? null,
    ...(given.automatic_tax === undefined
      ? {}
      : { automatic_tax: automaticTax(given.automatic_tax.enabled) }),
    default_tax_rates: defaults,
    description: given.description || null,
    discounts: readDiscounts(ctx, given.discounts, place),
    end_date: end,
    invoice_settings: null,
    items,
    metadata: metadataOf(given.metadata),
    on_behalf_of: null,
    proration_behavior: (given.proration_behavior ??
      'create_prorations') as Phase['proration_behavior'],
    start_date: start,
    transfer_data: null,
    trial_end: trialEnd,
  };
}

/** Discounts that exist already go on; new ones are redeemed on the subscription. */
function readDiscounts(ctx: Context, given: GivenPhase['discounts'], place: string) {
  return (given || []).map((one, i) => {
    const id = one.discount;
    if (!id) {
      const name = `${place}[discounts][${i}]`;
      throw invalidRequest(`The local Stripe takes existing discounts in a phase alone.`, name);
    }
    if (ctx.store.find('discount', id) === undefined) {
      throw noSuch('discount', id, `${place}[discounts][${i}][discount]`);
    }
    return { coupon: null, discount: id, promotion_code: null };
  });
}

function readItem(
  ctx: Context,
  given: Stripe.SubscriptionScheduleCreateParams.Phase.Item,
  place: string,
  known: readonly Stripe.TaxRate[],
): Phase['items'][number] {
  refuseUnsupported(given, ['billing_thresholds', 'discounts'], place);
  const price = resolvePrice(ctx, given, place);
  assertRecurring(price, null, place);
  assertQuantity(given.quantity, price, place);
  const isMetered = price.recurring!.usage_type === 'metered';
  return {
    billing_thresholds: null,
    discounts: [],
    metadata: metadataOf(given.metadata),
    plan: price.id,
    price: price.id,
    ...(isMetered ? {} : { quantity: given.quantity ?? 1 }),
    tax_rates: readTaxRates(ctx, given.tax_rates, `${place}[tax_rates]`, known),
  };
}

/** As given, empty values included: entering the phase unsets what they name. */
function metadataOf(given: Stripe.Emptyable<Stripe.MetadataParam> | undefined): Stripe.Metadata {
  // Checked as any metadata is.
  mergeMetadata({}, given);
  const entries = Object.entries(given || {});
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value ?? '')]));
}

function readEnd(
  given: GivenPhase,
  price: Stripe.Price,
  { start, anchor, place, isLast }: Place,
): number {
  if (given.end_date !== undefined && given.duration !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: duration, end_date.',
      `${place}[duration]`,
    );
  }
  if (given.duration !== undefined) {
    const count = given.duration.interval_count ?? 1;
    if (count < 1 || count > 120) {
      throw invalidRequest('Invalid positive integer', `${place}[duration][interval_count]`);
    }
    return after(start, given.duration.interval, count, anchor);
  }
  if (given.end_date === undefined && isLast) {
    const { interval, interval_count } = price.recurring!;
    return after(start, interval, interval_count, anchor);
  }
  if (given.end_date === undefined) {
    throw invalidRequest(
      'A phase that another one follows needs an `end_date` or a `duration`.',
      `${place}[end_date]`,
      'parameter_missing',
    );
  }
  if (given.end_date <= start) {
    throw invalidRequest('A phase must end after it starts.', `${place}[end_date]`);
  }
  return given.end_date;
}

/** Where the start is a boundary of the billing rhythm the end is one too, also after a February. */
function after(start: number, interval: string, count: number, anchor: number | null): number {
  const rhythm = { interval, interval_count: 1 };
  if (anchor !== null) {
    for (let n = 0; n < 1300; n += 1) {
      const at = boundary(anchor, rhythm, n);
      if (at === start) return boundary(anchor, rhythm, n + count);
      if (at > start) break;
    }
  }
  return boundary(start, rhythm, count);
}
