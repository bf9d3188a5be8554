import type { Answer, Form, Send } from './shop.ts';
import { draft, id, monthly, oneOf, oneTime, open, pay, post, subscribe } from './shop.ts';
import type { Known } from '../values.ts';

/** Ids by what they are called in paths and filters. */
export type SeededIds = Known;

/** Two or more of everything that can be listed, of two customers. */
export async function furnish(send: Send): Promise<SeededIds> {
  const wu = await settle(send, 'wu');
  const li = await settle(send, 'li');
  await sell(send, wu);
  const paid = await pay(send, wu, { transfer_group: 'first' });
  const disputed = await pay(send, li, { payment_method: 'pm_card_createDispute' });
  for (const card of ['createDispute', 'createIssuerFraudRecord', 'createIssuerFraudRecord']) {
    await pay(send, wu, { payment_method: `pm_card_${card}` });
  }
  for (const { latest_charge: charge } of [paid, await pay(send, li)]) {
    await send('POST', '/v1/refunds', { charge: String(charge), amount: '300' });
  }
  const subscription = await subscribe(send, wu);
  const other = await subscribe(send, li, {
    items: [{ price: wu.price! }, { price: li.price! }],
    collection_method: 'send_invoice',
    days_until_due: '9',
  });
  const ended = await subscribe(send, li);
  await send('DELETE', `/v1/subscriptions/${id(ended)}`);
  await plan(send, wu, li);
  const invoice = await bill(send, wu, li);
  const setup = { customer: wu.customer!, payment_method: wu.payment_method! };
  await send('POST', '/v1/setup_intents', setup);
  await send('POST', '/v1/setup_intents', { customer: li.customer! });
  const session = await host(send, wu, li);
  await maintain(send);
  return {
    ...wu,
    customers: wu.customer!,
    other_customer: li.customer!,
    products: wu.product!,
    invoices: invoice,
    invoice,
    sessions: session,
    credit_notes: String(oneOf(await send('GET', '/v1/credit_notes')).id),
    charge: String(disputed.latest_charge),
    payment_intent: id(disputed),
    source: String(disputed.latest_charge),
    subscription: id(subscription),
    other_subscription: id(other),
    transfer_group: 'first',
    lookup_key: 'town',
    code: 'TOWN',
    email: 'wu@example.com',
    ids: wu.product!,
  };
}

/** A customer with two cards and a balance, who can buy one product. */
async function settle(send: Send, name: string): Promise<Known> {
  const customer = await post(send, '/v1/customers', { email: `${name}@example.com`, name });
  const attach = (card: string) =>
    post(send, `/v1/payment_methods/pm_card_${card}/attach`, { customer });
  const payment_method = await attach('visa');
  await send('POST', `/v1/payment_methods/${await attach('mastercard')}`, {
    allow_redisplay: 'always',
  });
  await send('POST', `/v1/customers/${customer}`, {
    invoice_settings: { default_payment_method: payment_method },
  });
  for (const amount of ['-5', '5']) {
    const form = { amount, currency: 'cny' };
    await send('POST', `/v1/customers/${customer}/balance_transactions`, form);
  }
  for (const value of ['DE123456789', 'DE987654321']) {
    await send('POST', `/v1/customers/${customer}/tax_ids`, { type: 'eu_vat', value });
  }
  const product = await post(send, '/v1/products', { name });
  const price = await post(send, '/v1/prices', monthly({ product }, '2900'));
  return { customer, payment_method, product, price };
}

/** The rest of a catalogue: what is inactive, in other money, limited, or comes with features. */
async function sell(send: Send, known: Known): Promise<void> {
  await send('POST', '/v1/products', {
    name: 'Mug',
    active: 'false',
    shippable: 'true',
    url: 'https://example.com/other',
  });
  await oneTime(send, known);
  await send('POST', '/v1/prices', { ...monthly(known), lookup_key: 'town', active: 'false' });
  await send('POST', '/v1/prices', {
    ...monthly(known),
    currency: 'usd',
    recurring: { interval: 'year' },
  });
  const coupon = await post(send, '/v1/coupons', { percent_off: '50' });
  await post(send, '/v1/coupons', { percent_off: '20' });
  const promotion = { type: 'coupon', coupon };
  await send('POST', '/v1/promotion_codes', { promotion, code: 'TOWN', customer: known.customer! });
  await send('POST', '/v1/promotion_codes', { promotion, active: 'false' });
  for (const lookup_key of ['town', 'country']) {
    const form = { name: lookup_key, lookup_key };
    const entitlement_feature = await post(send, '/v1/entitlements/features', form);
    await send('POST', `/v1/products/${known.product!}/features`, { entitlement_feature });
  }
  for (const inclusive of ['true', 'false']) {
    const form: Form = { display_name: 'VAT', inclusive, percentage: '19', active: inclusive };
    await send('POST', '/v1/tax_rates', form);
  }
  for (const [i, formula] of ['sum', 'count'].entries()) {
    const form = { display_name: formula, event_name: formula, default_aggregation: { formula } };
    const meter = await post(send, '/v1/billing/meters', form);
    if (i > 0) await send('POST', `/v1/billing/meters/${meter}/deactivate`);
  }
  for (const value of ['DE111111111', 'DE222222222']) {
    await send('POST', '/v1/tax_ids', { type: 'eu_vat', value });
  }
}

/** Schedules in each state that a list can be asked for. */
async function plan(send: Send, wu: Known, li: Known): Promise<void> {
  const scheduled = async (known: Known): Promise<string> =>
    post(send, '/v1/subscription_schedules', {
      from_subscription: id(await subscribe(send, known)),
    });
  const path = '/v1/subscription_schedules';
  await send('POST', `${path}/${await scheduled(li)}/cancel`);
  await send('POST', `${path}/${await scheduled(li)}/release`);
  await scheduled(wu);
  await send('POST', path, {
    customer: wu.customer!,
    start_date: String(1798761600 + 86_400),
    phases: [{ items: [{ price: wu.price! }], duration: { interval: 'month' } }],
  });
}

async function bill(send: Send, wu: Known, li: Known): Promise<string> {
  await draft(send, li, { collection_method: 'send_invoice', days_until_due: '9' });
  await send('POST', '/v1/invoiceitems', {
    customer: li.customer!,
    amount: '700',
    currency: 'cny',
  });
  const invoice = await draft(send, wu);
  await send('POST', '/v1/invoiceitems', {
    customer: wu.customer!,
    invoice,
    amount: '700',
    currency: 'cny',
  });
  await send('POST', `/v1/invoices/${invoice}/finalize`);
  for (const one of [invoice, await open(send, li)]) {
    const lines = ['70', '30'].map((unit_amount) => ({
      type: 'custom_line_item',
      description: 'Off',
      quantity: '1',
      unit_amount,
    }));
    await send('POST', '/v1/credit_notes', { invoice: one, lines });
  }
  return invoice;
}

async function host(send: Send, wu: Known, li: Known): Promise<string> {
  const form = (known: Known): Form => ({
    mode: 'subscription',
    customer: known.customer!,
    line_items: [
      { price: wu.price!, quantity: '1' },
      { price: li.price!, quantity: '2' },
    ],
    success_url: 'https://example.com/done',
  });
  const gone = await post(send, '/v1/checkout/sessions', form(li));
  await send('POST', `/v1/checkout/sessions/${gone}/expire`);
  for (const active of ['true', 'false']) {
    const made: Answer = await send('POST', '/v1/billing_portal/configurations', {
      features: { invoice_history: { enabled: 'true' } },
    });
    await send('POST', `/v1/billing_portal/configurations/${id(made)}`, { active });
  }
  return post(send, '/v1/checkout/sessions', { ...form(wu), customer: wu.customer! });
}

async function maintain(send: Send): Promise<void> {
  for (const frozen_time of ['1798761600', '1798765200']) {
    const test_clock = await post(send, '/v1/test_helpers/test_clocks', { frozen_time });
    await send('POST', '/v1/customers', { test_clock });
  }
  for (const url of ['http://127.0.0.1:9/', 'http://127.0.0.1:9/other']) {
    await send('POST', '/v1/webhook_endpoints', { url, enabled_events: ['topup.failed'] });
  }
}
