import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { UsageStats } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  advanceDays,
  advanceTo,
  FAILING_CARD,
  settled,
  signUp,
  type Customer,
} from '../support/customer.ts';
import { caller } from '../support/http.ts';

/** Quotas follow the calendar month in UTC and the plan, and no invoice. */
let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

let calls = 0;
/** Reports usage as another service would; answers whether it was let in. */
async function use(customer: Customer, amount: number): Promise<string> {
  const event = { tenantId: customer.tenantId, resourceType: 'messages', amount };
  const idempotencyKey = `quota-months-${(calls += 1)}`;
  const answer = await caller(app.url, app.usageIngestToken).post<{
    results: { status: string }[];
  }>('/api/usage/events', { events: [{ ...event, idempotencyKey }] });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.results[0]!.status;
}
const messages = async (customer: Customer) => {
  const { body } = await customer.api.get<UsageStats>('/api/subscription/usage');
  const { used, limit } = body.resources.find((one) => one.resourceType === 'messages')!;
  return { used, limit };
};
/** To noon of the first day of the next month, UTC. */
async function nextMonth(): Promise<void> {
  const now = app.server.context.clock.now();
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1, 12));
  await advanceTo(app, first.toISOString());
}
/** Each story begins in the middle of a month, so that none meets another turn than it tells of. */
beforeEach(async () => {
  await nextMonth();
  await advanceDays(app, 10);
});
const dropWebhooks = (drop: number) => caller(app.stripeUrl).post('/_control/chaos', { drop });

test('no paid invoice brings a new quota: not an upgrade’s, not a one-off one, not a renewal', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  expect(await use(customer, 4_000)).toBe('recorded');
  await customer.change('team', 'month');
  expect((await messages(customer)).used).toBe(4_000);
  const owner = await customer.customerId();
  await customer.atStripe('invoiceitems', { customer: owner, amount: '500', currency: 'cny' });
  const invoice = await customer.atStripe<{ id: string }>('invoices', {
    customer: owner,
    pending_invoice_items_behavior: 'include',
  });
  await customer.atStripe(`invoices/${invoice.id}/pay`, { paid_out_of_band: 'true' });
  await settled(app);
  expect(await messages(customer)).toMatchObject({ used: 4_000 });
  await nextMonth();
  expect(await messages(customer)).toMatchObject({ used: 0 });
  expect(await use(customer, 9_000)).toBe('recorded');
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  const renewed = await customer.sync();
  expect(renewed.currentPeriodStart).toBe(currentPeriodEnd);
  expect(await messages(customer)).toEqual({ used: 9_000, limit: 100_000 });
});

test('who pays by the year has the month’s quota every month', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'year');
  for (let month = 0; month < 3; month += 1) {
    expect(await use(customer, 10_000)).toBe('recorded');
    expect(await use(customer, 1)).toBe('rejected');
    await nextMonth();
  }
  expect(await messages(customer)).toEqual({ used: 0, limit: 10_000 });
});

test('a renewal of which nothing is heard stops nobody: the plan goes on, and is looked up', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await dropWebhooks(1);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.2);
  const before = (await messages(customer)).used;
  expect(await use(customer, 200)).toBe('recorded');
  expect(await messages(customer)).toEqual({ used: before + 200, limit: 10_000 });
  const { plan, status, currentPeriodStart } = await customer.subscription();
  expect({ plan, status, currentPeriodStart }).toEqual({
    plan: 'pro',
    status: 'active',
    currentPeriodStart: currentPeriodEnd,
  });
  await dropWebhooks(0);
});

test('a renewal that is declined brings no new quota, and takes the plan after the grace', async () => {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await customer.useCard(FAILING_CARD);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  const { used } = await messages(customer);
  expect(await use(customer, 500)).toBe('recorded');
  expect(await messages(customer)).toEqual({ used: used + 500, limit: 10_000 });
  await advanceDays(app, 7.1);
  expect(await use(customer, 1_000)).toBe('rejected');
  expect(await messages(customer)).toMatchObject({ limit: 100 });
});
