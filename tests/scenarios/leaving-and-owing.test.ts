import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SubscriptionChanged, UpgradeResult } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { caller } from '../support/http.ts';
import {
  advanceDays,
  advanceTo,
  FAILING_CARD,
  settled,
  signUp,
  type Customer,
} from '../support/customer.ts';

/** Ends, debts, several subscriptions, and banks that ask. Points of issue 9. */
let app: TestApp;
// That a second subscription is ended by policy is another story.
beforeAll(async () => void (app = await startTestApp({ DUPLICATE_SUBSCRIPTION: 'alert' })));
afterAll(async () => app?.stop());
beforeEach(async () => {
  await control('chaos', { drop: 0, failNext: [] });
  await control('retry_settings', { attempts: 3, spacingSeconds: 3 * 24 * 3600, final: 'cancel' });
});

const control = async (path: string, body: object) => {
  const answer = await caller(app.stripeUrl).post(`/_control/${path}`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
};
const post = <T = SubscriptionChanged>(customer: Customer, verb: string, body: object = {}) =>
  customer.api.post<T>(`/api/subscription/${verb}`, body);

interface Invoice {
  id: string;
  status: string;
  amount_due: number;
}
const invoicesAtStripe = async (customer: Customer) => {
  const id = await customer.customerId();
  return (await customer.atStripe<{ data: Invoice[] }>(`invoices?customer=${id}`)).data;
};
/** The customer's bank is satisfied, or another card is taken. */
async function payOpen(customer: Customer): Promise<void> {
  const open = (await invoicesAtStripe(customer)).find((one) => one.status === 'open')!;
  const customerId = await customer.customerId();
  const card = await customer.atStripe<{ id: string }>('payment_methods/pm_card_visa/attach', {
    customer: customerId,
  });
  await customer.atStripe(`invoices/${open.id}/pay`, { payment_method: card.id });
  await settled(app);
}

test('9 cancelled at Stripe and the webhook lost: cancelling succeeds, and the page learns', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const [subscription] = await customer.subscriptionsAtStripe();
  await control('chaos', { drop: 1 });
  await fetch(`${app.stripeUrl}/v1/subscriptions/${subscription!.id}`, {
    method: 'DELETE',
    headers: { Authorization: 'Bearer sk_test_squaretable' },
  });
  await app.localStripe?.settled();
  expect(await post(customer, 'cancel')).toMatchObject({
    status: 200,
    body: { success: true, subscription: { plan: 'free', status: 'canceled' } },
  });
  expect(await customer.subscription()).toMatchObject({ plan: 'free', status: 'canceled' });
});

test('9 refused because it is otherwise at Stripe: the page learns that, too', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const [subscription] = await customer.subscriptionsAtStripe();
  await control('chaos', { drop: 1 });
  await fetch(`${app.stripeUrl}/v1/subscriptions/${subscription!.id}`, {
    method: 'DELETE',
    headers: { Authorization: 'Bearer sk_test_squaretable' },
  });
  await app.localStripe?.settled();
  expect(await post(customer, 'resume')).toMatchObject({ status: 409 });
  expect(await customer.subscription()).toMatchObject({ plan: 'free', status: 'canceled' });
});

test('9 when dunning ends it, the unpaid invoice is voided and no longer offered', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await customer.useCard(FAILING_CARD);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 15);
  expect(await customer.sync()).toMatchObject({ status: 'canceled', pastDue: null });
  expect((await invoicesAtStripe(customer)).map((one) => one.status)).toEqual(['void', 'paid']);
  expect(await customer.payments()).toMatchObject([{ status: 'void' }, { status: 'paid' }]);
});

test('9 cancelling while past due, when the voiding fails: it is voided all the same', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await customer.useCard(FAILING_CARD);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.2);
  const voiding = { method: 'POST', path: '/v1/invoices/:id/void' };
  const failing = { status: 500, match: voiding };
  await control('chaos', { failNext: [failing, failing, failing, failing] });
  const answer = await post(customer, 'cancel');
  expect([200, 503]).toContain(answer.status);
  await control('chaos', { failNext: [] });
  await app.server.context.services.subscriptions.settleIntents();
  await settled(app);
  expect(await customer.sync()).toMatchObject({ status: 'canceled', unsettled: null });
  expect((await invoicesAtStripe(customer)).map((one) => one.status)).toEqual(['void', 'paid']);
});

test('9 of two subscriptions the one that is owed is shown, and cancelling ends both', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await customer.useCard(FAILING_CARD);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.2);
  const price = await customer.priceOf('team', 'month');
  await customer.atStripe('subscriptions', {
    customer: await customer.customerId(),
    'items[0][price]': price,
    payment_behavior: 'default_incomplete',
  });
  await settled(app);
  const shown = await customer.sync();
  expect(shown).toMatchObject({ status: 'past_due', interval: 'month', others: [{}] });
  expect(shown.pastDue?.amountMinor).toBe(2900);
  expect((await post(customer, 'cancel')).body).toMatchObject({ success: true, ended: 2 });
  const left = await customer.subscriptionsAtStripe();
  expect(left.map((one) => one.status).sort()).toEqual(['canceled', 'incomplete_expired']);
  expect((await invoicesAtStripe(customer)).filter((one) => one.status === 'open')).toEqual([]);
});

describe('9 an upgrade that the bank wants confirmed', () => {
  async function asking(): Promise<Customer> {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await customer.useCard('pm_card_authenticationRequired');
    return customer;
  }

  test.each([
    ['with the period', undefined],
    ['at an instant, as the portal sets it', 'cancel_at'],
  ])('takes a planned end %s back when it is paid, and not before', async (_, form) => {
    const customer = await asking();
    const { currentPeriodEnd } = await customer.subscription();
    const [subscription] = await customer.subscriptionsAtStripe();
    if (form === undefined) await post(customer, 'cancel');
    else {
      const cancel_at = String(Date.parse(currentPeriodEnd!) / 1000);
      await customer.atStripe(`subscriptions/${subscription!.id}`, { cancel_at });
      await settled(app);
    }
    const answer = await customer.change('team', 'month');
    expect(answer.body).toMatchObject({ success: false, paymentUrl: expect.any(String) });
    expect(await customer.sync()).toMatchObject({
      plan: 'pro',
      cancelAt: currentPeriodEnd,
      pendingChange: { plan: 'team', payUrl: answer.body.paymentUrl },
    });
    await payOpen(customer);
    expect(await customer.sync()).toMatchObject({
      plan: 'team',
      cancelAt: null,
      pendingChange: null,
    });
  });

  test('and is not paid: the end stays', async () => {
    const customer = await asking();
    await post(customer, 'cancel');
    const { cancelAt } = await customer.subscription();
    await customer.change('team', 'month');
    await advanceDays(app, 1.1);
    expect(await customer.sync()).toMatchObject({ plan: 'pro', cancelAt, pendingChange: null });
    await advanceTo(app, cancelAt!);
    expect(await customer.subscription()).toMatchObject({ plan: 'free' });
    expect((await customer.payments()).filter((one) => one.amountPaidMinor > 0)).toHaveLength(1);
  });

  test('keeps a planned downgrade until it is paid', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'year');
    await customer.change('pro', 'month');
    const { scheduledChange } = await customer.subscription();
    await customer.useCard('pm_card_authenticationRequired');
    // So late that what is left of the year does not pay for it.
    await advanceDays(app, 350);
    const answer = await customer.change('team', 'month');
    expect(answer.body).toMatchObject({ success: false, paymentUrl: expect.any(String) });
    expect((await customer.sync()).scheduledChange).toEqual(scheduledChange);
    await payOpen(customer);
    expect(await customer.sync()).toMatchObject({ plan: 'team', scheduledChange: null });
  });

  test('waiting, cancelled, resumed and chosen again with a good card: it is made', async () => {
    const customer = await asking();
    await customer.change('team', 'month');
    await post(customer, 'cancel');
    await post(customer, 'resume');
    await customer.useCard('pm_card_visa');
    const again = await post<UpgradeResult>(customer, 'upgrade', {
      priceId: await customer.priceOf('team', 'month'),
    });
    expect(again).toMatchObject({ status: 200, body: { success: true } });
    expect(await customer.sync()).toMatchObject({ plan: 'team', cancelAt: null });
  });

  test('asked for twice leads to the same invoice', async () => {
    const customer = await asking();
    const first = await customer.change('team', 'month');
    const second = await customer.change('team', 'month');
    expect(second.body.paymentUrl).toBe(first.body.paymentUrl);
    expect((await invoicesAtStripe(customer)).filter((one) => one.status === 'open')).toHaveLength(
      1,
    );
  });
});

describe('9 what Stripe refuses is told in our words, and never a 500', () => {
  test('a customer deleted at Stripe', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const id = await customer.customerId();
    await control('chaos', { drop: 1 });
    await fetch(`${app.stripeUrl}/v1/customers/${id}`, {
      method: 'DELETE',
      headers: { Authorization: 'Bearer sk_test_squaretable' },
    });
    await app.localStripe?.settled();
    const priceId = await customer.priceOf('team', 'month');
    expect((await post(customer, 'portal')).status).toBe(409);
    expect((await post(customer, 'preview', { priceId })).status).toBe(409);
    expect((await post(customer, 'upgrade', { priceId })).status).toBe(409);
    expect((await post(customer, 'resume')).status).toBe(409);
    expect(await customer.sync()).toMatchObject({ plan: 'free', status: 'canceled' });
  });

  test('a price in another currency than what runs', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const { product } = await customer.atStripe<{ product: string }>(
      `prices/${await customer.priceOf('team', 'month')}`,
    );
    await customer.atStripe('prices', {
      currency: 'usd',
      unit_amount: '1500',
      'recurring[interval]': 'month',
      product,
      lookup_key: 'squaretable_team_monthly',
      transfer_lookup_key: 'true',
      'metadata[squaretable_plan]': 'team',
    });
    app.server.context.services.catalogue.expire();
    const priceId = await customer.priceOf('team', 'month');
    for (const verb of ['preview', 'upgrade']) {
      expect(await post(customer, verb, { priceId })).toMatchObject({
        status: 409,
        body: { code: 'currency_conflict' },
      });
    }
    expect(await customer.sync()).toMatchObject({ plan: 'pro', status: 'active', unsettled: null });
  });
});

test('9 a paused subscription says so, promises no renewal, and can be left', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const [subscription] = await customer.subscriptionsAtStripe();
  await customer.atStripe(`subscriptions/${subscription!.id}/pause`, { 'expand[0]': 'customer' });
  await settled(app);
  expect(await customer.sync()).toMatchObject({
    plan: 'free',
    pause: { of: 'subscription' },
    nextInvoice: null,
  });
  const priceId = await customer.priceOf('team', 'month');
  expect(await post(customer, 'resume')).toMatchObject({ status: 409 });
  for (const verb of ['preview', 'upgrade']) {
    expect(await post(customer, verb, { priceId })).toMatchObject({
      status: 409,
      body: { code: 'subscription_paused' },
    });
  }
  expect(await post(customer, 'cancel')).toMatchObject({
    status: 200,
    body: { subscription: { status: 'canceled' } },
  });
});

test('9 who is sent invoices has until the due date before the grace begins', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  const [subscription] = await customer.subscriptionsAtStripe();
  await customer.atStripe(`subscriptions/${subscription!.id}`, {
    collection_method: 'send_invoice',
    days_until_due: '20',
  });
  const priceId = await customer.priceOf('team', 'month');
  expect((await post(customer, 'upgrade', { priceId })).status).toBe(409);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 22);
  const { status, plan, pastDue } = await customer.sync();
  expect({ status, plan }).toEqual({ status: 'past_due', plan: 'pro' });
  const [invoice] = await invoicesAtStripe(customer);
  expect(Date.parse(pastDue!.since) / 1000).toBe(
    (invoice as Invoice & { due_date: number }).due_date,
  );
  await advanceDays(app, 7);
  expect(await customer.sync()).toMatchObject({ plan: 'free' });
});
