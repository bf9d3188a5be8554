import type Stripe from 'stripe';
import { assertUrl } from '../kernel/web-address.ts';
import { invalidRequest, missingParam, noSuch } from '../kernel/errors.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';

type Flow = Stripe.BillingPortal.Session.Flow;
type FlowData = Stripe.BillingPortal.SessionCreateParams.FlowData;
type Configuration = Stripe.BillingPortal.Configuration;

const featureOfFlow: Record<string, keyof Configuration['features']> = {
  customer_update: 'customer_update',
  payment_method_update: 'payment_method_update',
  subscription_cancel: 'subscription_cancel',
  subscription_pause: 'subscription_pause',
  subscription_update: 'subscription_update',
  subscription_update_confirm: 'subscription_update',
};

/** A deep link's flow, refused where the configuration or the subscription does not allow it. */
export function readFlow(
  ctx: Context,
  data: FlowData,
  customer: string,
  configuration: Configuration,
): Flow {
  const feature = featureOfFlow[data.type];
  if (feature === undefined) throw invalidRequest('Unknown flow type.', 'flow_data[type]');
  if (!configuration.features[feature].enabled) {
    throw invalidRequest(
      `The ${feature} feature is disabled in the portal configuration ${configuration.id}.`,
      'flow_data[type]',
    );
  }
  const flow: Flow = {
    after_completion: readAfterCompletion(data),
    customer_update: data.type === 'customer_update' ? {} : null,
    subscription_cancel: null,
    subscription_pause: null,
    subscription_update: null,
    subscription_update_confirm: null,
    type: data.type,
  };
  if (!data.type.startsWith('subscription_')) return flow;
  const details = data[data.type as 'subscription_cancel'];
  if (!details) throw missingParam(`flow_data[${data.type}]`);
  const subscription = subscriptionOf(ctx, details.subscription, customer, data.type);
  switch (data.type) {
    case 'subscription_cancel':
      flow.subscription_cancel = readCancel(ctx, data.subscription_cancel!, subscription);
      break;
    case 'subscription_pause':
      flow.subscription_pause = { subscription: subscription.id };
      break;
    case 'subscription_update':
      flow.subscription_update = { subscription: subscription.id };
      break;
    default:
      flow.subscription_update_confirm = readConfirm(
        ctx,
        data.subscription_update_confirm!,
        subscription,
        configuration,
      );
  }
  return flow;
}

function readAfterCompletion(data: FlowData): Flow['after_completion'] {
  const given = data.after_completion;
  const type = given?.type ?? 'portal_homepage';
  if (type === 'redirect') {
    const url = given?.redirect?.return_url;
    if (!url) throw missingParam('flow_data[after_completion][redirect][return_url]');
    assertUrl(url, 'flow_data[after_completion][redirect][return_url]');
  }
  return {
    hosted_confirmation:
      type === 'hosted_confirmation'
        ? { custom_message: given?.hosted_confirmation?.custom_message ?? null }
        : null,
    redirect: type === 'redirect' ? { return_url: given!.redirect!.return_url } : null,
    type,
  };
}

function subscriptionOf(
  ctx: Context,
  id: string,
  customer: string,
  type: string,
): Stripe.Subscription {
  const param = `flow_data[${type}][subscription]`;
  const subscription = ctx.store.find('subscription', id);
  if (subscription === undefined || idOf(subscription.customer) !== customer) {
    throw noSuch('subscription', id, param);
  }
  const isOver = ['canceled', 'incomplete', 'incomplete_expired'].includes(subscription.status);
  if (isOver) {
    throw invalidRequest(
      `This subscription cannot be changed because it is ${subscription.status}.`,
      param,
    );
  }
  const isEnding = subscription.cancel_at !== null || subscription.cancel_at_period_end;
  if (type === 'subscription_cancel' && isEnding) {
    throw invalidRequest('This subscription is already set to be canceled.', param);
  }
  if (type.startsWith('subscription_update') && subscription.items.data.length > 1) {
    throw invalidRequest(
      'This subscription cannot be updated because it contains more than one item.',
      param,
    );
  }
  return subscription;
}

function readCancel(
  ctx: Context,
  given: Stripe.BillingPortal.SessionCreateParams.FlowData.SubscriptionCancel,
  subscription: Stripe.Subscription,
): Flow['subscription_cancel'] {
  const coupon = given.retention?.coupon_offer.coupon;
  if (coupon !== undefined && ctx.store.find('coupon', coupon) === undefined) {
    const param = 'flow_data[subscription_cancel][retention][coupon_offer][coupon]';
    throw noSuch('coupon', coupon, param);
  }
  return {
    retention: coupon === undefined ? null : { coupon_offer: { coupon }, type: 'coupon_offer' },
    subscription: subscription.id,
  };
}

function readConfirm(
  ctx: Context,
  given: Stripe.BillingPortal.SessionCreateParams.FlowData.SubscriptionUpdateConfirm,
  subscription: Stripe.Subscription,
  configuration: Configuration,
): Flow['subscription_update_confirm'] {
  const name = 'flow_data[subscription_update_confirm]';
  const [item, ...more] = given.items;
  if (item === undefined) throw missingParam(`${name}[items]`);
  if (more.length > 0) throw invalidRequest('Only one item may be specified.', `${name}[items]`);
  if (!subscription.items.data.some(({ id }) => id === item.id)) {
    throw noSuch('subscription item', item.id, `${name}[items][0][id]`);
  }
  if (item.price) {
    const products = configuration.features.subscription_update.products ?? [];
    if (!products.some(({ prices }) => prices.includes(item.price!))) {
      throw invalidRequest(
        `The price ${item.price} is not among the products of the portal configuration.`,
        `${name}[items][0][price]`,
      );
    }
  }
  const [discount, ...further] = given.discounts ?? [];
  if (further.length > 0) {
    throw invalidRequest('Only one discount may be specified.', `${name}[discounts]`);
  }
  if (discount?.coupon && ctx.store.find('coupon', discount.coupon) === undefined) {
    throw noSuch('coupon', discount.coupon, `${name}[discounts][0][coupon]`);
  }
  const code = discount?.promotion_code;
  if (code && ctx.store.find('promotion_code', code) === undefined) {
    throw noSuch('promotion code', code, `${name}[discounts][0][promotion_code]`);
  }
  return {
    discounts:
      discount === undefined
        ? null
        : [{ coupon: idOrNull(discount.coupon), promotion_code: idOrNull(code) }],
    items: [
      {
        id: item.id,
        price: item.price ?? null,
        ...(item.quantity === undefined ? {} : { quantity: item.quantity }),
      },
    ],
    subscription: subscription.id,
  };
}
