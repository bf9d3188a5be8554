import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { createMovableClock } from '../../../clock.ts';
import { LOCAL_SECRET_KEY } from '../../../config/stripe.config.ts';
import { createStripeClient } from '../client/client.ts';
import { applyChange, previewChange } from '../changes.ts';
import { createCheckoutSession } from '../checkout.ts';
import { createCustomer, listSubscriptions } from '../customers.ts';
import { attachSchedule, planChange } from '../schedules.ts';
import { toUnixSeconds } from '../snapshots/schemas.ts';
import { Changes } from '../setup/changes.ts';
import { ensurePrices } from '../setup/products.ts';

let local: LocalStripe;
const clock = createMovableClock();
const timeouts = { timeout: 5_000, maxNetworkRetries: 0 };
beforeAll(async () => void (local = await startLocalStripe({ port: 0, clock })));
afterAll(async () => local?.close());

/** Stripe does what it is asked next, and the answer never arrives. */
async function loseAnswer(): Promise<void> {
  const failNext = [{ status: 500, when: 'after' }];
  const body = JSON.stringify({ failNext });
  const answer = await fetch(`${local.url}/_control/chaos`, { method: 'POST', body });
  expect(answer.status).toBe(200);
}

/** A client that does not try again by itself: we do, after a crash say. */
const open = () =>
  createStripeClient(
    { secretKey: LOCAL_SECRET_KEY, apiBase: new URL(local.url) },
    { maxNetworkRetries: 0 },
  );
const values = {
  environment: 'test',
  checkoutSettings: { automaticTax: false, promotionCodes: false },
  tenantId: crypto.randomUUID(),
  email: 'ada@example.com',
  name: 'Ada',
  locale: 'en',
  replaces: null,
};

test('a customer is made once, whoever asks again, also with another address', async () => {
  await loseAnswer();
  await expect(createCustomer(open(), values)).rejects.toThrow();
  const first = await createCustomer(open(), values);
  expect(await createCustomer(open(), { ...values, email: 'ada@example.org' })).toBe(first);
  const made = await open().customers.list({ limit: 100 });
  expect(made.data.map((one) => [one.id, one.email])).toEqual([[first, 'ada@example.org']]);
  expect(await createCustomer(open(), { ...values, replaces: first })).not.toBe(first);
});

test('a call waits no longer than it may, whatever its own patience', async () => {
  const failNext = [{ status: 'hang', repeats: 1 }];
  await fetch(`${local.url}/_control/chaos`, {
    method: 'POST',
    body: JSON.stringify({ failNext }),
  });
  const access = { secretKey: LOCAL_SECRET_KEY, apiBase: new URL(local.url), timeoutMs: 200 };
  const began = performance.now();
  await expect(createStripeClient(access).customers.list()).rejects.toThrow(/timeout/i);
  // The SDK's own patience is 80 s.
  expect(performance.now() - began).toBeLessThan(20_000);
});

test('a Checkout session is opened once', async () => {
  const stripe = open();
  const [pro] = await ensurePrices(stripe, new Changes(false));
  const customerId = await createCustomer(stripe, { ...values, tenantId: crypto.randomUUID() });
  const checkout = {
    environment: 'test',
    checkoutSettings: { automaticTax: false, promotionCodes: false },
    tenantId: values.tenantId,
    customerId,
    priceId: pro!.priceId,
    currency: null,
    trialDays: 0,
    locale: 'en',
    successUrl: 'http://localhost:3000/checkout/return',
    cancelUrl: 'http://localhost:3000/checkout/return',
    expiresAt: new Date(Date.now() + 3600_000),
    after: null,
  };
  await loseAnswer();
  await expect(createCheckoutSession(stripe, checkout)).rejects.toThrow();
  const first = await createCheckoutSession(stripe, checkout);
  expect((await createCheckoutSession(stripe, checkout)).id).toBe(first.id);
  // Another language under the same key would be refused: it gets a session of its own.
  const other = await createCheckoutSession(stripe, { ...checkout, locale: 'zh-CN' });
  expect(other.id).not.toBe(first.id);
  await stripe.checkout.sessions.expire(first.id);
  expect(await createCheckoutSession(stripe, checkout)).toMatchObject({ status: 'open' });
});

test('an upgrade is invoiced once, for what was previewed; a downgrade is planned once', async () => {
  const stripe = open();
  const [pro, , team] = await ensurePrices(stripe, new Changes(false));
  const customerId = await createCustomer(stripe, { ...values, tenantId: crypto.randomUUID() });
  const { id: card } = await stripe.paymentMethods.attach('pm_card_visa', { customer: customerId });
  await stripe.subscriptions.create({
    customer: customerId,
    items: [{ price: pro!.priceId }],
    default_payment_method: card,
  });
  const [subscription] = await listSubscriptions(stripe, customerId, timeouts);
  const change = {
    subscription: subscription!,
    itemId: subscription!.items[0]!.id,
    priceId: team!.priceId,
    prorationDate: toUnixSeconds(clock.now()),
    resetsPeriod: false,
  };
  const { amountDueMinor } = await previewChange(stripe, change);
  await loseAnswer();
  const options = { ...timeouts, idempotencyKey: 'intent:1:apply' };
  await expect(applyChange(stripe, change, options)).rejects.toThrow();
  await applyChange(stripe, change, options);
  const [changed] = await listSubscriptions(stripe, customerId, timeouts);
  expect(changed!.items.map((one) => one.price.id)).toEqual([team!.priceId]);
  const invoices = await stripe.invoices.list({ customer: customerId });
  expect(invoices.data.map((one) => one.amount_paid)).toEqual([amountDueMinor, 2900]);

  await attachSchedule(stripe, changed!.id, timeouts);
  const [attached] = await listSubscriptions(stripe, customerId, timeouts);
  const plan = {
    schedule: attached!.schedule!,
    currentPriceId: team!.priceId,
    at: changed!.items[0]!.currentPeriodEnd,
    priceId: pro!.priceId,
    interval: 'month' as const,
    changesInterval: false,
  };
  await planChange(stripe, plan, timeouts);
  await planChange(stripe, plan, timeouts);
  const [planned] = await listSubscriptions(stripe, customerId, timeouts);
  expect(planned!.schedule).toMatchObject({
    status: 'active',
    endBehavior: 'release',
    phases: [{ priceIds: [team!.priceId] }, { priceIds: [pro!.priceId] }],
  });
});
