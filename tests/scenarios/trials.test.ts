import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, advanceTo, settled, signUp, type Customer } from '../support/customer.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '14' })));
afterAll(async () => app?.stop());

const mailsTo = async (customer: Customer) => {
  const { rows } = await app.database.pool.query<{ kind: string }>(
    'select kind from mail_outbox where tenant_id = $1 order by created_at, id',
    [customer.tenantId],
  );
  return rows.map((row) => row.kind);
};

test('two weeks for nothing, a word before they end, then a payment a month', async () => {
  const customer = await signUp(app);
  const trial = await customer.subscribe('pro', 'month');
  expect(trial).toMatchObject({ plan: 'pro', status: 'trialing' });
  expect((await customer.payments()).map((one) => one.amountPaidMinor)).toEqual([0]);

  await advanceDays(app, 11.5);
  expect(await mailsTo(customer)).toEqual(['trial_will_end']);
  await advanceTo(app, trial.trialEnd!);
  await advanceDays(app, 0.1);
  expect(await customer.subscription()).toMatchObject({
    plan: 'pro',
    status: 'active',
    trialEnd: null,
  });
  expect((await customer.payments())[0]).toMatchObject({ amountPaidMinor: 2900, status: 'paid' });
});

test('a tenant tries once, and is told so before it pays', async () => {
  const customer = await signUp(app);
  expect((await customer.overview()).trialDays).toBe(14);
  await customer.subscribe('pro', 'month');
  await customer.api.post('/api/subscription/cancel', { immediately: true });
  await settled(app);
  expect((await customer.overview()).trialDays).toBe(0);
  expect(await customer.subscribe('team', 'month')).toMatchObject({
    plan: 'team',
    status: 'active',
    trialEnd: null,
  });
});

test('cancelled while on trial: it lasts to its end, and nothing is ever charged', async () => {
  const customer = await signUp(app);
  const { trialEnd } = await customer.subscribe('pro', 'month', '5555555555554444');
  await customer.api.post('/api/subscription/cancel');
  expect(await customer.subscription()).toMatchObject({
    status: 'trialing',
    plan: 'pro',
    cancelAt: trialEnd,
  });
  await advanceTo(app, trialEnd!);
  await advanceDays(app, 1);
  expect(await customer.subscription()).toMatchObject({ plan: 'free', status: 'canceled' });
  expect((await customer.payments()).reduce((sum, one) => sum + one.amountPaidMinor, 0)).toBe(0);
});

test('going up while on trial costs nothing yet', async () => {
  const customer = await signUp(app);
  const { trialEnd } = await customer.subscribe('pro', 'month', '378282246310005');
  await customer.change('team', 'month');
  expect(await customer.subscription()).toMatchObject({
    plan: 'team',
    status: 'trialing',
    trialEnd,
  });
  expect((await customer.payments()).reduce((sum, one) => sum + one.amountPaidMinor, 0)).toBe(0);
});
