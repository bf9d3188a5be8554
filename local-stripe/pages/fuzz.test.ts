import fc from 'fast-check';
import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import type { LocalStripe } from '../index.ts';

let local: LocalStripe;
let ids: Record<string, string>;

beforeAll(async () => {
  local = await startLocalStripe({ port: 0 });
  const stripe = new Stripe('sk_test_fuzz', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
  });
  const price = await stripe.prices.create({
    currency: 'jpy',
    unit_amount: 2900,
    recurring: { interval: 'month' },
    product_data: { name: 'Pro' },
  });
  const customer = await stripe.customers.create({ email: 'f@example.com' });
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    default_payment_method: method.id,
    items: [{ price: price.id }],
  });
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    success_url: 'https://app.example/',
    allow_promotion_codes: true,
    line_items: [{ price: price.id, quantity: 1 }],
  });
  const configuration = await stripe.billingPortal.configurations.create({
    features: {
      customer_update: { enabled: true, allowed_updates: ['name', 'email', 'address', 'phone'] },
      payment_method_update: { enabled: true },
      subscription_pause: { enabled: true },
      subscription_update: {
        enabled: true,
        default_allowed_updates: ['price', 'quantity', 'promotion_code'],
        products: [
          {
            product: price.product as string,
            prices: [price.id],
            adjustable_quantity: { enabled: true },
          },
        ],
      },
    },
  });
  const portal = await stripe.billingPortal.sessions.create({
    customer: customer.id,
    configuration: configuration.id,
  });
  ids = {
    price: price.id,
    session: session.id,
    portal: portal.id,
    subscription: subscription.id,
    invoice: subscription.latest_invoice as string,
    method: method.id,
    customer: customer.id,
  };
});
afterAll(() => local.close());

const paths = [
  '/c/pay/{session}',
  '/c/pay/{session}/promotion_code',
  '/p/session/{portal}/subscriptions/{subscription}/update',
  '/p/session/{portal}/subscriptions/{subscription}/update/confirm',
  '/p/session/{portal}/subscriptions/{subscription}/pause',
  '/p/session/{portal}/subscriptions/{subscription}/unpause',
  '/p/session/{portal}/payment_methods/new',
  '/p/session/{portal}/payment_methods/{method}/remove',
  '/p/session/{portal}/customer',
  '/i/{invoice}',
  '/3ds/{invoice}',
  '/_control/panel/clock',
  '/_control/panel/chaos',
  '/_control/panel/fail_next',
  '/_control/panel/retry_settings',
  '/_control/panel/payment_methods/{method}',
  '/_control/panel/customers/{customer}/portal',
  '/_control/panel/deliveries/{customer}/resend',
];
const names = [
  ...['email', 'number', 'expiry', 'cvc', 'name', 'promotion_code', 'promotion_code_id', 'price'],
  ...['quantity', 'proration_date', 'duration', 'country', 'line1', 'outcome', 'back', 'step'],
  ...['moment', 'mode', 'delayMs', 'count', 'status', 'attempts', 'days', 'final', 'saved'],
];
const values = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom('4242424242424242', '12/40', '123', 'a@b.co', 'CN', 'complete', '-1', '1e9'),
  fc.constantFrom('NaN', '', '%', '\u0000', '🎉', '{price}', '//evil.example', 'hour', 'drop'),
  fc.integer().map(String),
);

/** Time is left where it is: a clock turned by ten years is no fault, but slow. */
const isHarmless = (path: string, form: Record<string, string>) =>
  !path.endsWith('/clock') || !('moment' in form || 'step' in form || 'to' in form);

test('no form that anyone can send breaks a page, and none leads to another site', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.dictionary(fc.constantFrom(...names), values, { maxKeys: 8 }),
      fc.boolean(),
      async (template, given, isPost) => {
        fc.pre(isHarmless(template, given));
        const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_all, name) => ids[name] ?? '');
        const form = new URLSearchParams(
          Object.entries(given).map(([name, value]): [string, string] => [name, fill(value)]),
        );
        const url = new URL(fill(template), local.url);
        if (!isPost) url.search = form.toString();
        const response = await fetch(url, {
          method: isPost ? 'POST' : 'GET',
          ...(isPost ? { body: form } : {}),
          redirect: 'manual',
        });
        expect(response.status).toBeLessThan(500);
        const location = response.headers.get('location');
        if (location === null || location === 'https://app.example/') return;
        expect(new URL(location, local.url).origin).toBe(local.url);
      },
    ),
    { numRuns: 300 },
  );
});
