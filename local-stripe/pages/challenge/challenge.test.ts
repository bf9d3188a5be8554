import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalStripe } from '../../index.ts';
import type { LocalStripe } from '../../index.ts';
import { frozenClock } from '../../kernel/clock.ts';

const start = Date.UTC(2027, 5, 1) / 1000;

let local: LocalStripe;
let stripe: Stripe;

beforeAll(async () => {
  local = await startLocalStripe({
    port: 0,
    clock: frozenClock(new Date(start * 1000)),
    checkResponses: true,
  });
  stripe = new Stripe('sk_test_challenge', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
  });
});
afterAll(() => local.close());

const post = (path: string, form: Record<string, string>) =>
  fetch(new URL(path, local.url), {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  });

async function challenged(return_url?: string): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.create({
    amount: 1200,
    currency: 'cny',
    confirm: true,
    payment_method: 'pm_card_authenticationRequired',
    ...(return_url === undefined ? {} : { return_url }),
  });
}

test.each([
  ['complete', 'succeeded'],
  ['fail', 'requires_payment_method'],
])(
  'a payment whose challenge ends in %s is %s, and the client is told',
  async (outcome, status) => {
    const intent = await challenged('https://app.example/back?a=1');
    const page = await (await fetch(`${local.url}/3ds/${intent.id}`)).text();
    expect(page).toContain('CN¥12.00');
    expect(page).toContain('Visa ending in 3184');
    const response = await post(`/3ds/${intent.id}`, { outcome });
    const back = new URL(response.headers.get('location')!);
    expect(Object.fromEntries(back.searchParams)).toEqual({
      a: '1',
      payment_intent: intent.id,
      payment_intent_client_secret: intent.client_secret,
    });
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status });
    expect((await post(`/3ds/${intent.id}`, { outcome })).status).toBe(409);
  },
);

test('without a way back the page itself says what became of it', async () => {
  const intent = await challenged();
  const response = await post(`/3ds/${intent.id}`, { outcome: 'complete' });
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('Authentication complete');
});

test('a renewal that the bank wants confirmed is authenticated on the invoice page', async () => {
  const customer = await stripe.customers.create({ email: 'bank@example.com' });
  const visa = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  const price = await stripe.prices.create({
    currency: 'cny',
    unit_amount: 2900,
    recurring: { interval: 'month' },
    product_data: { name: 'Pro' },
  });
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    default_payment_method: visa.id,
    items: [{ price: price.id }],
  });
  const asking = await stripe.paymentMethods.attach('pm_card_authenticationRequired', {
    customer: customer.id,
  });
  await stripe.subscriptions.update(subscription.id, { default_payment_method: asking.id });
  const { items } = subscription;
  await local.advanceTo(items.data[0]!.current_period_end + 2 * 3600);
  const late = await stripe.subscriptions.retrieve(subscription.id, {
    expand: ['latest_invoice'],
  });
  expect(late.status).toBe('past_due');
  const invoice = late.latest_invoice as Stripe.Invoice;
  const page = await (await fetch(invoice.hosted_invoice_url!)).text();
  const path = /href="(\/3ds\/\w+)"/.exec(page)![1]!;
  await post(path, { outcome: 'complete' });
  expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({ status: 'paid' });
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active' });
});
