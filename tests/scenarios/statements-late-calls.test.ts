import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { GOOD_CARD, signUp, type Customer } from '../support/customer.ts';
import { startLateProxy, type LateProxy } from '../support/late-proxy.ts';
import { agreeToOverage } from '../support/overage.ts';
import { draw, invoicesOf, list, service } from '../support/statements.ts';

/**
 * A call to Stripe that was given up takes effect after its maker has looked for it, and before it is asked
 * again, with another card by then: Stripe refuses the key, and what the first one made is gone on with.
 */
let stripe: LocalStripe;
let proxy: LateProxy;
let product: TestApp;
let app: TestApp;
beforeAll(async () => {
  stripe = await startLocalStripe({ port: 0 });
  proxy = await startLateProxy(stripe.url);
  product = await startTestApp({
    STRIPE_SECRET_KEY: 'sk_test_squaretable',
    STRIPE_API_BASE: proxy.url,
    STRIPE_TIMEOUT_SECONDS: '2',
    TRIAL_DAYS: '0',
  });
  app = { ...product, stripeUrl: stripe.url, localStripe: stripe };
});
afterAll(async () => {
  await product?.stop();
  await proxy?.close();
  await stripe?.close();
});

/** On Pro, with all of the month's pictures used, and 30 of overage. */
async function drawn(): Promise<Customer> {
  const customer = await signUp(app);
  await customer.pay(await customer.checkout('pro', 'month'), GOOD_CARD);
  await customer.sync();
  await agreeToOverage(app.database, customer.tenantId, { at: new Date() });
  await draw(customer, 530);
  return customer;
}

/** As when its time has come again. */
async function lookAgain(customer: Customer): Promise<void> {
  await app.database.pool.query(`update statements set look_at = closed_at where tenant_id = $1`, [
    customer.tenantId,
  ]);
  await service(customer).sweep();
}

const cardOf = async (customer: Customer) => {
  const [subscription] = await customer.subscriptionsAtStripe();
  return (subscription as unknown as { default_payment_method: string }).default_payment_method;
};

test.each([
  // The words of a line are kept with it, so that it is asked for as it was.
  ['POST', '/v1/invoices', [200, 400]],
  ['POST', '/v1/invoiceitems', [200, 200]],
])('12.15 12.18 a late %s %s: one invoice, with one line', async (method, path, answers) => {
  const customer = await drawn();
  const card = await cardOf(customer);
  proxy.keepNext(method, path);
  const from = stripe.kernel.calls.last;
  await service(customer).close(customer.tenantId, { kind: 'threshold' });
  await service(customer).sweep();
  await customer.useCard('pm_card_mastercard');
  expect(await cardOf(customer)).not.toBe(card);
  // Where the draft is there, its webhook asks again before.
  await lookAgain(customer);
  expect(await list(customer)).toMatchObject([{ state: 'open' }]);
  const id = await customer.customerId();
  const sent = stripe.kernel.calls
    .since(from, 10_000)
    .filter((call) => call.customer === id && call.endpoint === `${method} ${path}`);
  expect(sent.map(({ status }) => status)).toEqual(answers);
  expect(new Set(sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  expect(await invoicesOf(customer)).toMatchObject([
    { status: 'open', total: 720, default_payment_method: card },
  ]);
  const items = await customer.atStripe<{ data: object[] }>(`invoiceitems?customer=${id}`);
  expect(items.data).toHaveLength(1);

  // Nothing more is asked of what is made.
  await lookAgain(customer);
  expect(await invoicesOf(customer)).toHaveLength(1);
});
