import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { caller } from '../support/http.ts';
import { DECLINED_CARD, GOOD_CARD, settled, signUp, type Customer } from '../support/customer.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

async function rowsOf(customer: Customer) {
  const count = async (table: string) => {
    const { rows } = await app.database.pool.query<{ n: number }>(
      `select count(*)::int as n from ${table} where tenant_id = $1`,
      [customer.tenantId],
    );
    return rows[0]!.n;
  };
  return { subscriptions: await count('subscriptions'), payments: await count('payments') };
}

test('somebody who never paid is free, and is offered every price', async () => {
  const customer = await signUp(app);
  const overview = await customer.overview();
  expect(overview.subscription).toMatchObject({
    plan: 'free',
    status: 'active',
    priceId: null,
    stale: false,
  });
  expect(overview.features).toEqual(['basic_chat', 'community_browse']);
  expect(Object.values(overview.actions)).toEqual(['subscribe', 'subscribe', 'subscribe']);
  expect(overview.canManageBilling).toBe(true);
  expect(await customer.payments()).toEqual([]);
});

test('paying makes one pro, through the webhook alone', async () => {
  const customer = await signUp(app);
  const subscription = await customer.subscribe('pro', 'month');
  expect(subscription).toMatchObject({
    plan: 'pro',
    status: 'active',
    interval: 'month',
    cancelAtPeriodEnd: false,
    cancelAt: null,
    trialEnd: null,
    scheduledChange: null,
    pastDue: null,
    paymentMethod: { brand: 'visa', last4: '4242' },
  });
  expect(await customer.payments()).toMatchObject([
    {
      status: 'paid',
      amountDueMinor: 2900,
      amountPaidMinor: 2900,
      amountRefundedMinor: 0,
      currency: 'cny',
      reason: 'subscription_create',
      periodStart: subscription.currentPeriodStart,
      periodEnd: subscription.currentPeriodEnd,
      failure: null,
    },
  ]);
  const { features, actions } = await customer.overview();
  expect(features).toContain('advanced_models');
  expect(actions).toEqual({
    [await customer.priceOf('pro', 'month')]: 'current',
    [await customer.priceOf('pro', 'year')]: 'switch_interval',
    [await customer.priceOf('team', 'month')]: 'upgrade',
  });
});

test('a declined card leaves the tenant free, and the second try pays', async () => {
  const customer = await signUp(app);
  const session = await customer.checkout('pro', 'month');
  expect(await customer.pay(session, DECLINED_CARD)).toMatchObject({ status: 'open' });
  await settled(app);
  expect(await customer.sync()).toMatchObject({ plan: 'free', status: 'active' });
  expect(await rowsOf(customer)).toEqual({ subscriptions: 0, payments: 0 });

  expect(await customer.pay(session, GOOD_CARD)).toMatchObject({ status: 'complete' });
  await settled(app);
  expect(await customer.subscription()).toMatchObject({ plan: 'pro' });
  expect(await rowsOf(customer)).toEqual({ subscriptions: 1, payments: 1 });
});

describe('whenever the webhook comes', () => {
  const chaos = (body: object) => caller(app.stripeUrl).post('/_control/chaos', body);

  test('three times and shuffled: one subscription, one payment, one plan', async () => {
    await chaos({ duplicate: 1, shuffle: 1 });
    const customer = await signUp(app);
    await customer.subscribe('team', 'month');
    await chaos({ duplicate: 1 });
    const deliveries = await caller(app.stripeUrl).get<{ deliveries: { id: string }[] }>(
      '/_control/deliveries',
    );
    for (const { id } of deliveries.body.deliveries.slice(0, 20)) {
      await caller(app.stripeUrl).post(`/_control/deliveries/${id}/resend`);
    }
    await chaos({ duplicate: 0, shuffle: 0 });
    await settled(app);
    expect(await customer.subscription()).toMatchObject({ plan: 'team', status: 'active' });
    expect(await rowsOf(customer)).toEqual({ subscriptions: 1, payments: 1 });
  });

  test('never, and the return page looks instead', async () => {
    await chaos({ drop: 1 });
    const customer = await signUp(app);
    await customer.pay(await customer.checkout('pro', 'year'), GOOD_CARD);
    expect(await customer.sync()).toMatchObject({ plan: 'pro', interval: 'year' });
    expect(await rowsOf(customer)).toEqual({ subscriptions: 1, payments: 1 });
    await chaos({ drop: 0 });
  });

  test('after the return page: nothing is doubled', async () => {
    const customer = await signUp(app);
    await customer.pay(await customer.checkout('pro', 'month'), GOOD_CARD);
    await Promise.all([customer.sync(), customer.sync(), customer.sync()]);
    await settled(app);
    expect(await rowsOf(customer)).toEqual({ subscriptions: 1, payments: 1 });
    expect(await customer.subscription()).toMatchObject({ plan: 'pro' });
  });
});

describe('a second purchase', () => {
  test('is refused while subscribed', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    expect(await customer.openCheckout('team', 'month')).toMatchObject({
      status: 409,
      body: { code: 'already_subscribed' },
    });
    expect(await customer.subscriptionsAtStripe()).toHaveLength(1);
  });

  test('is refused right after paying, before any webhook', async () => {
    const customer = await signUp(app);
    await customer.pay(await customer.checkout('pro', 'month'), GOOD_CARD);
    expect((await customer.openCheckout('pro', 'month')).status).toBe(409);
    await settled(app);
  });

  test('ten clicks at once open one session', async () => {
    const customer = await signUp(app);
    const priceId = await customer.priceOf('pro', 'month');
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        customer.api.post('/api/subscription/checkout', { priceId }),
      ),
    );
    expect(new Set(answers.map((one) => one.body.checkoutUrl)).size).toBe(1);
    const open = await customer.atStripe<{ data: object[] }>(
      `checkout/sessions?customer=${await customer.customerId()}&status=open`,
    );
    expect(open.data).toHaveLength(1);
  });

  test('another price ends the first session, which nobody can pay any more', async () => {
    const customer = await signUp(app);
    const first = await customer.checkout('pro', 'month');
    const second = await customer.checkout('team', 'month');
    expect(second).not.toBe(first);
    const { status } = await customer.atStripe<{ status: string }>(`checkout/sessions/${first}`);
    expect(status).toBe('expired');
    await customer.pay(second, GOOD_CARD);
    await settled(app);
    expect(await customer.subscription()).toMatchObject({ plan: 'team' });
  });
});

describe('bad input changes nothing', () => {
  test.each([
    ['an unknown price', { priceId: 'price_nobody' }, 400, 'unknown_price'],
    ['no price', {}, 400, 'invalid_request'],
    ['a price of another kind', { priceId: 7 }, 400, 'invalid_request'],
    ['more than is asked for', { priceId: 'price_x', quantity: 0 }, 400, 'invalid_request'],
  ])('%s', async (_, body, status, code) => {
    const customer = await signUp(app);
    const answer = await customer.api.post('/api/subscription/checkout', body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(await rowsOf(customer)).toEqual({ subscriptions: 0, payments: 0 });
  });

  test('a webhook that anybody could have written', async () => {
    const answer = await caller(app.url).post('/webhooks/stripe', { id: 'evt_1', object: 'event' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_signature', details: {} } });
  });

  test('nobody signed in', async () => {
    expect((await caller(app.url).get('/api/subscription')).status).toBe(401);
  });

  test.each(['cancel', 'resume', 'portal'])('%s without a subscription', async (verb) => {
    const customer = await signUp(app);
    expect((await customer.api.post(`/api/subscription/${verb}`)).status).toBe(409);
    // A body is optional, and so is what would say that there is one.
    const headers = { Authorization: `Bearer ${customer.session.accessToken}` };
    const bare = await fetch(`${app.url}/api/subscription/${verb}`, { method: 'POST', headers });
    expect(bare.status).toBe(409);
  });

  test.each([
    ['checkout', 'not json', 400],
    ['checkout', '[]', 400],
    ['cancel', '{"immediately":"yes"}', 400],
    ['cancel', '{"reason":"\\u0000"}', 400],
    ['upgrade', '{"priceId":"price_x","prorationDate":-1}', 400],
    ['preview', '{"priceId":""}', 400],
  ])('%s with %s', async (verb, body, status) => {
    const customer = await signUp(app);
    const headers = {
      Authorization: `Bearer ${customer.session.accessToken}`,
      'Content-Type': 'application/json',
    };
    const path = `${app.url}/api/subscription/${verb}`;
    const answer = await fetch(path, { method: 'POST', headers, body });
    expect(answer.status).toBe(status);
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'cursor=nonsense', 'cursor=', 'other=1'])(
    'payments?%s',
    async (query) => {
      const customer = await signUp(app);
      expect((await customer.api.get(`/api/subscription/payments?${query}`)).status).toBe(400);
    },
  );
});

test('a member sees the subscription and cannot pay', async () => {
  const login = await caller(app.url).post<{ accessToken: string }>('/api/auth/register', {
    email: 'to-be-member@example.com',
    password: 'correct horse battery',
  });
  const member = caller(app.url, login.body.accessToken);
  await app.database.pool.query(`update users set role = 'member' where email = $1`, [
    'to-be-member@example.com',
  ]);
  expect(await member.post('/api/subscription/checkout', { priceId: 'price_x' })).toMatchObject({
    status: 403,
    body: { code: 'billing_role_required' },
  });
  expect((await member.get('/api/subscription')).status).toBe(200);
});
