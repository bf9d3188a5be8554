import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeCheckout } from './support/control.ts';
import { isSandbox } from './support/subject.ts';
import { fresh, openWorld } from './support/world.ts';
import type { World } from './support/world.ts';

/** What programs out there do with the SDK, call by call; the rest of the suite goes deeper. */

let world: World;
let stripe: Stripe;

beforeAll(async () => {
  world = await openWorld();
  stripe = world.stripe;
});
afterAll(() => world.close());

const email = () => `${fresh('person')}@example.com`;

describe('a starter kit', () => {
  test('reads its catalogue in one list', async () => {
    const products = await stripe.products.list({ active: true, expand: ['data.default_price'] });
    expect(products.data.length).toBeGreaterThan(0);
    const prices = await stripe.prices.list({
      active: true,
      type: 'recurring',
      expand: ['data.product'],
      limit: 100,
    });
    expect(prices.data.map(({ id }) => id)).toContain(world.proMonthly.id);
    for (const { product } of prices.data) expect(product).toMatchObject({ object: 'product' });
  });

  test('finds a customer by e-mail before it makes one', async () => {
    const address = email();
    expect((await stripe.customers.list({ email: address, limit: 1 })).data).toEqual([]);
    const { id } = await stripe.customers.create({ email: address, metadata: { userId: 'u_1' } });
    expect((await stripe.customers.list({ email: address })).data.map((one) => one.id)).toEqual([
      id,
    ]);
    if (isSandbox) return;
    const found = await stripe.customers.search({ query: `metadata['userId']:'u_1'` });
    expect(found.data.map((one) => one.id)).toContain(id);
  });

  test('opens Checkout with everything one can ask for', async () => {
    const { id: customer } = await stripe.customers.create({ email: email() });
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      customer,
      customer_update: { address: 'auto', name: 'auto' },
      billing_address_collection: 'required',
      allow_promotion_codes: true,
      line_items: [{ price: world.proMonthly.id, quantity: 1 }],
      subscription_data: { trial_period_days: 14, metadata: { userId: 'u_1' } },
      metadata: { userId: 'u_1' },
      locale: 'zh',
      success_url: 'http://localhost:3000/done?session_id={CHECKOUT_SESSION_ID}',
      cancel_url: 'http://localhost:3000/pricing',
    });
    expect(session).toMatchObject({ status: 'open', customer, allow_promotion_codes: true });
  });

  test('takes a price on the spot', async () => {
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      customer_email: email(),
      line_items: [
        {
          quantity: 1,
          price_data: {
            currency: 'usd',
            unit_amount: 2000,
            product_data: { name: 'T-shirt', images: ['https://example.com/t.png'] },
          },
        },
      ],
      success_url: 'http://localhost:3000/done',
    });
    expect(session).toMatchObject({ amount_total: 2000, currency: 'usd', customer: null });
  });

  test.skipIf(isSandbox)('reads what was bought on the page of thanks', async () => {
    const opened = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: world.proMonthly.id, quantity: 1 }],
      client_reference_id: 'u_1',
      success_url: 'http://localhost:3000/done?session_id={CHECKOUT_SESSION_ID}',
    });
    await completeCheckout(world, opened.id, { card: '4242424242424242', email: email() });
    const session = await stripe.checkout.sessions.retrieve(opened.id, {
      expand: ['customer', 'subscription', 'line_items'],
    });
    expect(session.client_reference_id).toBe('u_1');
    expect(session.line_items?.data[0]?.price?.id).toBe(world.proMonthly.id);
    const { id } = session.subscription as Stripe.Subscription;
    const subscription = await stripe.subscriptions.retrieve(id, {
      expand: ['items.data.price.product', 'default_payment_method', 'customer'],
    });
    expect(subscription.items.data[0]?.price.product).toMatchObject({ id: world.product.id });
    const method = subscription.default_payment_method as Stripe.PaymentMethod;
    expect(method).toMatchObject({ billing_details: {}, card: { last4: '4242', brand: 'visa' } });
  });

  test('makes its portal once, and opens it', async () => {
    const { data } = await stripe.billingPortal.configurations.list({ active: true, limit: 1 });
    const configuration =
      data[0] ??
      (await stripe.billingPortal.configurations.create({
        business_profile: { headline: 'Manage your subscription' },
        features: {
          customer_update: { enabled: true, allowed_updates: ['email', 'address'] },
          invoice_history: { enabled: true },
          payment_method_update: { enabled: true },
          subscription_cancel: {
            enabled: true,
            mode: 'at_period_end',
            cancellation_reason: { enabled: true, options: ['too_expensive', 'unused', 'other'] },
          },
          subscription_update: {
            enabled: true,
            default_allowed_updates: ['price', 'quantity', 'promotion_code'],
            proration_behavior: 'create_prorations',
            products: [
              { product: world.product.id, prices: [world.proMonthly.id, world.proYearly.id] },
            ],
          },
        },
      }));
    const session = await stripe.billingPortal.sessions.create({
      customer: world.customer.id,
      configuration: configuration.id,
      return_url: 'http://localhost:3000/account',
    });
    expect(session.url).toMatch(/^https?:\/\//);
  });
});

describe('a subscription without Checkout', () => {
  test('is made incomplete, and shows what is to be confirmed', async () => {
    const { id: customer } = await stripe.customers.create({ email: email() });
    const subscription = await stripe.subscriptions.create({
      customer,
      items: [{ price: world.proMonthly.id }],
      payment_behavior: 'default_incomplete',
      payment_settings: { save_default_payment_method: 'on_subscription' },
      expand: ['latest_invoice.confirmation_secret', 'pending_setup_intent'],
    });
    const invoice = subscription.latest_invoice as Stripe.Invoice;
    expect(invoice.confirmation_secret).toMatchObject({ type: 'payment_intent' });
    const [payment] = (await stripe.invoicePayments.list({ invoice: invoice.id })).data;
    const intent = payment?.payment.payment_intent as string;
    await stripe.paymentIntents.confirm(intent, {
      payment_method: 'pm_card_visa',
      return_url: 'http://localhost:3000/done',
    });
    const active = await stripe.subscriptions.retrieve(subscription.id);
    expect(active.status).toBe('active');
    expect(active.default_payment_method).toMatch(/^pm_/);
  });

  test('is listed with what a page of an account shows', async () => {
    const { id } = await stripe.subscriptions.create({
      customer: world.customer.id,
      items: [{ price: world.proMonthly.id, quantity: 2 }],
    });
    const listed = await stripe.subscriptions.list({
      customer: world.customer.id,
      status: 'all',
      limit: 1,
      expand: ['data.default_payment_method', 'data.items.data.price', 'data.latest_invoice'],
    });
    expect(listed.data[0]).toMatchObject({ id, items: { data: [{ quantity: 2 }] } });
    const cards = await stripe.customers.listPaymentMethods(world.customer.id, { type: 'card' });
    expect(cards.data[0]?.card?.last4).toBe('4242');
    const invoices = await stripe.invoices.list({ customer: world.customer.id, status: 'paid' });
    expect(invoices.data[0]?.hosted_invoice_url).toMatch(/^https?:/);
    expect(invoices.data[0]?.invoice_pdf).toMatch(/^https?:/);
  });

  test('counts seats up and down', async () => {
    const { id, items } = await stripe.subscriptions.create({
      customer: world.customer.id,
      items: [{ price: world.proMonthly.id, quantity: 1 }],
    });
    const item = items.data[0]?.id ?? '';
    const more = await stripe.subscriptions.update(id, {
      items: [{ id: item, quantity: 5 }],
      proration_behavior: 'always_invoice',
    });
    expect(more.items.data[0]?.quantity).toBe(5);
    const fewer = await stripe.subscriptionItems.update(item, { quantity: 2 });
    expect(fewer.quantity).toBe(2);
  });
});

describe('old code', () => {
  const asIs = (params: object) => params as never;

  test.each([
    [
      'payment_method_types at Checkout',
      () =>
        stripe.checkout.sessions.create(
          asIs({ mode: 'payment', payment_method_types: ['card'], success_url: 'https://a.cn' }),
        ),
      'payment_method_types_no_longer_supported',
    ],
    [
      'a coupon on a subscription',
      () =>
        stripe.subscriptions.create(asIs({ customer: world.customer.id, items: [], coupon: 'x' })),
      'parameter_unknown',
    ],
    [
      'iterations of a phase',
      () =>
        stripe.subscriptionSchedules.create(
          asIs({
            customer: world.customer.id,
            start_date: 'now',
            phases: [{ items: [{ price: world.proMonthly.id }], iterations: 1 }],
          }),
        ),
      'parameter_unknown',
    ],
    [
      'a hosted ui_mode by its old name',
      () =>
        stripe.checkout.sessions.create(
          asIs({ ui_mode: 'hosted', mode: 'setup', currency: 'cny', success_url: 'https://a.cn' }),
        ),
      undefined,
    ],
    [
      'a bare billing_cycle_anchor',
      () => stripe.subscriptions.update('sub_1', asIs({ billing_cycle_anchor: 'now' })),
      undefined,
    ],
  ] as [string, () => Promise<unknown>, string | undefined][])(
    '%s is refused',
    async (_name, call, code) => {
      const error = await call().then(
        () => expect.fail('it was accepted'),
        (thrown: Stripe.errors.StripeError) => thrown,
      );
      expect(error.statusCode).toBe(400);
      expect(error.code).toBe(code);
    },
  );
});

describe.skipIf(isSandbox)('what is not imitated is refused, not ignored', () => {
  test.each([
    [
      'a subscription on behalf of another account',
      () =>
        stripe.subscriptions.create({
          customer: world.customer.id,
          items: [{ price: world.proMonthly.id }],
          on_behalf_of: 'acct_1',
        }),
      'on_behalf_of',
    ],
    [
      'shipping at Checkout',
      () =>
        stripe.checkout.sessions.create({
          mode: 'subscription',
          line_items: [{ price: world.proMonthly.id, quantity: 1 }],
          shipping_address_collection: { allowed_countries: ['DE'] },
          success_url: 'https://a.cn',
        }),
      'shipping_address_collection',
    ],
    [
      'a payment on behalf of another account',
      () => stripe.paymentIntents.create({ amount: 100, currency: 'cny', on_behalf_of: 'acct_1' }),
      'on_behalf_of',
    ],
  ] as [string, () => Promise<unknown>, string][])('%s', async (_name, call, param) => {
    await expect(call()).rejects.toMatchObject({ statusCode: 400, param });
  });

  test('a resource that is not there', async () => {
    const create = stripe.quotes.create({ customer: world.customer.id });
    await expect(create).rejects.toMatchObject({ statusCode: 404 });
  });
});

test('a payment in the way of the payment element', async () => {
  const intent = await stripe.paymentIntents.create({
    amount: 1099,
    currency: 'usd',
    customer: world.customer.id,
    automatic_payment_methods: { enabled: true },
    setup_future_usage: 'off_session',
    receipt_email: email(),
    description: 'A thing',
    metadata: { order: '1' },
  });
  expect(intent).toMatchObject({
    status: 'requires_payment_method',
    client_secret: expect.any(String),
  });
  const paid = await stripe.paymentIntents.confirm(intent.id, {
    payment_method: 'pm_card_visa',
    return_url: 'https://a.cn',
  });
  expect(paid).toMatchObject({ status: 'succeeded', amount_received: 1099 });
  const later = await stripe.paymentIntents.create({
    amount: 500,
    currency: 'usd',
    customer: world.customer.id,
    payment_method: paid.payment_method as string,
    off_session: true,
    confirm: true,
  });
  expect(later.status).toBe('succeeded');
});
