import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, advanceTo, settled, signUp, type Customer } from '../support/customer.ts';
import { alertsOf, outOfPocket } from '../support/money-back.ts';

/** What staff set on a subscription is shown as what it means, and each verb says what it can do. */
let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

async function setByStaff(customer: Customer, form: Record<string, string>): Promise<void> {
  const [subscription] = await customer.subscriptionsAtStripe();
  await customer.atStripe(`subscriptions/${subscription!.id}`, form);
  await settled(app);
}
const ask = (customer: Customer, verb: string, body: object = {}) =>
  customer.api.post(`/api/subscription/${verb}`, body);

test('9 a pause of collection is shown and told, promises no payment, and ends with its alert', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd, nextInvoice } = await customer.subscribe('team', 'month');
  const paid = await outOfPocket(customer);
  await setByStaff(customer, { 'pause_collection[behavior]': 'void' });
  const collection = { of: 'collection', resumesAt: null };
  expect(await customer.sync()).toMatchObject({
    plan: 'team',
    status: 'active',
    pause: collection,
    nextInvoice: null,
  });
  expect(await alertsOf(customer)).toEqual(['collection_paused']);
  const priceId = await customer.priceOf('pro', 'month');
  for (const verb of ['preview', 'upgrade']) {
    expect(await ask(customer, verb, { priceId })).toMatchObject({
      status: 409,
      body: { code: 'subscription_paused' },
    });
  }
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  expect(await customer.sync()).toMatchObject({ plan: 'team', pause: collection, pastDue: null });
  expect(await outOfPocket(customer)).toBe(paid);

  await setByStaff(customer, { pause_collection: '' });
  const going = await customer.sync();
  expect(going).toMatchObject({ plan: 'team', pause: null });
  expect(going.nextInvoice?.amountMinor).toBe(nextInvoice?.amountMinor);
  expect(await alertsOf(customer)).toEqual([]);
});

test('9 until when collection is paused is shown, where staff said so', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const now = app.server.context.clock.now().getTime();
  const resumesAt = new Date(Math.floor(now / 1000) * 1000 + 40 * 86_400_000);
  await setByStaff(customer, {
    'pause_collection[behavior]': 'keep_as_draft',
    'pause_collection[resumes_at]': String(resumesAt.getTime() / 1000),
  });
  expect((await customer.sync()).pause).toEqual({
    of: 'collection',
    resumesAt: resumesAt.toISOString(),
  });
  expect((await ask(customer, 'cancel')).status).toBe(200);
});

test('9 who is sent invoices asks for what is charged now, and plans the rest', async () => {
  const customer = await signUp(app);
  await customer.subscribe('team', 'month');
  await setByStaff(customer, { collection_method: 'send_invoice', days_until_due: '14' });
  const yearly = { priceId: await customer.priceOf('pro', 'year') };
  expect(await ask(customer, 'preview', yearly)).toMatchObject({
    status: 200,
    body: { effective: 'period_end', amountDueNowMinor: 0 },
  });
  expect(await ask(customer, 'upgrade', yearly)).toMatchObject({ status: 200 });
  expect(await ask(customer, 'resume')).toMatchObject({ status: 200 });
  expect(await ask(customer, 'cancel')).toMatchObject({ status: 200 });
  // Nothing was arranged that a cancellation would replace.
  expect(await alertsOf(customer)).toEqual([]);

  const other = await signUp(app);
  await other.subscribe('pro', 'month');
  await setByStaff(other, { collection_method: 'send_invoice', days_until_due: '14' });
  const team = { priceId: await other.priceOf('team', 'month') };
  for (const verb of ['preview', 'upgrade']) {
    const answer = await ask(other, verb, team);
    expect(answer).toMatchObject({ status: 409, body: { code: 'state_changed' } });
    expect(answer.body.error).toMatch(/support/);
  }
  expect(await other.sync()).toMatchObject({ plan: 'pro', status: 'active' });
});

test('9 an end that staff set within the period is shown, kept by cancelling, and taken back', async () => {
  const customer = await signUp(app);
  const { currentPeriodStart } = await customer.subscribe('pro', 'month');
  const end = Date.parse(currentPeriodStart!) + 9 * 86_400_000;
  await setByStaff(customer, { cancel_at: String(end / 1000), proration_behavior: 'none' });
  const cancelAt = new Date(end).toISOString();
  expect(await customer.sync()).toMatchObject({ cancelAt, nextInvoice: null });
  expect(await ask(customer, 'cancel')).toMatchObject({
    status: 200,
    body: { subscription: { cancelAt } },
  });
  expect(await ask(customer, 'resume')).toMatchObject({
    status: 200,
    body: { subscription: { cancelAt: null } },
  });
});
