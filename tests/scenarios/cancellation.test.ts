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

test('a cancellation that was taken back before its mail went out is not acknowledged any more', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  // A second address is told of money too.
  await customer.api.put('/api/tenant/billing-email', { email: 'books@example.com' });
  await cancel(customer);
  expect(await mailsTo(customer)).toContain('cancellation');
  await customer.api.post('/api/subscription/resume');
  expect(await mailsTo(customer)).not.toContain('cancellation');

  // One that was sent stays, and so does the next one.
  await cancel(customer);
  await app.server.context.services.mails.sendDue();
  await customer.api.post('/api/subscription/resume');
  await advanceDays(app, 1);
  await cancel(customer);
  expect((await mailsTo(customer)).filter((kind) => kind === 'cancellation')).toHaveLength(4);
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

test('13 a plan that leaves fewer seats than people: the owner hears once who has none, and chooses', async () => {
  const customer = await signUp(app, 'Knights of many');
  await customer.subscribe('team', 'month');
  for (const name of ['Bors', 'Kay']) {
    const member = await signUp(app, name);
    await app.database.pool.query(
      `insert into memberships (tenant_id, user_id, role, joined_at) values ($1, $2, 'member', $3)`,
      [customer.tenantId, member.session.user.id, new Date(name === 'Bors' ? 1_000 : 2_000)],
    );
  }
  await cancel(customer, { immediately: true });
  await customer.sync();
  const { rows } = await app.database.pool.query<{ kind: string; data: object }>(
    `select recipient, data from mail_outbox where tenant_id = $1 and kind = 'seats_taken'`,
    [customer.tenantId],
  );
  const names = [...(await displayNames(customer))].slice(1);
  expect(rows).toMatchObject([
    { recipient: customer.session.user.email, data: { team: 'Knights of many', seats: 1, names } },
  ]);
  await customer.subscribe('team', 'month');
  const seated = await app.database.pool.query(
    'select 1 from memberships where tenant_id = $1 and has_seat',
    [customer.tenantId],
  );
  expect(seated.rowCount).toBe(3);
});

/** The owner first, then members as they joined. */
async function displayNames(customer: Customer): Promise<string[]> {
  const { rows } = await app.database.pool.query<{ name: string }>(
    `select display_name as name from memberships join users on users.id = user_id
     where memberships.tenant_id = $1 order by memberships.role, joined_at`,
    [customer.tenantId],
  );
  return rows.map(({ name }) => name);
}
