import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import type { Context } from '../../kernel/types.ts';
import { createPrice, presentPrice, priceIn } from '../catalog/price.ts';
import { refuseUnsupported } from '../unsupported.ts';
import type { Period } from '../calendar.ts';

export const itemsMax = 20;
const quantityMax = 1_000_000;

export interface GivenPrice {
  price?: string;
  plan?: string;
  price_data?:
    | Stripe.SubscriptionItemCreateParams.PriceData
    | Stripe.SubscriptionCreateParams.AddInvoiceItem.PriceData;
}

/** The price that a parameter names or describes. `place` names the parameter in errors. */
export function resolvePrice(ctx: Context, given: GivenPrice, place: string): Stripe.Price {
  if (given.price_data !== undefined) {
    const product = given.price_data.product;
    if (ctx.store.find('product', product) === undefined) {
      throw noSuch('product', product, `${place}[price_data][product]`);
    }
    return createPrice(ctx, { ...given.price_data } as Stripe.PriceCreateParams);
  }
  const id = given.price ?? given.plan;
  if (id === undefined) {
    throw invalidRequest(
      `Missing required param: ${place}[price].`,
      `${place}[price]`,
      'parameter_missing',
    );
  }
  const price = ctx.store.find('price', id);
  if (price === undefined) throw noSuch('price', id, `${place}[price]`);
  return price;
}

/**
 * A price that a subscription can bill by: active (but where it was planned), recurring, and with an
 * amount in its currency.
 */
export function assertRecurring(
  price: Stripe.Price,
  currency: string | null,
  place: string,
  isPlanned = false,
): void {
  const param = `${place}[price]`;
  if (!price.active && !isPlanned) {
    throw invalidRequest(
      'The price specified is inactive. This field only accepts active prices.',
      param,
    );
  }
  if (price.recurring === null) {
    throw invalidRequest(
      `The price specified is set to \`type=one_time\` but this field only accepts prices with \`type=recurring\`.`,
      param,
    );
  }
  if (currency !== null) inCurrency(price, currency, param);
}

/** The price in that currency; throws 400 where it has none of it. */
export function inCurrency(price: Stripe.Price, currency: string, param: string): Stripe.Price {
  const found = priceIn(price, currency);
  if (found !== null) return found;
  const supported = Object.keys(price.currency_options ?? { [price.currency]: {} });
  throw invalidRequest(
    `The price specified only supports \`${supported.join('`, `')}\`. This doesn't match the expected currency: \`${currency}\`.`,
    param,
  );
}

export interface ItemFacts {
  id?: string;
  subscription: string;
  price: Stripe.Price;
  quantity: number | undefined;
  period: Period;
  metadata?: Stripe.Emptyable<Stripe.MetadataParam>;
  discounts?: string[];
  taxRates?: Stripe.TaxRate[];
}

export function buildItem(ctx: Context, facts: ItemFacts): Stripe.SubscriptionItem {
  const isMetered = facts.price.recurring!.usage_type === 'metered';
  return {
    id: facts.id ?? ctx.newId('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: ctx.now,
    current_period_end: facts.period.end,
    current_period_start: facts.period.start,
    current_trial: null,
    discounts: facts.discounts ?? [],
    metadata: mergeMetadata({}, facts.metadata),
    plan: planOf(facts.price),
    price: presentPrice(facts.price),
    ...(isMetered ? {} : { quantity: facts.quantity ?? 1 }),
    subscription: facts.subscription,
    tax_rates: facts.taxRates ?? [],
  };
}

/** The item at another price, everything else kept. */
export function repriced(
  item: Stripe.SubscriptionItem,
  price: Stripe.Price,
  quantity: number | undefined,
): Stripe.SubscriptionItem {
  const { quantity: _quantity, ...rest } = item;
  const isMetered = price.recurring!.usage_type === 'metered';
  return {
    ...rest,
    plan: planOf(price),
    price: presentPrice(price),
    ...(isMetered ? {} : { quantity: quantity ?? item.quantity ?? 1 }),
  };
}

export function assertQuantity(
  quantity: number | undefined,
  price: Stripe.Price,
  place: string,
): void {
  if (quantity === undefined) return;
  const param = `${place}[quantity]`;
  if (price.recurring?.usage_type === 'metered') {
    throw invalidRequest('Quantity cannot be set for metered prices.', param);
  }
  if (!Number.isSafeInteger(quantity) || quantity < 0 || quantity > quantityMax) {
    throw invalidRequest('Invalid non-negative integer', param, 'parameter_invalid_integer');
  }
}

export function refuseItemExtras(item: object, place: string): void {
  refuseUnsupported(item, ['billing_thresholds', 'current_trial'], place);
}

/** The price once more, in the words of the time before prices. */
function planOf(price: Stripe.Price): Stripe.Plan {
  const recurring = price.recurring!;
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: recurring.interval,
    interval_count: recurring.interval_count,
    livemode: false,
    metadata: price.metadata,
    meter: recurring.meter,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: price.tiers_mode,
    transform_usage: price.transform_quantity,
    trial_period_days: recurring.trial_period_days,
    usage_type: recurring.usage_type,
  };
}
