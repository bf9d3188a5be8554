import type Stripe from 'stripe';
import { withPriceOfNow } from '../billing/catalog/price-of-item.ts';
import { updateSubscription } from '../billing/subscription/update.ts';
import { invalidRequest, missingParam, noSuch } from '../kernel/errors.ts';
import { listPage } from '../kernel/list.ts';
import type { Context, Params, Resource } from '../kernel/types.ts';

type Item = Stripe.SubscriptionItem;

const path = '/v1/subscription_items';

/** Items live within their subscription; what is done to one is an update of the subscription. */
export const subscriptionItems = {
  kind: 'subscription_item',
  noun: 'subscription_item',
  routes: [
    { method: 'GET', path, handle: listItems },
    { method: 'POST', path, handle: createItem },
    {
      method: 'GET',
      path: `${path}/:id`,
      handle: (ctx: Context, _params: Params, { id }: Record<string, string>) => {
        return findItem(ctx, id!).item;
      },
    },
    { method: 'POST', path: `${path}/:id`, handle: updateItem },
    { method: 'DELETE', path: `${path}/:id`, handle: deleteItem },
  ],
  references: { discounts: 'discount', 'price.product': 'product', 'plan.product': 'product' },
  includes: {},
  indexes: {},
  due: {},
  present: withPriceOfNow,
} as unknown as Resource;

function listItems(ctx: Context, params: Params): object {
  const id = params.subscription as string | undefined;
  if (id === undefined) throw missingParam('subscription');
  const subscription = ctx.store.find('subscription', id);
  if (subscription === undefined) throw noSuch('subscription', id, 'subscription');
  const items = [...subscription.items.data].reverse();
  return listPage(params, path, 'subscription_item', items);
}

function createItem(ctx: Context, params: Params): object {
  const { subscription: id, ...given } = params as unknown as Stripe.SubscriptionItemCreateParams;
  const before = ctx.store.find('subscription', id);
  if (before === undefined) throw noSuch('subscription', id, 'subscription');
  const known = new Set(before.items.data.map((item) => item.id));
  const { item, rest } = split(given);
  const after = updateSubscription(ctx, before, { ...rest, items: [item] });
  const made = after.items.data.find((one) => !known.has(one.id));
  return made ?? after.pending_update?.subscription_items?.find((one) => !known.has(one.id)) ?? {};
}

function updateItem(ctx: Context, params: Params, { id }: Record<string, string>): object {
  const { subscription } = findItem(ctx, id!);
  const { item, rest } = split(params as Stripe.SubscriptionItemUpdateParams);
  updateSubscription(ctx, subscription, { ...rest, items: [{ ...item, id: id! }] });
  return findItem(ctx, id!).item;
}

function deleteItem(ctx: Context, params: Params, { id }: Record<string, string>): object {
  const { subscription } = findItem(ctx, id!);
  const { rest } = split(params as Stripe.SubscriptionItemUpdateParams);
  if (subscription.items.data.length === 1) {
    throw invalidRequest(
      'A subscription must have at least one active plan. To cancel the subscription, use the cancel subscription endpoint.',
    );
  }
  updateSubscription(ctx, subscription, { ...rest, items: [{ id: id!, deleted: true }] });
  return ctx.store.put('_deleted', { id: id!, object: 'subscription_item', deleted: true });
}

/** What is said of the item, and of the update as a whole. */
function split(given: Stripe.SubscriptionItemUpdateParams): {
  item: Stripe.SubscriptionUpdateParams.Item;
  rest: Stripe.SubscriptionUpdateParams;
} {
  const { payment_behavior, proration_behavior, proration_date, off_session, ...item } = given;
  return {
    item: item as Stripe.SubscriptionUpdateParams.Item,
    rest: {
      ...(payment_behavior === undefined ? {} : { payment_behavior }),
      ...(proration_behavior === undefined ? {} : { proration_behavior }),
      ...(proration_date === undefined ? {} : { proration_date }),
      ...(off_session === undefined ? {} : { off_session }),
    },
  };
}

function findItem(ctx: Context, id: string): { subscription: Stripe.Subscription; item: Item } {
  const [subscription] = ctx.store.by('subscription', 'item', id);
  const item = subscription?.items.data.find((one) => one.id === id);
  if (subscription === undefined || item === undefined) throw noSuch('subscription_item', id);
  return { subscription, item };
}
