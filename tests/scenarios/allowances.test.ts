import { afterAll, beforeAll, expect, test } from 'vitest';
import { PLANS_FILE, readPlansFile } from '../../src/db/catalogue/plans-file.ts';
import type { UsageStats } from '../../src/domain/api.ts';
import { nextPeriod, periodOf, periodStart } from '../../src/domain/period.ts';
import { publishPlans } from '../../src/server/services/plans/publish-plans.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceTo, FAILING_CARD, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';

const HOUR_MS = 3_600_000;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
  const { database, clock } = app.server.context;
  const drafts = readPlansFile(PLANS_FILE).map((draft) =>
    draft.plan === 'pro' ? { ...draft, rollover: { messages: 50 } } : draft,
  );
  await publishPlans({ db: database.db, clock }, drafts, { everyone: true });
});
afterAll(() => app?.stop());

/** So many hours into the next month. */
function nextMonth(hours: number): Promise<void> {
  const begin = periodStart(nextPeriod(periodOf(app.server.context.clock.now())));
  return advanceTo(app, new Date(begin.getTime() + hours * HOUR_MS).toISOString());
}

async function use({ tenantId }: Customer, amount: number): Promise<string> {
  const event = { tenantId, resourceType: 'messages', amount, idempotencyKey: crypto.randomUUID() };
  const answer = await caller(app.url, app.usageIngestToken).post<{
    results: { status: string }[];
  }>('/api/usage/events', { events: [event] });
  return answer.body.results[0]!.status;
}

async function messages({ api }: Customer, period?: string) {
  const { body } = await api.get<UsageStats>(
    `/api/subscription/usage${period ? `?period=${period}` : ''}`,
  );
  const { used, limit, allowance } = body.resources.find((one) => one.resourceType === 'messages')!;
  return { used, limit, allowance };
}

test('a month with goodwill is told by its limit, and what it leaves of the plan rolls over', async () => {
  // Two days into a month: 500 are given, and stand wherever the limit does.
  await nextMonth(50);
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const first = periodOf(app.server.context.clock.now());
  await app.server.context.services.usage.allowances.add({
    ...{ tenantId: customer.tenantId, resourceType: 'messages', units: 500, kind: 'goodwill' },
    ...{ ref: 'T-1', reason: 'a bad day', actor: { kind: 'service', name: 'staff' } },
  });
  expect(await messages(customer)).toEqual({ used: 0, limit: 10_500, allowance: 500 });
  expect(await use(customer, 8_000)).toBe('recorded');
  const { usage } = await customer.overview();
  expect(usage.resources.find(({ resourceType }) => resourceType === 'messages')).toMatchObject({
    ...{ limit: 10_500, allowance: 500, remaining: 2_500, percent: 76, level: 'ok' },
  });
  expect(await use(customer, 2_501)).toBe('rejected');
  const audit = await customer.api.get('/api/tenant/audit');
  expect(JSON.stringify(audit.body)).toContain('allowance.added');

  // The month is over, and work of it may still be told for 26 hours.
  await nextMonth(25);
  await app.server.catchUp();
  expect(await messages(customer)).toEqual({ used: 0, limit: 10_000, allowance: 0 });

  // Then what is left rolls over: 2,500 of 10,500, less than half of the plan's 10,000.
  await nextHours(2);
  for (let again = 0; again < 2; again += 1) await app.server.catchUp();
  expect(await messages(customer)).toEqual({ used: 0, limit: 12_500, allowance: 2_500 });
  expect(await messages(customer, first)).toEqual({ used: 8_000, limit: 8_000, allowance: -2_000 });
  expect(await use(customer, 12_500)).toBe('recorded');
  const refused = await customer.api.post('/api/chat', { message: 'Hello' });
  expect(refused).toMatchObject({ status: 429, body: { details: { limit: 12_500 } } });

  // Nothing of that is left for the month after it.
  await nextMonth(27);
  await app.server.catchUp();
  expect(await messages(customer)).toEqual({ used: 0, limit: 10_000, allowance: 0 });
});

test('a plan that is bought after a month rolls nothing over of it, used or not', async () => {
  await nextMonth(400);
  const [used, unused] = [await signUp(app), await signUp(app)];
  expect(await use(used, 40)).toBe('recorded');
  const before = periodOf(app.server.context.clock.now());
  await nextMonth(1);
  for (const customer of [used, unused]) await customer.subscribe('pro', 'month');
  expect(await messages(used, before)).toEqual({ used: 40, limit: 100, allowance: 0 });
  await nextHours(27);
  await app.server.catchUp();
  for (const customer of [used, unused]) {
    expect(await messages(customer)).toEqual({ used: 0, limit: 10_000, allowance: 0 });
  }
});

test('a plan that is lost after a month, for its days of grace are over, rolls over what that left', async () => {
  await caller(app.stripeUrl).post('/_control/retry_settings', {
    ...{ attempts: 4, spacingSeconds: 5 * 24 * 3_600, final: 'past_due' },
  });
  await nextMonth(1);
  const month = nextPeriod(periodOf(app.server.context.clock.now()));
  // Seven days of grace, which end some six hours into the month after that: the invoice is final an hour after the
  // renewal, and that is as much later as the purchase took.
  const renewal = new Date(periodStart(nextPeriod(month)).getTime() - (7 * 24 - 6) * HOUR_MS);
  const begin = new Date(renewal);
  begin.setUTCMonth(begin.getUTCMonth() - 1);
  await advanceTo(app, begin.toISOString());
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await customer.useCard(FAILING_CARD);
  await advanceTo(app, renewal.toISOString());
  await nextHours(2);
  expect(await use(customer, 40)).toBe('recorded');
  await nextMonth(9);
  await app.server.catchUp();
  expect(await customer.subscription()).toMatchObject({ plan: 'free', status: 'past_due' });
  // The month before it had left half of its quota, too.
  expect(await messages(customer, month)).toEqual({ used: 40, limit: 15_000, allowance: 5_000 });
  await nextHours(20);
  await app.server.catchUp();
  expect(await messages(customer)).toEqual({ used: 0, limit: 5_100, allowance: 5_000 });
});

async function nextHours(hours: number): Promise<void> {
  const now = app.server.context.clock.now().getTime();
  await advanceTo(app, new Date(now + hours * HOUR_MS).toISOString());
}
