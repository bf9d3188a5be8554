import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp, type Customer } from '../support/customer.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

/** Opens the portal as the button does, and answers how to post its forms. */
async function openPortal(customer: Customer) {
  const answer = await customer.api.post<{ portalUrl: string }>('/api/subscription/portal');
  expect(answer.status).toBe(200);
  const { portalUrl } = answer.body;
  expect((await fetch(portalUrl)).status).toBe(200);
  const [subscription] = await customer.subscriptionsAtStripe();
  return async (path: string, form: Record<string, string> = {}) => {
    const response = await fetch(`${portalUrl}/subscriptions/${subscription!.id}/${path}`, {
      method: 'POST',
      headers: { Origin: app.stripeUrl },
      body: new URLSearchParams(form),
      redirect: 'manual',
    });
    expect(response.status, await response.text()).toBe(303);
    await settled(app);
  };
}

test('going up there is paid at once, as here', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const post = await openPortal(customer);
  await post('update', { price: await customer.priceOf('team', 'month') });
  expect(await customer.subscription()).toMatchObject({ plan: 'team', status: 'active' });
  expect(await customer.payments()).toHaveLength(2);
});

test('going down there waits for the end of the period, and can be taken back here', async () => {
  const customer = await signUp(app);
  await customer.subscribe('team', 'month');
  const post = await openPortal(customer);
  await post('update', { price: await customer.priceOf('pro', 'month') });
  expect(await customer.subscription()).toMatchObject({
    plan: 'team',
    scheduledChange: { plan: 'pro' },
  });
  expect((await customer.api.post('/api/subscription/resume')).status).toBe(200);
  expect(await customer.subscription()).toMatchObject({ plan: 'team', scheduledChange: null });
});

test('cancelling there lasts to the end of the period, and can be taken back here', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  const post = await openPortal(customer);
  await post('cancel', {});
  expect(await customer.subscription()).toMatchObject({
    plan: 'pro',
    cancelAtPeriodEnd: true,
    cancelAt: currentPeriodEnd,
  });
  expect((await customer.api.post('/api/subscription/resume')).status).toBe(200);
  expect(await customer.subscription()).toMatchObject({ cancelAtPeriodEnd: false, cancelAt: null });
});
