import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import type { LocalStripe } from '../index.ts';
import { checkObject } from '../schema/index.ts';
import { makeDefaultConfiguration } from './configure.ts';

type Features = Stripe.BillingPortal.ConfigurationCreateParams.Features;

let local: LocalStripe;
let stripe: Stripe;
let customer: Stripe.Customer;
let price: Stripe.Price;

beforeAll(async () => {
  local = await startLocalStripe({ port: 0 });
  stripe = new Stripe('sk_test_portal', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
  });
  customer = await stripe.customers.create();
  price = await stripe.prices.create({
    currency: 'cny',
    unit_amount: 2900,
    recurring: { interval: 'month' },
    product_data: { name: 'Pro' },
  });
});
afterAll(() => local.close());

const features = (): Features => ({
  invoice_history: { enabled: true },
  payment_method_update: { enabled: true },
  subscription_cancel: { enabled: true, mode: 'at_period_end' },
  subscription_update: {
    enabled: true,
    default_allowed_updates: ['price'],
    proration_behavior: 'always_invoice',
    products: [{ product: price.product as string, prices: [price.id] }],
    schedule_at_period_end: { conditions: [{ type: 'decreasing_item_amount' }] },
  },
});

test('a configuration fills in what was not said, and changes feature by feature', async () => {
  const created = await stripe.billingPortal.configurations.create({ features: features() });
  expect(checkObject(created)).toEqual([]);
  expect(created).toMatchObject({
    active: true,
    is_default: false,
    features: {
      customer_update: { enabled: false },
      subscription_cancel: { proration_behavior: 'none' },
      subscription_update: { trial_update_behavior: 'end_trial' },
    },
  });
  const updated = await stripe.billingPortal.configurations.update(created.id, {
    features: { invoice_history: { enabled: false } },
    default_return_url: 'https://app.example/billing',
  });
  expect(updated.features).toEqual({ ...created.features, invoice_history: { enabled: false } });
  expect(updated.default_return_url).toBe('https://app.example/billing');
  const listed = await stripe.billingPortal.configurations.list({ active: true });
  expect(listed.data.map(({ id }) => id)).toContain(created.id);
});

test.each<[string, (valid: Features) => object, string]>([
  [
    'a customer update of nothing',
    () => ({ customer_update: { enabled: true } }),
    'features[customer_update][allowed_updates]',
  ],
  [
    'a plan change without plans',
    () => ({ subscription_update: { enabled: true, default_allowed_updates: ['price'] } }),
    'features[subscription_update][products]',
  ],
  [
    'a plan change of nothing',
    (v) => ({ subscription_update: { ...v.subscription_update, default_allowed_updates: '' } }),
    'features[subscription_update][default_allowed_updates]',
  ],
  [
    'an unknown product',
    (v) => ({
      subscription_update: {
        ...v.subscription_update,
        products: [{ product: 'prod_x', prices: [price.id] }],
      },
    }),
    'features[subscription_update][products][0][product]',
  ],
  [
    'an unknown price',
    (v) => ({
      subscription_update: {
        ...v.subscription_update,
        products: [{ product: price.product, prices: ['price_x'] }],
      },
    }),
    'features[subscription_update][products][0][prices][0]',
  ],
  [
    'a credit for a cancellation at the end',
    () => ({ subscription_cancel: { enabled: true, proration_behavior: 'create_prorations' } }),
    'features[subscription_cancel][proration_behavior]',
  ],
  [
    'an unknown feature',
    () => ({ subscription_fly: { enabled: true } }),
    'features[subscription_fly]',
  ],
])('a configuration with %s is refused', async (_name, change, param) => {
  const call = stripe.billingPortal.configurations.create({ features: change(features()) });
  await expect(call).rejects.toMatchObject({ statusCode: 400, param });
});

test('a session needs a customer and, until a default is saved, a configuration', async () => {
  const { sessions } = stripe.billingPortal;
  await expect(sessions.create({})).rejects.toMatchObject({ param: 'customer' });
  await expect(sessions.create({ customer: 'cus_x' })).rejects.toMatchObject({ param: 'customer' });
  await expect(sessions.create({ customer: customer.id })).rejects.toThrow(/No configuration/);

  const configuration = await stripe.billingPortal.configurations.create({ features: features() });
  const session = await sessions.create({
    customer: customer.id,
    configuration: configuration.id,
    return_url: 'https://app.example/',
    flow_data: { type: 'payment_method_update' },
  });
  expect(checkObject(session)).toEqual([]);
  expect(session.url).toBe(`${local.url}/p/session/${session.id}`);
  expect(session.flow?.after_completion.type).toBe('portal_homepage');

  local.kernel.run((ctx) => makeDefaultConfiguration(ctx, configuration.id));
  const plain = await sessions.create({ customer: customer.id });
  expect(plain).toMatchObject({ configuration: configuration.id, return_url: null });
});

test.each([
  [{ type: 'customer_update' }, 'flow_data[type]'],
  [{ type: 'subscription_cancel' }, 'flow_data[subscription_cancel]'],
  [
    { type: 'subscription_cancel', subscription_cancel: { subscription: 'sub_x' } },
    'flow_data[subscription_cancel][subscription]',
  ],
  [
    { type: 'payment_method_update', after_completion: { type: 'redirect' } },
    'flow_data[after_completion][redirect][return_url]',
  ],
  [{ type: 'teleport' }, 'flow_data[type]'],
])('the flow %o is refused', async (flow_data, param) => {
  const { id } = await stripe.billingPortal.configurations.create({ features: features() });
  const call = stripe.billingPortal.sessions.create({
    customer: customer.id,
    configuration: id,
    flow_data: flow_data as Stripe.BillingPortal.SessionCreateParams.FlowData,
  });
  await expect(call).rejects.toMatchObject({ statusCode: 400, param });
});
