import { afterAll, beforeAll, expect, test } from 'vitest';
import { control } from './support/control.ts';
import { isSandbox, localOf } from './support/subject.ts';
import { openWorld } from './support/world.ts';
import type { World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('8 missing: a stranger’s full backfill ends well', async () => {
  const { stripe, customer, proMonthly } = world;
  await stripe.subscriptions.create({ customer: customer.id, items: [{ price: proMonthly.id }] });
  const counts = {
    account: [await stripe.accounts.retrieveCurrent()],
    balance: [await stripe.balance.retrieve()],
    customers: await stripe.customers.list().autoPagingToArray({ limit: 50 }),
    products: await stripe.products.list().autoPagingToArray({ limit: 50 }),
    prices: await stripe.prices.list().autoPagingToArray({ limit: 50 }),
    plans: await stripe.plans.list().autoPagingToArray({ limit: 50 }),
    subscriptions: await stripe.subscriptions
      .list({ status: 'all' })
      .autoPagingToArray({ limit: 50 }),
    invoices: await stripe.invoices.list().autoPagingToArray({ limit: 50 }),
    charges: await stripe.charges.list().autoPagingToArray({ limit: 50 }),
    paymentIntents: await stripe.paymentIntents.list().autoPagingToArray({ limit: 50 }),
  };
  for (const [name, found] of Object.entries(counts))
    expect([name, found.length > 0]).toEqual([name, true]);
  const lists = [
    stripe.subscriptionSchedules.list(),
    stripe.invoiceItems.list(),
    stripe.setupIntents.list(),
    stripe.refunds.list(),
    stripe.disputes.list(),
    stripe.creditNotes.list(),
    stripe.taxIds.list(),
    stripe.taxRates.list(),
    stripe.coupons.list(),
    stripe.promotionCodes.list(),
    stripe.radar.earlyFraudWarnings.list(),
    stripe.checkout.sessions.list(),
    stripe.entitlements.features.list(),
    stripe.entitlements.activeEntitlements.list({ customer: customer.id }),
    stripe.balanceTransactions.list(),
    stripe.paymentMethods.list({ customer: customer.id }),
  ];
  for (const list of lists) expect(Array.isArray((await list).data)).toBe(true);
  const [plan] = counts.plans;
  expect(await stripe.plans.retrieve(plan!.id)).toMatchObject({ object: 'plan', id: plan!.id });
});

test.skipIf(isSandbox).each([
  ['GET', '/v2/core/events', 'API v2'],
  ['POST', '/v1/billing/credit_grants', 'billing credit grants'],
  ['POST', '/v1/billing/alerts', 'billing alerts'],
  ['GET', '/v1/payment_links', 'payment links'],
  ['POST', '/v1/quotes', 'quotes'],
  ['GET', '/v1/accounts/acct_1', 'Connect'],
  ['POST', '/v1/transfers', 'Connect'],
  ['GET', '/v1/reviews', 'Radar reviews'],
  ['GET', '/v1/payouts', 'payouts'],
  ['POST', '/v1/confirmation_tokens', 'confirmation tokens'],
])('8 missing: %s %s is refused by the name of %s', async (method, path, name) => {
  const response = await fetch(`${localOf(world).url}${path}`, {
    method,
    headers: { authorization: 'Bearer sk_test_contract' },
  });
  expect(response.status).toBe(404);
  const { error } = (await response.json()) as { error: { type: string; message: string } };
  expect(error.type).toBe('invalid_request_error');
  expect(error.message).toContain(`The local Stripe does not imitate ${name}`);
});

test.skipIf(isSandbox)(
  '8 missing: one-off invoices have retries and an end of their own',
  async () => {
    const { stripe } = world;
    const answer = await control(world, 'retry_settings', {
      attempts: 5,
      invoices: { attempts: 2, spacingSeconds: 3600, final: 'uncollectible' },
    });
    expect(answer).toMatchObject({
      retry: { attempts: 5, invoices: { attempts: 2, spacingSeconds: 3600 } },
    });
    const { id: customer } = await stripe.customers.create({});
    const { id: card } = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', {
      customer,
    });
    await stripe.customers.update(customer, { invoice_settings: { default_payment_method: card } });
    const { id } = await stripe.invoices.create({ customer, currency: 'cny', auto_advance: true });
    await stripe.invoiceItems.create({ customer, invoice: id, amount: 900, currency: 'cny' });
    const local = localOf(world);
    await local.advanceTo(local.kernel.now() + 3700);
    expect(await stripe.invoices.retrieve(id)).toMatchObject({ status: 'open', attempt_count: 1 });
    await local.advanceTo(local.kernel.now() + 3700);
    expect(await stripe.invoices.retrieve(id)).toMatchObject({
      status: 'uncollectible',
      attempt_count: 2,
      status_details: { uncollectible: { reason: 'max_payment_attempts' } },
    });
  },
);

test('8 missing: tax ids come with a customer, and tax rates can be kept', async () => {
  const { stripe } = world;
  const customer = await stripe.customers.create({
    tax_id_data: [{ type: 'eu_vat', value: 'DE123456789' }],
  });
  const owner = { type: 'customer', customer: customer.id } as const;
  expect((await stripe.taxIds.list({ owner })).data).toMatchObject([
    { type: 'eu_vat', value: 'DE123456789', customer: customer.id },
  ]);
  const [taxId] = (await stripe.taxIds.list({ owner })).data;
  await stripe.customers.del(customer.id);
  await expect(stripe.taxIds.retrieve(taxId!.id)).rejects.toMatchObject({ statusCode: 404 });
  const rate = await stripe.taxRates.create({
    display_name: 'VAT',
    inclusive: false,
    percentage: 19.5,
    country: 'DE',
  });
  expect(rate).toMatchObject({ percentage: 19.5, inclusive: false, active: true });
  expect(await stripe.taxRates.update(rate.id, { active: false })).toMatchObject({ active: false });
  await expect(
    stripe.taxRates.create({ display_name: 'VAT', inclusive: false, percentage: 101 }),
  ).rejects.toMatchObject({ param: 'percentage' });
});
