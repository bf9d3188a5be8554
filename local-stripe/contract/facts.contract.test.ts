import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isSandbox, localOf } from './support/subject.ts';
import { fresh, openWorld } from './support/world.ts';
import type { World } from './support/world.ts';

/** Small facts that recordings of real Stripe told; most of all that answers carry. */
let world: World;
let stripe: Stripe;
beforeAll(async () => {
  world = await openWorld();
  stripe = world.stripe;
});
afterAll(() => world.close());

const subscribe = (params: Partial<Stripe.SubscriptionCreateParams> = {}) =>
  stripe.subscriptions.create({
    customer: world.customer.id,
    items: [{ price: world.proMonthly.id }],
    expand: ['latest_invoice.payments'],
    ...params,
  });
const invoiceOf = (subscription: Stripe.Subscription) =>
  subscription.latest_invoice as Stripe.Invoice;
const pay = (params: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({
    amount: 2900,
    currency: 'usd',
    customer: world.customer.id,
    payment_method: world.card,
    confirm: true,
    return_url: 'https://example.com/return',
    expand: ['latest_charge'],
    ...params,
  });
const refusal = async (call: Promise<unknown>) => {
  try {
    await call;
  } catch (error) {
    return (error as { raw: Record<string, unknown> }).raw;
  }
  throw new Error('it was not refused');
};

describe('8.14 answers carry what the types do not name', () => {
  test('a subscription its only plan and its quantity, and a list inside how many it holds', async () => {
    const one = await subscribe({ items: [{ price: world.proMonthly.id, quantity: 3 }] });
    expect(one).toMatchObject({
      plan: { id: world.proMonthly.id, object: 'plan', amount: 2900 },
      quantity: 3,
      items: { total_count: 1 },
    });
    expect(invoiceOf(one).lines).toMatchObject({ total_count: 1 });
  });

  test('one with several items has none', async () => {
    const items = [{ price: world.proMonthly.id }, { price: world.teamMonthly.id }];
    expect(await subscribe({ items })).toMatchObject({
      plan: null,
      quantity: null,
      items: { total_count: 2 },
    });
  });

  test('a list of its own does not say how many there are', async () => {
    expect(await stripe.customers.list({ limit: 1 })).not.toHaveProperty('total_count');
  });
});

describe('8.14 lines of an invoice', () => {
  test('what is sold along comes first, for the time of the subscription', async () => {
    const shirt = await stripe.prices.create({
      product_data: { name: 'T-Shirt' },
      currency: 'cny',
      unit_amount: 1500,
    });
    const made = await subscribe({ add_invoice_items: [{ price: shirt.id }] });
    const { data } = invoiceOf(made).lines;
    expect(data.map(({ description }) => description)).toEqual([
      'T-Shirt',
      expect.stringContaining('1 × Squaretable Pro'),
    ]);
    expect(data[0]!.period).toEqual(data[1]!.period);
  });

  test('name the unit of what they sell', async () => {
    const product = await stripe.products.create({ name: 'Seats', unit_label: 'seat' });
    const price = await stripe.prices.create({
      product: product.id,
      currency: 'cny',
      unit_amount: 1000,
      recurring: { interval: 'month' },
    });
    const made = await subscribe({ items: [{ price: price.id, quantity: 2 }] });
    expect(invoiceOf(made).lines.data[0]!.description).toMatch(/^2 seat × Seats \(at /);
  });

  test('a trial costs nothing a piece, and a part of a period has no price a piece', async () => {
    const trial = await subscribe({ trial_period_days: 7 });
    expect(String(invoiceOf(trial).lines.data[0]!.pricing!.unit_amount_decimal)).toBe('0');
    const [item] = (await subscribe()).items.data;
    const changed = await stripe.subscriptions.update(item!.subscription, {
      items: [{ id: item!.id, price: world.teamMonthly.id }],
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice'],
    });
    for (const line of invoiceOf(changed).lines.data) {
      expect(line.pricing).toMatchObject({ unit_amount_decimal: null });
    }
  });

  test('an amount alone gets a price, which the same amount has again', async () => {
    const item = () =>
      stripe.invoiceItems.create({
        customer: world.customer.id,
        amount: 1000,
        currency: 'cny',
        description: 'Setup fee',
      });
    const [first, second] = [await item(), await item()];
    expect(first.pricing).toMatchObject({ type: 'price_details' });
    expect(String(first.pricing!.unit_amount_decimal)).toBe('1000');
    expect(second.pricing).toEqual(first.pricing);
    const price = await stripe.prices.retrieve(first.pricing!.price_details!.price as string);
    expect(price).toMatchObject({ active: false, type: 'one_time', unit_amount: 1000 });
    const changed = await stripe.invoiceItems.update(first.id, { amount: 900 });
    expect(changed).toMatchObject({ amount: 900, description: 'Setup fee' });
    for (const { id } of [first, second]) await stripe.invoiceItems.del(id);
  });
});

describe('8.14 payments', () => {
  test('an update invoice keeps the card for what follows, and its intent names the invoice', async () => {
    const [item] = (await subscribe()).items.data;
    const changed = await stripe.subscriptions.update(item!.subscription, {
      items: [{ id: item!.id, quantity: 2 }],
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice.payments.data.payment.payment_intent'],
    });
    const [payment] = invoiceOf(changed).payments!.data;
    expect(payment!.payment.payment_intent).toMatchObject({
      setup_future_usage: 'off_session',
      payment_details: { order_reference: invoiceOf(changed).id },
    });
  });

  test('a charge has what the network said, and an address of nulls', async () => {
    const charge = (await pay()).latest_charge as Stripe.Charge;
    expect(charge.billing_details.address).toEqual({
      city: null,
      country: null,
      line1: null,
      line2: null,
      postal_code: null,
      state: null,
    });
    expect(charge.payment_method_details!.card).toMatchObject({
      network_transaction_id: expect.stringMatching(/^\d{15}$/),
      authorization_code: expect.stringMatching(/^\d{6}$/),
      overcapture: { maximum_amount_capturable: 2900, status: 'unavailable' },
    });
    expect(charge).toMatchObject({ destination: null, dispute: null, order: null });
    expect(charge.receipt_url).toMatch(/^https?:/);
  });

  test.skipIf(isSandbox)('the receipt is a page', async () => {
    const { receipt_url: url } = (await pay()).latest_charge as Stripe.Charge;
    const page = await fetch(url!, { headers: { 'accept-language': 'en' } });
    expect(await page.text()).toContain('US$29.00 paid on');
    const none = await fetch(`${localOf(world).url}/receipts/ch_none`);
    expect(none.status).toBe(404);
  });

  test('a decline says what to do and what the network said', async () => {
    const declined = await refusal(pay({ payment_method: 'pm_card_visa_chargeDeclined' }));
    const said = { advice_code: 'try_again_later', network_decline_code: '01' };
    expect(declined).toMatchObject(said);
    expect(declined.payment_intent).toMatchObject({ last_payment_error: said });
    const attached = stripe.paymentMethods.attach('pm_card_visa_chargeDeclined', {
      customer: world.customer.id,
    });
    expect(await refusal(attached)).toMatchObject({ ...said, param: '' });
  });

  test('a payment method that is not there is missed by its name', async () => {
    const attached = stripe.paymentMethods.attach('invalid', { customer: world.customer.id });
    expect(await refusal(attached)).toMatchObject({
      code: 'resource_missing',
      param: 'payment_method',
      message: expect.stringMatching(/^No such PaymentMethod: 'invalid'; It's possible/),
    });
  });

  test('a missing price is told before a missing payment method', async () => {
    const { id: customer } = await stripe.customers.create({ email: `${fresh('wu')}@example.com` });
    const refused = await refusal(subscribe({ customer, items: [{ price: 'invalid' }] }));
    expect(refused).toMatchObject({
      param: 'items[0][price]',
      message: "No such price: 'invalid'",
    });
  });
});

test('8.14 an invoice by hand is laid out for paper, and its webhooks are delivered at once', async () => {
  const draft = await stripe.invoices.create({ customer: world.customer.id });
  expect(draft.rendering).toMatchObject({ pdf: { page_size: 'auto' } });
  expect(draft.webhooks_delivered_at).toBe(draft.created);
  const final = await stripe.invoices.finalizeInvoice(draft.id);
  expect(final.rendering).toMatchObject({ pdf: { page_size: 'letter' } });
});

test('8.14 a session says how it looks and what it will collect', async () => {
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer: world.customer.id,
    line_items: [{ price: world.proMonthly.id, quantity: 1 }],
    success_url: 'https://example.com/done',
  });
  expect(session).toMatchObject({
    branding_settings: { border_style: 'rounded', button_color: '#0074d4' },
    collected_information: { business_name: null, shipping_details: null },
    payment_method_options: { card: { request_three_d_secure: 'automatic' } },
  });
});
