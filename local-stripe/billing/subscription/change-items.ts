import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { plannedRates, readTaxRates } from '../tax/rates.ts';
import {
  assertQuantity,
  assertRecurring,
  buildItem,
  itemsMax,
  refuseItemExtras,
  repriced,
  resolvePrice,
} from './items.ts';
import { redeemAll } from './read-params.ts';

type Item = Stripe.SubscriptionItem;
type GivenItem = Stripe.SubscriptionUpdateParams.Item;

/**
 * The items as an update wants them: changed by id, added without one, gone where `deleted`. What was
 * planned may have a price that was archived since.
 */
export function readItems(
  ctx: Context,
  before: Stripe.Subscription,
  given: GivenItem[],
  isPlanned = false,
): Item[] {
  let items = [...before.items.data];
  for (const [i, one] of given.entries()) {
    const place = `items[${i}]`;
    refuseItemExtras(one, place);
    if (one.id === undefined) {
      items.push(newItem(ctx, before, one, place, isPlanned));
      continue;
    }
    const old = items.find(({ id }) => id === one.id);
    if (old === undefined) throw noSuch('subscription_item', one.id, `${place}[id]`);
    if (one.deleted) items = items.filter(({ id }) => id !== one.id);
    else
      items = items.map((item) =>
        item === old ? changedItem(ctx, before, old, one, place, isPlanned) : item,
      );
  }
  if (items.length === 0) {
    throw invalidRequest('A subscription must have at least one active plan.', 'items');
  }
  if (items.length > itemsMax) {
    throw invalidRequest(`A subscription can have up to ${itemsMax} items.`, 'items');
  }
  const prices = items.map((item) => item.price.id);
  if (new Set(prices).size < prices.length) {
    throw invalidRequest(
      'Cannot add multiple subscription items with the same plan or price.',
      'items',
    );
  }
  return items;
}

function newItem(
  ctx: Context,
  before: Stripe.Subscription,
  one: GivenItem,
  place: string,
  isPlanned: boolean,
): Item {
  const price = resolvePrice(ctx, one, place);
  assertRecurring(price, before.currency, place, isPlanned);
  assertQuantity(one.quantity, price, place);
  const id = ctx.newId('si');
  const { currency } = before;
  const target = {
    customer: idOf(before.customer),
    subscription: before.id,
    subscriptionItem: id,
    currency,
  };
  return buildItem(ctx, {
    id,
    subscription: before.id,
    price,
    quantity: one.quantity,
    period: { start: ctx.now, end: ctx.now },
    metadata: one.metadata,
    discounts: redeemAll(ctx, one.discounts || [], target, [{ price }], `${place}[discounts]`),
    taxRates: readTaxRates(
      ctx,
      one.tax_rates,
      `${place}[tax_rates]`,
      isPlanned ? plannedRates(ctx) : [],
    ),
  });
}

function changedItem(
  ctx: Context,
  before: Stripe.Subscription,
  old: Item,
  one: GivenItem,
  place: string,
  isPlanned: boolean,
): Item {
  const isRepriced =
    one.price !== undefined || one.plan !== undefined || one.price_data !== undefined;
  const price = isRepriced ? resolvePrice(ctx, one, place) : ctx.store.get('price', old.price.id);
  if (isRepriced && price.id !== old.price.id) {
    assertRecurring(price, before.currency, place, isPlanned);
  }
  assertQuantity(one.quantity, price, place);
  const item = isRepriced || one.quantity !== undefined ? repriced(old, price, one.quantity) : old;
  const target = {
    customer: idOf(before.customer),
    subscription: before.id,
    subscriptionItem: old.id,
    currency: before.currency,
  };
  const discounts =
    one.discounts === undefined
      ? old.discounts
      : redeemAll(ctx, one.discounts, target, [{ price }], `${place}[discounts]`);
  const kept = isPlanned ? plannedRates(ctx) : (old.tax_rates ?? []);
  const tax_rates =
    one.tax_rates === undefined
      ? old.tax_rates
      : readTaxRates(ctx, one.tax_rates, `${place}[tax_rates]`, kept);
  return { ...item, discounts, tax_rates, metadata: mergeMetadata(old.metadata, one.metadata) };
}
