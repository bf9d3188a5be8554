import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { caller } from '../support/http.ts';
import { advanceDays, GOOD_CARD, settled, signUp } from '../support/customer.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ STRIPE_TIMEOUT_SECONDS: '3' })));
afterAll(async () => app?.stop());

const chaos = (body: object) => caller(app.stripeUrl).post('/_control/chaos', body);
const failing = (times: number, status: number) =>
  chaos({ failNext: Array.from({ length: times }, () => ({ status, code: 'api_error' })) });

test('reads go on from our copy and say so; writes answer 503 and change nothing', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await advanceDays(app, 1);
  await app.database.pool.query(`update tenants set synced_at = synced_at - interval '1 hour'`);
  await failing(50, 500);
  expect(await customer.overview()).toMatchObject({
    subscription: { plan: 'pro', status: 'active', stale: true },
  });
  expect((await caller(app.url).get('/api/plans')).status).toBe(200);
  for (const verb of ['cancel', 'sync', 'portal']) {
    const answer = await customer.api.post(`/api/subscription/${verb}`);
    expect(answer).toMatchObject({ status: 503, body: { code: 'stripe_unavailable' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  await chaos({ failNext: [] });
  expect(await customer.sync()).toMatchObject({ plan: 'pro', cancelAt: null, stale: false });
});

test('10.22 a reader is not held up by whoever holds our copy', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await app.database.pool.query(
    `update tenants set synced_at = synced_at - interval '1 hour' where id = $1`,
    [customer.tenantId],
  );
  const holder = await app.database.pool.connect();
  try {
    await holder.query('begin');
    await holder.query('select 1 from tenants where id = $1 for update', [customer.tenantId]);
    const begun = performance.now();
    expect(await customer.overview()).toMatchObject({ subscription: { plan: 'pro', stale: true } });
    expect(performance.now() - begun).toBeLessThan(15_000);
  } finally {
    await holder.query('rollback');
    holder.release();
  }
});

test('10.17 a refusal as too many requests is overcome; without an end it is away', async () => {
  const customer = await signUp(app);
  const priceId = await customer.priceOf('pro', 'month');
  const checkout = () => customer.api.post('/api/subscription/checkout', { priceId });
  await failing(1, 429);
  expect((await checkout()).status).toBe(200);
  await failing(1_000, 429);
  expect(await checkout()).toMatchObject({ status: 503, body: { code: 'stripe_unavailable' } });
  await chaos({ failNext: [] });
  expect((await checkout()).status).toBe(200);
});

test('events wait in the inbox while Stripe cannot be asked, and lose nothing', async () => {
  const customer = await signUp(app);
  const session = await customer.checkout('pro', 'month');
  await chaos({ delayMs: 200 });
  await customer.pay(session, GOOD_CARD);
  await failing(1_000, 503);
  await app.localStripe!.settled();
  const { pool } = app.database;
  const waiting = `select count(*)::int as n from stripe_events where state = 'received'`;
  await vi.waitFor(async () => {
    const tried = await pool.query(
      `select 1 from stripe_events where attempts > 0 and state = 'received'`,
    );
    expect(tried.rowCount).toBeGreaterThan(0);
  }, 60_000);
  expect((await pool.query<{ n: number }>(waiting)).rows[0]!.n).toBeGreaterThan(3);

  await chaos({ failNext: [], delayMs: 0 });
  await app.server.context.services.stripeEvents.drain();
  expect((await pool.query<{ n: number }>(waiting)).rows[0]!.n).toBe(0);
  expect(await customer.subscription()).toMatchObject({ plan: 'pro' });
  expect(await customer.payments()).toMatchObject([{ status: 'paid' }]);
});

test('lost webhooks are fetched by the reconciler, payments and mails included', async () => {
  await chaos({ drop: 1 });
  const customer = await signUp(app);
  await customer.pay(await customer.checkout('pro', 'month'), GOOD_CARD);
  await app.localStripe!.settled();
  expect(await customer.payments()).toEqual([]);
  await chaos({ drop: 0 });

  const { reconcile } = app.server.context.services;
  expect(await reconcile.catchUpEvents()).toBeGreaterThan(3);
  await settled(app);
  expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
  expect(await customer.payments()).toMatchObject([{ status: 'paid', amountPaidMinor: 2900 }]);
  expect(await reconcile.catchUpEvents()).toBe(0);
});

test('the first invoice of a subscription comes with the first event that is heard, its own lost', async () => {
  const customer = await signUp(app);
  await chaos({ drop: 1 });
  await customer.pay(await customer.checkout('pro', 'month'), GOOD_CARD);
  await app.localStripe!.settled();
  await chaos({ drop: 0 });
  expect(await customer.payments()).toEqual([]);
  await customer.atStripe(`customers/${await customer.customerId()}`, { name: 'Renamed' });
  await settled(app);
  expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
  expect(await customer.payments()).toMatchObject([{ status: 'paid', amountPaidMinor: 2900 }]);
});

test('with our rows gone, a sweep writes them again', async () => {
  const customer = await signUp(app);
  await customer.subscribe('team', 'month');
  await app.database.pool.query(`
    update tenants set subscription_id = null, plan = 'free' where id = '${customer.tenantId}'`);
  await app.database.pool.query(`delete from payments where tenant_id = '${customer.tenantId}'`);
  await app.database.pool.query(
    `delete from subscriptions where tenant_id = '${customer.tenantId}'`,
  );
  const { reconcile } = app.server.context.services;
  expect(await reconcile.sweep()).toMatchObject({ missing: [], failed: [] });
  expect(await customer.subscription()).toMatchObject({ plan: 'team' });
  expect(await customer.payments()).toHaveLength(1);
});

test('from a backup that knew no customer, the next event brings everything back', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const customerId = await customer.customerId();
  await app.database.pool.query(`
    update tenants set subscription_id = null, plan = 'free', stripe_customer_id = null
    where id = '${customer.tenantId}'`);
  await app.database.pool.query(`delete from payments where tenant_id = '${customer.tenantId}'`);
  await app.database.pool.query(
    `delete from subscriptions where tenant_id = '${customer.tenantId}'`,
  );
  await customer.atStripe(`customers/${customerId}`, { name: 'Renamed' });
  await settled(app);
  expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
  expect(await customer.customerId()).toBe(customerId);
});
