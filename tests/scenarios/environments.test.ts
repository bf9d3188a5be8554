import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp } from '../support/customer.ts';
import { caller } from '../support/http.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

const openAlerts = async () => {
  const { rows } = await app.database.pool.query<{ kind: string; subject_id: string }>(
    `select kind, subject_id from alerts where kind = 'other_environment'`,
  );
  return rows.map((row) => row.subject_id);
};

test('9.15 what we make at Stripe carries the environment', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const ours = { metadata: { app: 'small_squaretable', env: 'development' } };
  expect(await customer.atStripe(`customers/${await customer.customerId()}`)).toMatchObject(ours);
  expect((await customer.subscriptionsAtStripe())[0]).toMatchObject(ours);
});

test('9.15 what another environment made is left alone, with an alert; without one it is ours', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const { id } = await customer.atStripe<{ id: string }>('customers', {
    'metadata[app]': 'small_squaretable',
    'metadata[env]': 'production',
    'metadata[tenantId]': crypto.randomUUID(),
  });
  await customer.atStripe(`customers/${id}`, { name: 'Somebody of the staging' });
  await settled(app);
  expect(await openAlerts()).toEqual([id]);

  const own = await customer.customerId();
  await customer.atStripe(`customers/${own}`, { 'metadata[env]': '' });
  await customer.api.post('/api/subscription/cancel', { immediately: true });
  await settled(app);
  expect(await customer.subscription()).toMatchObject({ plan: 'free', status: 'canceled' });
  expect(await openAlerts()).toEqual([id]);
});

test('9.15 a rehearsal runs as production beside a local Stripe, and every page says so', async () => {
  const stripe: LocalStripe = await startLocalStripe({ port: 0 });
  try {
    const rehearsal = await startTestApp({
      NODE_ENV: 'production',
      STRIPE_ALLOW_TEST_KEYS: '1',
      STRIPE_API_BASE: stripe.url,
      STRIPE_SECRET_KEY: 'sk_test_rehearsal',
      STRIPE_WEBHOOK_SECRET: 'whsec_rehearsal',
      JWT_SECRET: 'a secret of the rehearsal, of 32 bytes or more',
      APP_URL: 'https://staging.example.com',
    });
    try {
      const call = caller(rehearsal.url);
      expect((await call.get('/api/mode')).body).toMatchObject({ testMode: true });
      expect((await call.post('/__dev/clock', { now: '2030-01-01T00:00:00Z' })).status).toBe(404);
    } finally {
      await rehearsal.stop();
    }
  } finally {
    await stripe.close();
  }
  expect((await caller(app.url).get('/api/mode')).body).toMatchObject({ testMode: false });
});
