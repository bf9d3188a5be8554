import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangePreview, SubscriptionView } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, advanceTo, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

interface StripeItems {
  data: { id: string }[];
}

const messagesOf = async (customer: Customer) => {
  const { usage } = await customer.overview();
  return usage.resources.find((one) => one.resourceType === 'messages')!.limit;
};
/** What admission reads. */
const countersOf = async (customer: Customer) => {
  const { rows } = await app.database.pool.query<{ limit: string }>(
    `select "limit" from u00.usage_totals where tenant_id = $1 and resource_type = 'messages'
     order by period desc limit 1`,
    [customer.tenantId],
  );
  return Number(rows[0]?.limit);
};
const rowOf = async (customer: Customer) => {
  const { rows } = await app.database.pool.query<{
    plan: string;
    current_period_start: Date;
    current_period_end: Date;
  }>(
    'select plan, current_period_start, current_period_end from subscriptions where tenant_id = $1',
    [customer.tenantId],
  );
  return rows[0]!;
};
const useOne = async (customer: Customer) =>
  expect((await customer.api.post('/api/images', { prompt: 'a table' })).status).toBe(200);

/** The mail says the number of the page, and when it becomes whole; once. */
async function expectLetter(customer: Customer, { growing }: SubscriptionView): Promise<void> {
  const { rows } = await app.database.pool.query<{
    data: { months: { limits: object }[]; wholeAt: string };
  }>(`select data from mail_outbox where tenant_id = $1 and kind = 'plan_growing'`, [
    customer.tenantId,
  ]);
  const { thisMonth, wholeAt } = growing!;
  expect(rows).toHaveLength(1);
  expect(rows[0]!.data.months[0]!.limits).toEqual(thisMonth);
  expect(rows[0]!.data.wholeAt).toBe(wholeAt);
}

test('9.17 an upgrade an hour before the period ends gives an hour’s part, until the renewal is paid', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await useOne(customer);
  const now = app.server.context.clock.now().getTime();
  const until = Date.parse(currentPeriodEnd!) - 3600_000;
  await caller(app.stripeUrl).post('/_control/clock', {
    advanceSeconds: Math.floor((until - now) / 1000),
  });
  await useOne(customer);
  expect(await messagesOf(customer)).toBe(10_000);

  const priceId = await customer.priceOf('team', 'month');
  const { body: preview } = await customer.api.post<ChangePreview>('/api/subscription/preview', {
    priceId,
  });
  expect(preview.growing).toMatchObject({
    whole: { messages: 100_000 },
    wholeAt: currentPeriodEnd,
  });
  const part = preview.growing!.thisMonth.messages!;
  expect(part).toBeGreaterThan(10_000);
  expect(part).toBeLessThan(10_200);

  await customer.change('team', 'month', { prorationDate: preview.prorationDate });
  const raised = await customer.subscription();
  expect(raised).toMatchObject({ plan: 'team', growing: { wholeAt: currentPeriodEnd } });
  expect(Math.abs((await messagesOf(customer))! - part)).toBeLessThanOrEqual(1);
  expect(await countersOf(customer)).toBe(await messagesOf(customer));
  await expectLetter(customer, raised);

  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  expect(await customer.subscription()).toMatchObject({ plan: 'team', growing: null });
  expect(await messagesOf(customer)).toBe(100_000);
  // A month that has just begun counts nothing before the first use.
  await useOne(customer);
  expect(await countersOf(customer)).toBe(100_000);
});

test('9.17 going down right after leaves the part until the end, and then Pro', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await advanceDays(app, 20);
  await customer.change('team', 'month');
  const { growing } = await customer.subscription();
  expect(growing).not.toBeNull();
  await customer.change('pro', 'month');
  expect((await customer.subscription()).growing).toEqual(growing);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  expect(await customer.subscription()).toMatchObject({ plan: 'pro', growing: null });
  expect(await messagesOf(customer)).toBe(10_000);
});

test('9.17 a raise is a part too when neither it nor the renewal before it was heard of', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  const before = await rowOf(customer);
  const chaos = (body: object) => caller(app.stripeUrl).post('/_control/chaos', body);
  await chaos({ drop: 1 });
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 20);
  const { data } = await customer.atStripe<{ data: { id: string; items: StripeItems }[] }>(
    `subscriptions?customer=${await customer.customerId()}`,
  );
  const { id, items } = data[0]!;
  await customer.atStripe(`subscriptions/${id}`, {
    'items[0][id]': items.data[0]!.id,
    'items[0][price]': await customer.priceOf('team', 'month'),
    proration_behavior: 'always_invoice',
  });
  await app.localStripe!.settled();
  await chaos({ drop: 0 });
  // As it stands where no task has looked since either.
  await app.database.pool.query(
    `update subscriptions set plan = $2, current_period_start = $3, current_period_end = $4
     where tenant_id = $1`,
    [customer.tenantId, before.plan, before.current_period_start, before.current_period_end],
  );
  await customer.api.post('/api/subscription/sync');
  expect(await customer.subscription()).toMatchObject({ plan: 'team' });
  expect((await customer.subscription()).growing).not.toBeNull();
  expect(await messagesOf(customer)).toBeLessThan(60_000);
});

test('9.17 a first purchase has the whole limit, and so has a change that begins a new period', async () => {
  const team = await signUp(app);
  await team.subscribe('team', 'month');
  expect(await team.subscription()).toMatchObject({ plan: 'team', growing: null });
  expect(await messagesOf(team)).toBe(100_000);
  const yearly = await signUp(app);
  await yearly.subscribe('pro', 'month');
  await yearly.change('pro', 'year');
  expect(await yearly.subscription()).toMatchObject({ interval: 'year', growing: null });
});

test('9.17 the database and the domain share out alike', async () => {
  const { monthLimits } = await import('../../src/domain/billing/plan-share.ts');
  const { FIRST_PLANS } = await import('../support/first-plans.ts');
  const customer = await signUp(app);
  for (const [from, until, period] of [
    ['2027-02-09T23:00:00Z', '2027-02-10T00:00:00Z', '2027-02'],
    ['2027-01-15T07:31:12Z', '2027-02-14T07:31:12Z', '2027-01'],
    ['2027-01-15T07:31:12Z', '2027-02-14T07:31:12Z', '2027-02'],
    ['2027-01-15T07:31:12Z', '2027-02-14T07:31:12Z', '2027-03'],
  ] as const) {
    await app.database.pool.query(
      `update tenants set plan = 'team', base_plan = 'pro', share_from = $2, share_until = $3
       where id = $1`,
      [customer.tenantId, from, until],
    );
    const { rows } = await app.database.pool.query<{ resource: string; limit: string }>(
      `select r.resource, u00.usage_limit_of(t, $2, r.resource::u00.resource_type) as "limit"
       from u00.usage_tenants t, unnest(array['llm_tokens', 'messages', 'images', 'api_calls']) as r(resource)
       where t.tenant_id = $1`,
      [customer.tenantId, period],
    );
    const share = { base: FIRST_PLANS.pro, from: new Date(from), until: new Date(until) };
    const limits = monthLimits(FIRST_PLANS.team, share, period as never);
    expect(Object.fromEntries(rows.map((row) => [row.resource, Number(row.limit)]))).toEqual(
      limits,
    );
    expect(limits.messages).toBeLessThanOrEqual(FIRST_PLANS.team.limits.messages!);
  }
});
