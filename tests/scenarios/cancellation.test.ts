import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SubscriptionChanged } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  advanceDays,
  advanceTo,
  FAILING_CARD,
  settled,
  signUp,
  type Customer,
} from '../support/customer.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

const cancel = async (customer: Customer, body: object = {}) => {
  const answer = await customer.api.post<SubscriptionChanged>('/api/subscription/cancel', body);
  await settled(app);
  return answer;
};
const mailsTo = async (customer: Customer) => {
  const { rows } = await app.database.pool.query<{ kind: string }>(
    'select kind from mail_outbox where tenant_id = $1 order by created_at, id',
    [customer.tenantId],
  );
  return rows.map((row) => row.kind);
};

test('cancelled: everything stays to the end of the period, then free; one acknowledgement', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  expect(await cancel(customer, { reason: 'Moving on' })).toMatchObject({
    status: 200,
    body: {
      success: true,
      subscription: { plan: 'pro', cancelAtPeriodEnd: true, cancelAt: currentPeriodEnd },
    },
  });
  expect(await mailsTo(customer)).toEqual(['cancellation']);

  await advanceTo(app, currentPeriodEnd!);
  expect(await customer.subscription()).toMatchObject({
    plan: 'free',
    status: 'canceled',
    cancelAt: currentPeriodEnd,
  });
  expect(await mailsTo(customer)).toEqual(['cancellation']);
  expect(await customer.payments()).toHaveLength(1);
});

test('cancelled and resumed: it renews as if nothing had been', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await cancel(customer);
  const resumed = await customer.api.post<SubscriptionChanged>('/api/subscription/resume');
  expect(resumed).toMatchObject({
    status: 200,
    body: { subscription: { cancelAtPeriodEnd: false, cancelAt: null } },
  });
  expect(await customer.api.post('/api/subscription/resume')).toMatchObject({
    status: 409,
    body: { code: 'not_resumable' },
  });
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
  expect(await customer.payments()).toHaveLength(2);
});

test('cancelled in the portal, which sets the instant alone: shown, and resumed, all the same', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  const [subscription] = await customer.subscriptionsAtStripe();
  const cancel_at = String(Date.parse(currentPeriodEnd!) / 1000);
  await customer.atStripe(`subscriptions/${subscription!.id}`, { cancel_at });
  await settled(app);
  expect(await customer.subscription()).toMatchObject({
    cancelAtPeriodEnd: true,
    cancelAt: currentPeriodEnd,
  });
  const resumed = await customer.api.post('/api/subscription/resume');
  expect(resumed).toMatchObject({ status: 200, body: { subscription: { cancelAt: null } } });
});

test('at once: free at once, and a new purchase is possible', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  expect(await cancel(customer, { immediately: true })).toMatchObject({
    status: 200,
    body: { subscription: { plan: 'free', status: 'canceled', priceId: null } },
  });
  expect(await cancel(customer)).toMatchObject({
    status: 200,
    body: { success: true, subscription: { status: 'canceled' } },
  });
  expect(await customer.subscribe('team', 'month')).toMatchObject({
    plan: 'team',
    status: 'active',
  });
});

test('while past due: ends now, and what is owed is not collected any more', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await customer.useCard(FAILING_CARD);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.2);
  expect(await customer.subscription()).toMatchObject({ status: 'past_due' });

  expect(await cancel(customer)).toMatchObject({
    status: 200,
    body: { subscription: { plan: 'free', status: 'canceled', pastDue: null } },
  });
  await advanceDays(app, 30);
  const [unpaid] = await customer.payments();
  expect(unpaid).toMatchObject({ status: 'void', amountPaidMinor: 0 });
});

test('deleting the team ends the subscription at Stripe first, and signs everybody out', async () => {
  const customer = await signUp(app, 'Knights');
  await customer.subscribe('pro', 'month');
  expect((await customer.api.delete('/api/tenant', { confirm: 'Not the name' })).status).toBe(400);
  expect((await customer.api.delete('/api/tenant', { confirm: 'Knights' })).status).toBe(204);
  await settled(app);
  expect(await customer.subscriptionsAtStripe()).toMatchObject([{ status: 'canceled' }]);
  expect((await customer.api.get('/api/auth/me')).status).toBe(401);
  expect((await customer.api.get('/api/subscription')).status).toBeLessThan(500);
});
