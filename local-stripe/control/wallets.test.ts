import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openCheckoutShop } from './testing/checkout-shop.ts';
import type { CheckoutShop } from './testing/checkout-shop.ts';

const day = 86_400;
let shop: CheckoutShop;
let seen = 0;

beforeAll(async () => {
  shop = await openCheckoutShop();
});
afterAll(() => shop.local.close());
beforeEach(() => {
  seen = shop.local.kernel.store.size('_event');
});

const buy = (params: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  shop.create({ mode: 'payment', line_items: [{ price: shop.once.id, quantity: 2 }], ...params });

const control = async (path: string, body: object) => {
  const response = await fetch(`${shop.local.url}/_control/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

async function paidBy(method: 'alipay' | 'wechat_pay'): Promise<Stripe.Charge> {
  const session = await buy();
  await shop.complete(session.id, { method });
  const done = await shop.stripe.checkout.sessions.retrieve(session.id, {
    expand: ['payment_intent.latest_charge'],
  });
  return (done.payment_intent as Stripe.PaymentIntent).latest_charge as Stripe.Charge;
}

describe('8 missing: wallets in Checkout', () => {
  test.each(['alipay', 'wechat_pay'] as const)('%s pays a payment-mode session', async (method) => {
    const session = await buy();
    expect(session.payment_method_types).toEqual(['card', 'alipay', 'wechat_pay']);
    expect(session.payment_method_options).toMatchObject({
      wechat_pay: { app_id: null, client: 'web' },
    });
    const { body } = await shop.complete(session.id, { method, email: 'wu@example.com' });
    expect(body).toEqual({ status: 'complete', paymentStatus: 'paid' });
    expect(shop.eventsSince(seen)).toEqual([
      'payment_intent.created',
      'payment_intent.requires_action',
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.completed',
    ]);
    const done = await shop.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['payment_intent.latest_charge', 'payment_intent.payment_method'],
    });
    const intent = done.payment_intent as Stripe.PaymentIntent;
    expect(intent).toMatchObject({ status: 'succeeded', amount_received: 1000 });
    expect(intent.payment_method).toMatchObject({ type: method, [method]: {} });
    expect(intent.latest_charge).toMatchObject({
      payment_method_details: { type: method, [method]: {} },
    });
  });

  test('8 missing: a wallet whose owner refuses leaves the session open', async () => {
    const session = await buy();
    const { body } = await shop.complete(session.id, { method: 'alipay', authenticate: false });
    expect(body).toMatchObject({
      status: 'open',
      paymentStatus: 'unpaid',
      error: { code: 'payment_intent_authentication_failure' },
    });
    const again = await shop.complete(session.id, { card: 'pm_card_visa' });
    expect(again.body).toEqual({ status: 'complete', paymentStatus: 'paid' });
  });

  test.each([
    ['setup', { mode: 'setup', line_items: undefined, currency: 'cny' }],
    ['subscription', { mode: 'subscription' }],
  ] as const)('8 missing: wallets are refused in %s mode', async (mode, params) => {
    await expect(
      shop.create({ ...params, allowed_payment_method_types: ['wechat_pay'] } as never),
    ).rejects.toMatchObject({
      statusCode: 400,
      message: `The payment method \`wechat_pay\` cannot be used in \`${mode}\` mode.`,
      param: 'allowed_payment_method_types',
    });
    const both = await shop.create({
      ...params,
      allowed_payment_method_types: ['card', 'alipay'],
    } as never);
    expect(both.payment_method_types).toEqual(['card']);
    expect(await shop.complete(both.id, { method: 'alipay' })).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('cannot be used in') as unknown } },
    });
  });

  test.each([
    ['a currency that neither takes', { currency: 'inr' }, {}, ['card']],
    ['a currency that Alipay alone takes', { currency: 'myr' }, {}, ['card', 'alipay']],
    ['a currency that WeChat alone takes', { currency: 'sek' }, {}, ['card', 'wechat_pay']],
    [
      'a filter',
      { currency: 'cny' },
      { allowed_payment_method_types: ['alipay'] as const },
      ['alipay'],
    ],
    [
      'an exclusion',
      { currency: 'cny' },
      { excluded_payment_method_types: ['alipay'] as const },
      ['card', 'wechat_pay'],
    ],
    [
      'a card that is kept',
      { currency: 'cny' },
      { payment_intent_data: { setup_future_usage: 'off_session' as const } },
      ['card'],
    ],
  ])('8 missing: with %s a session offers what fits', async (_name, price, params, types) => {
    const price_data = { ...price, unit_amount: 5000, product_data: { name: 'Pack' } };
    const session = await buy({
      line_items: [{ price_data, quantity: 1 }],
      ...(params as Partial<Stripe.Checkout.SessionCreateParams>),
    });
    expect(session.payment_method_types).toEqual(types);
  });

  test('8 missing: a wallet alone in a currency it does not take is refused', async () => {
    const price_data = { currency: 'inr', unit_amount: 5000, product_data: { name: 'Pack' } };
    await expect(
      buy({
        line_items: [{ price_data, quantity: 1 }],
        allowed_payment_method_types: ['alipay'],
      }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/^Invalid currency: inr\./) as never,
    });
  });

  test('12 WeChat that is asked for by name has to be told that it is on the web', async () => {
    const named = { allowed_payment_method_types: ['card', 'wechat_pay'] as const };
    const refused = {
      statusCode: 400,
      message:
        'WeChat Pay requires `payment_method_options[wechat_pay][client]` to be set to `web`.',
      param: 'payment_method_options[wechat_pay][client]',
    };
    await expect(buy({ ...named } as never)).rejects.toMatchObject(refused);
    const on = (client: 'web' | 'ios') => ({ payment_method_options: { wechat_pay: { client } } });
    await expect(buy(on('ios'))).rejects.toMatchObject(refused);
    const session = await buy({ ...named, ...on('web') } as never);
    expect(session.payment_method_types).toEqual(['card', 'wechat_pay']);
  });

  test.each([
    ['a wallet nobody knows', { method: 'paypal' }],
    ['a card and a wallet', { method: 'alipay', card: 'pm_card_visa' }],
    ['neither', {}],
  ])('8 missing: /complete refuses %s', async (_name, body) => {
    expect(await shop.complete((await buy()).id, body)).toMatchObject({ status: 400 });
  });
});

describe('8 missing: money back from a wallet', () => {
  test.each([
    ['alipay', 300, 90],
    ['wechat_pay', 3600, 180],
  ] as const)('%s refunds take time, and are refused in the end', async (method, wait, days) => {
    const charge = await paidBy(method);
    const refund = await shop.stripe.refunds.create({ charge: charge.id, amount: 400 });
    expect(refund).toMatchObject({ status: 'pending', destination_details: { type: method } });
    const now = shop.local.kernel.now();
    await shop.local.advanceTo(now + wait);
    expect(await shop.stripe.refunds.retrieve(refund.id)).toMatchObject({ status: 'succeeded' });
    expect(shop.eventsSince(seen)).toContain('charge.refund.updated');
    await shop.local.advanceTo(charge.created + days * day + 1);
    await expect(shop.stripe.refunds.create({ charge: charge.id })).rejects.toMatchObject({
      code: 'charge_not_refundable',
    });
  });

  test('8 missing: a wallet has no disputes', async () => {
    const charge = await paidBy('alipay');
    const { status, body } = await control('disputes', { charge: charge.id, reason: 'fraudulent' });
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { message: expect.stringContaining('no disputes') } });
  });
});

describe('8 missing: payments that are known later', () => {
  test.each([
    ['succeeded', 'paid', 'checkout.session.async_payment_succeeded'],
    ['failed', 'unpaid', 'checkout.session.async_payment_failed'],
  ])('%s: the session is %s, and everybody is told', async (outcome, paymentStatus, event) => {
    expect(await control('delayed_payments', { seconds: 2 * day, outcome })).toEqual({
      status: 200,
      body: { delayedPayments: { seconds: 2 * day, outcome } },
    });
    const session = await buy({ invoice_creation: { enabled: true } });
    const { body } = await shop.complete(session.id, { method: 'wechat_pay' });
    expect(body).toEqual({ status: 'complete', paymentStatus: 'unpaid' });
    const waiting = await shop.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['payment_intent'],
    });
    expect(waiting).toMatchObject({ invoice: null, payment_intent: { status: 'processing' } });
    await control('delayed_payments', { seconds: 0 });
    await shop.local.advanceTo(shop.local.kernel.now() + 2 * day);
    const done = await shop.stripe.checkout.sessions.retrieve(session.id);
    expect(done).toMatchObject({ status: 'complete', payment_status: paymentStatus });
    expect(done.invoice === null).toBe(outcome === 'failed');
    expect(shop.eventsSince(seen)).toContain(event);
    expect(shop.eventsSince(seen)).toContain('payment_intent.processing');
  });
});

test('12 a payment intent has to be told where WeChat is scanned', async () => {
  const { paymentIntents } = shop.stripe;
  const intent = await paymentIntents.create({ amount: 900, currency: 'cny' });
  expect(intent.payment_method_options).toMatchObject({
    card: { request_three_d_secure: 'automatic' },
    wechat_pay: { app_id: null, client: null },
  });
  const wechat = { payment_method_data: { type: 'wechat_pay' } as const };
  await expect(paymentIntents.confirm(intent.id, wechat)).rejects.toMatchObject({
    code: 'parameter_missing',
    param: 'payment_method_options[wechat_pay][client]',
  });
  const options = { wechat_pay: { client: 'web' } } as const;
  const told = await paymentIntents.update(intent.id, { payment_method_options: options });
  expect(told.payment_method_options).toMatchObject({ wechat_pay: { client: 'web' } });
  expect(await paymentIntents.confirm(intent.id, wechat)).toMatchObject({
    status: 'requires_action',
  });
});

test('8 missing: a wallet pays a payment intent of one’s own', async () => {
  const { paymentIntents } = shop.stripe;
  const intent = await paymentIntents.create({ amount: 900, currency: 'cny' });
  expect(intent.payment_method_types).toEqual(['card', 'alipay', 'wechat_pay']);
  const payment_method_data = { type: 'alipay' } as const;
  await expect(paymentIntents.confirm(intent.id, { payment_method_data })).rejects.toMatchObject({
    param: 'return_url',
  });
  const waiting = await paymentIntents.confirm(intent.id, {
    payment_method_data,
    return_url: 'https://app.example/back',
  });
  expect(waiting).toMatchObject({
    status: 'requires_action',
    next_action: {
      type: 'alipay_handle_redirect',
      alipay_handle_redirect: {
        return_url: 'https://app.example/back',
        url: `${shop.local.url}/wallet/${intent.id}`,
      },
    },
  });
  const { id } = await shop.stripe.paymentMethods.create({ type: 'wechat_pay' });
  const scanned = await paymentIntents.create({
    amount: 900,
    currency: 'usd',
    confirm: true,
    payment_method: id,
    payment_method_options: { wechat_pay: { client: 'web' } },
  });
  const code = scanned.next_action!.wechat_pay_display_qr_code!;
  expect(code.data).toMatch(/^weixin:\/\/wxpay\/bizpayurl\?pr=\w+$/);
  expect(code.image_data_url).toMatch(/^data:image\/png;base64,/);
  const png = await fetch(code.image_url_png);
  expect(png.headers.get('content-type')).toBe('image/png');
  expect(await (await fetch(code.image_url_svg)).text()).toContain('<svg');
});

test.each([
  [
    'attached to a customer',
    async (id: string) => {
      const customer = await shop.stripe.customers.create({});
      return shop.stripe.paymentMethods.attach(id, { customer: customer.id });
    },
  ],
  [
    'set up for later',
    (id: string) =>
      shop.stripe.setupIntents.create({
        payment_method: id,
        confirm: true,
        return_url: 'https://app.example/',
      }),
  ],
  [
    'charged while nobody is there',
    (id: string) =>
      shop.stripe.paymentIntents.create({
        amount: 900,
        currency: 'cny',
        confirm: true,
        off_session: true,
        payment_method: id,
      }),
  ],
  [
    'used for money that is held',
    (id: string) =>
      shop.stripe.paymentIntents.create({
        amount: 900,
        currency: 'cny',
        confirm: true,
        capture_method: 'manual',
        payment_method: id,
        return_url: 'https://app.example/',
      }),
  ],
])('8 missing: a wallet cannot be %s', async (_name, attempt) => {
  const { id } = await shop.stripe.paymentMethods.create({ type: 'alipay' });
  await expect(attempt(id)).rejects.toMatchObject({ statusCode: 400 });
});
