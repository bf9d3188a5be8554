import type Stripe from 'stripe';
import { findReadyMadeCard } from '../billing/cards.ts';
import {
  attachMethod,
  createCardMethod,
  detachMethod,
  expiryOfTestCards,
  noSuchMethod,
  readCardNumber,
  resolveMethod,
} from '../billing/payment/methods.ts';
import { createWalletMethod, isWallet } from '../billing/payment/wallets.ts';
import { invalidRequest, missingParam, noSuch } from '../kernel/errors.ts';
import { listPage } from '../kernel/list.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context, Params } from '../kernel/types.ts';
import { address } from '../billing/addresses.ts';

export const paymentMethods = resource({
  kind: 'payment_method',
  path: '/v1/payment_methods',
  noun: 'PaymentMethod',
  retrieve: false,
  references: { customer: 'customer' },
  indexes: { customer: ({ customer }) => idOrNull(customer) },
  list: {
    customer: (method, customer: string) => idOrNull(method.customer) === customer,
    type: (method, type: string) => method.type === type,
    allow_redisplay: (method, value: string) => method.allow_redisplay === value,
  },
  // Without a customer the list is of those that belong to somebody.
  listed: (_ctx, method, params) => method.customer !== null || 'customer' in params,
  create: createMethod,
  update: updateMethod,
  actions: [
    { name: 'detach', handle: (ctx, method) => detachMethod(onClock(ctx, method), method) },
  ],
  routes: [
    {
      method: 'POST',
      path: '/v1/payment_methods/:id/attach',
      handle: (ctx, params, { id }) => attach(ctx, id!, params),
    },
    {
      method: 'GET',
      path: '/v1/payment_methods/:id',
      handle: (ctx, _params, { id }) => resolveMethod(ctx, id!, 'id'),
    },
    {
      method: 'GET',
      path: '/v1/customers/:id/payment_methods',
      handle: (ctx, params, { id }) => listOfCustomer(ctx, params, id!),
    },
    {
      method: 'GET',
      path: '/v1/customers/:customerId/payment_methods/:id',
      handle: (ctx, _params, { customerId, id }) => {
        const method = ctx.store.find('payment_method', id!);
        if (method === undefined || idOrNull(method.customer) !== customerId) {
          throw noSuchMethod(id!, 'id');
        }
        return method;
      },
    },
  ],
});

type CardParams = Stripe.PaymentMethodCreateParams.Card & {
  token?: string;
  number?: string;
  exp_month?: number;
  exp_year?: number;
  cvc?: string;
};

function createMethod(
  ctx: Context,
  params: Stripe.PaymentMethodCreateParams,
): Stripe.PaymentMethod {
  if (params.payment_method !== undefined || params.customer !== undefined) {
    throw invalidRequest('Cloning payment methods is for Connect, which is not imitated.');
  }
  if (params.type === undefined) throw missingParam('type');
  const about = {
    billing: readBilling(params.billing_details),
    ...(params.allow_redisplay === undefined ? {} : { allowRedisplay: params.allow_redisplay }),
    ...(params.metadata === undefined ? {} : { metadata: params.metadata }),
  };
  if (isWallet(params.type)) return createWalletMethod(ctx, params.type, about);
  if (params.type !== 'card') {
    throw invalidRequest(
      `The local Stripe imitates card, alipay and wechat_pay, not ${params.type}.`,
      'type',
    );
  }
  if (params.card === undefined) throw missingParam('card');
  return createCardMethod(ctx, { ...readCard(ctx, params.card as CardParams), ...about });
}

/** `payment_method_data` of an intent: what is made for this payment alone. */
export function createFromData(
  ctx: Context,
  data: Stripe.PaymentIntentCreateParams.PaymentMethodData,
): Stripe.PaymentMethod {
  return createMethod(ctx, data as Stripe.PaymentMethodCreateParams);
}

function readCard(ctx: Context, given: CardParams) {
  if (given.token !== undefined) {
    const card = findReadyMadeCard(given.token);
    if (card === undefined) throw noSuch('token', given.token, 'card[token]');
    return { card, ...expiryOfTestCards(ctx) };
  }
  if (given.number === undefined) throw missingParam('card[number]');
  if (given.exp_month === undefined) throw missingParam('card[exp_month]');
  if (given.exp_year === undefined) throw missingParam('card[exp_year]');
  const entry = {
    number: given.number,
    expMonth: given.exp_month,
    expYear: given.exp_year,
    cvc: given.cvc,
  };
  return { card: readCardNumber(ctx, entry), expMonth: entry.expMonth, expYear: entry.expYear };
}

function readBilling(
  given: Stripe.PaymentMethodCreateParams.BillingDetails | undefined,
): Partial<Stripe.PaymentMethod.BillingDetails> {
  if (given === undefined) return {};
  return {
    ...(given.address === undefined ? {} : { address: address(given.address || {}) }),
    ...(given.email === undefined ? {} : { email: given.email || null }),
    ...(given.name === undefined ? {} : { name: given.name || null }),
    ...(given.phone === undefined ? {} : { phone: given.phone || null }),
    ...(given.tax_id === undefined ? {} : { tax_id: given.tax_id || null }),
  };
}

/** The network that a card with several is to be charged over. */
function preferring(
  card: Stripe.PaymentMethod.Card,
  preferred: string | undefined,
): Partial<Stripe.PaymentMethod.Card> {
  if (preferred === undefined) return {};
  return { networks: { available: card.networks?.available ?? [], preferred } };
}

function updateMethod(
  ctx: Context,
  before: Stripe.PaymentMethod,
  params: Stripe.PaymentMethodUpdateParams,
): Stripe.PaymentMethod {
  if (before.customer === null) {
    throw invalidRequest(
      'You must save this PaymentMethod to a customer before you can update it.',
    );
  }
  const patch: Partial<Stripe.PaymentMethod> = {
    metadata: mergeMetadata(before.metadata, params.metadata),
    billing_details: { ...before.billing_details, ...readBilling(params.billing_details) },
  };
  if (params.allow_redisplay !== undefined) patch.allow_redisplay = params.allow_redisplay;
  const { exp_month, exp_year, networks } = params.card ?? {};
  if (params.card !== undefined) {
    patch.card = {
      ...before.card!,
      ...(exp_month === undefined ? {} : { exp_month }),
      ...(exp_year === undefined ? {} : { exp_year }),
      ...preferring(before.card!, networks?.preferred || undefined),
    };
  }
  return onClock(ctx, before).update('payment_method', before, patch, 'payment_method.updated');
}

/** `POST /v1/payment_methods/pm_card_visa/attach` makes a payment method first, as test mode does. */
function attach(
  global: Context,
  id: string,
  params: Stripe.PaymentMethodAttachParams,
): Stripe.PaymentMethod {
  if (params.customer === undefined) throw missingParam('customer');
  const customer = global.store.find('customer', params.customer);
  if (customer === undefined) throw noSuch('customer', params.customer, 'customer');
  const ctx = global.onClock(idOrNull(customer.test_clock));
  return attachMethod(ctx, resolveMethod(ctx, id, 'id'), customer.id);
}

function listOfCustomer(ctx: Context, params: Params, customer: string): object {
  if (ctx.store.find('customer', customer) === undefined) throw noSuch('customer', customer);
  const theirs = ctx.store.by('payment_method', 'customer', customer).reverse();
  const url = `/v1/customers/${customer}/payment_methods`;
  return listPage(params, url, 'PaymentMethod', theirs, (method) => {
    if (params.type !== undefined && method.type !== params.type) return false;
    return (
      params.allow_redisplay === undefined || method.allow_redisplay === params.allow_redisplay
    );
  });
}

function onClock(ctx: Context, method: Stripe.PaymentMethod): Context {
  const owner = idOrNull(method.customer);
  const customer = owner === null ? undefined : ctx.store.find('customer', owner);
  return ctx.onClock(idOrNull(customer?.test_clock));
}
