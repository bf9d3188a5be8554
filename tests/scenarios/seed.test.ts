import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEMO_PASSWORD, seedDemo } from '../../scripts/start/seed.ts';
import type { PaymentsPage, SessionView, SubscriptionOverview } from '../../src/domain/api.ts';
import type { CreditHistoryView, CreditsView } from '../../src/domain/billing/credits.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled } from '../support/customer.ts';
import { caller } from '../support/http.ts';

let app: TestApp;
const said: string[] = [];
const seed = ({ server, stripeUrl }: TestApp) =>
  seedDemo({ context: server.context, stripeUrl, say: (line) => said.push(line) });

/** Of the reads that come from now on, those with a number of `hung` are answered nothing, tried again or not. */
async function hangReads({ stripeUrl }: TestApp, hung: number[]): Promise<void> {
  const failNext = hung.map((nth) => ({
    match: { method: 'GET' },
    nth,
    repeats: 2,
    status: 'hang',
  }));
  await caller(stripeUrl).post('/_control/chaos', { failNext });
}

beforeAll(async () => {
  // Fewer than the demo has: its accounts are no registrations of anybody.
  app = await startTestApp({ REGISTRATIONS_PER_HOUR: '1', STRIPE_TIMEOUT_SECONDS: '2' });
  // As of a machine that has no time for it: the demo comes about all the same.
  await hangReads(app, [1, 2, 5, 9, 14, 20, 27, 35]);
  await seed(app);
  await settled(app);
});
afterAll(async () => app?.stop());

async function overviewOf(name: string) {
  const credentials = { email: `${name}@example.com`, password: DEMO_PASSWORD };
  const login = await caller(app.url).post<SessionView>('/api/auth/login', credentials);
  const answer = await caller(app.url, login.body.accessToken).get<SubscriptionOverview>(
    '/api/subscription',
  );
  return answer.body;
}

test('nothing of the demo is missing, though reads of Stripe were too slow', () => {
  expect(said).toEqual([]);
});

test.each([
  ['demo', { plan: 'free', status: 'active' }],
  ['member', { plan: 'team', status: 'active' }],
  ['pro', { plan: 'pro', status: 'active', interval: 'month' }],
  ['yearly', { plan: 'pro', status: 'active', interval: 'year' }],
  ['team', { plan: 'team', status: 'active' }],
  ['trial', { plan: 'pro', status: 'trialing', trialEnd: expect.any(String) }],
  ['pastdue', { plan: 'pro', status: 'past_due', pastDue: { amountMinor: 2900 } }],
  ['canceling', { plan: 'pro', status: 'active', cancelAtPeriodEnd: true }],
  ['downgrading', { plan: 'team', status: 'active', scheduledChange: { plan: 'pro' } }],
  ['canceled', { plan: 'free', status: 'canceled' }],
])('%s@example.com is shown in its state', async (name, expected) => {
  expect((await overviewOf(name)).subscription).toMatchObject(expected);
});

test('pastdue@example.com owes its renewal, and its list of invoices calls it one', async () => {
  const credentials = { email: 'pastdue@example.com', password: DEMO_PASSWORD };
  const login = await caller(app.url).post<SessionView>('/api/auth/login', credentials);
  const api = caller(app.url, login.body.accessToken);
  const { body } = await api.get<PaymentsPage>('/api/subscription/payments');
  expect(body.payments).toMatchObject([
    { status: 'open', reason: 'subscription_cycle', failure: { code: 'generic_decline' } },
    { status: 'paid', reason: 'subscription_create', amountPaidMinor: 2900 },
  ]);
});

test('pro@example.com has a pack, some of its credits are used, and its history says on what', async () => {
  const credentials = { email: 'pro@example.com', password: DEMO_PASSWORD };
  const login = await caller(app.url).post<SessionView>('/api/auth/login', credentials);
  const api = caller(app.url, login.body.accessToken);
  const { body } = await api.get<CreditsView>('/api/credits');
  // Nine pictures of two credits beyond the 500 of the plan.
  expect(body).toMatchObject({
    balance: 312_000_000,
    grants: [{ origin: 'purchase', amount: 330_000_000, left: 312_000_000, state: 'active' }],
  });
  const history = await api.get<CreditHistoryView>('/api/credits/history');
  expect(history.body.movements.map(({ kind, micro }) => [kind, micro / 1_000_000])).toEqual([
    ['grant', -2],
    ['grant', -10],
    ['grant', -6],
    ['granted', 330],
  ]);
});

test('a second start adds nothing', async () => {
  const count = `select (select count(*)::int from tenants) as tenants,
    (select count(*)::int from subscriptions) as subscriptions,
    (select count(*)::int from credit_purchases) as purchases`;
  const before = await app.database.pool.query(count);
  await seed(app);
  await settled(app);
  expect((await app.database.pool.query(count)).rows).toEqual(before.rows);
});

test('what does not come about is told and passed by', async () => {
  const other = await startTestApp();
  try {
    const refused = { match: { method: 'POST', path: '/v1/checkout/sessions' }, status: 400 };
    await caller(other.stripeUrl).post('/_control/chaos', { failNext: Array(50).fill(refused) });
    await seed(other);
    expect(said).toHaveLength(8);
    expect(said).toContainEqual(expect.stringMatching(/^The demo has trial@example\.com not in /));
    const everybody = 'select count(*)::int as n from users';
    expect((await other.database.pool.query(everybody)).rows).toEqual([{ n: 10 }]);
  } finally {
    await other.stop();
  }
});
