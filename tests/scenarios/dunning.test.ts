import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { PaymentsPage, PaymentView } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { caller } from '../support/http.ts';
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

const retries = (final: string, attempts = 4) =>
  caller(app.stripeUrl).post('/_control/retry_settings', {
    attempts,
    spacingSeconds: 3 * 24 * 3600,
    final,
  });
beforeEach(async () => void (await retries('cancel')));

const planInDatabase = async (customer: Customer) => {
  const { rows } = await app.database.pool.query<{ plan: string }>(
    'select plan from tenants where id = $1',
    [customer.tenantId],
  );
  return rows[0]!.plan;
};
const failuresMailed = async (customer: Customer) => {
  const { rows } = await app.database.pool.query<{ attempt: number }>(
    `select attempt from mail_outbox where tenant_id = $1 and kind = 'payment_failed' order by attempt`,
    [customer.tenantId],
  );
  return rows.map((row) => row.attempt);
};

/** A month has passed, and the renewal was declined. */
async function fallBehind(): Promise<Customer> {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await customer.useCard(FAILING_CARD);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  return customer;
}

/** All payments, a page at a time. */
async function inPagesOf(customer: Customer, limit: number): Promise<PaymentView[]> {
  const found: PaymentView[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = await customer.api.get<PaymentsPage>(
      `/api/subscription/payments?limit=${limit}${after}`,
    );
    found.push(...page.body.payments);
    cursor = page.body.nextCursor;
  }
  return found;
}

test('renewals: a payment a month, always pro', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  for (let month = 1; month <= 3; month += 1) {
    const { currentPeriodEnd } = await customer.subscription();
    await advanceTo(app, currentPeriodEnd!);
    await advanceDays(app, 0.1);
    expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
    const payments = await customer.payments();
    expect(payments).toHaveLength(month + 1);
    expect(payments[0]).toMatchObject({ status: 'paid', reason: 'subscription_cycle' });
  }
  expect(await inPagesOf(customer, 3)).toEqual(await customer.payments());
});

test('the card fails, grace runs out, the card is replaced: pro, free, pro', async () => {
  const customer = await fallBehind();
  const late = await customer.subscription();
  expect(late).toMatchObject({
    plan: 'pro',
    status: 'past_due',
    pastDue: { amountMinor: 2900, currency: 'cny', payUrl: expect.stringContaining('http') },
  });
  expect(late.pastDue!.nextAttemptAt).not.toBeNull();
  expect(Date.parse(late.pastDue!.graceEndsAt) - Date.parse(late.pastDue!.since)).toBe(
    7 * 86_400_000,
  );
  expect(await failuresMailed(customer)).toEqual([1]);
  expect((await customer.payments())[0]).toMatchObject({ status: 'open', amountPaidMinor: 0 });
  expect((await customer.payments())[0]!.failure).not.toBeNull();

  await advanceTo(app, new Date(Date.parse(late.pastDue!.graceEndsAt) - 3_600_000).toISOString());
  expect(await customer.subscription()).toMatchObject({ plan: 'pro' });
  await advanceTo(app, late.pastDue!.graceEndsAt);
  expect(await planInDatabase(customer)).toBe('free');
  expect(await customer.subscription()).toMatchObject({ plan: 'free', status: 'past_due' });
  expect((await customer.openCheckout('pro', 'month')).status).toBe(409);
  // One mail a failed attempt, however often its events came.
  expect(await failuresMailed(customer)).toEqual([1, 2, 3]);

  await customer.useCard('pm_card_visa');
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(
    `invoices?customer=${await customer.customerId()}&status=open`,
  );
  await customer.atStripe(`invoices/${data[0]!.id}/pay`, {});
  await settled(app);
  expect(await customer.subscription()).toMatchObject({
    plan: 'pro',
    status: 'active',
    pastDue: null,
  });
  expect(await planInDatabase(customer)).toBe('pro');
});

test('a mail says until when the plan stays, and once it is off, since when', async () => {
  await retries('past_due');
  const customer = await fallBehind();
  const { graceEndsAt } = (await customer.subscription()).pastDue!;
  for (let tries = 1; tries < 4; tries += 1) {
    const { nextAttemptAt } = (await customer.subscription()).pastDue!;
    await advanceTo(app, nextAttemptAt!);
  }
  const { rows } = await app.database.pool.query<{ data: unknown }>(
    `select data from mail_outbox where tenant_id = $1 and kind = 'payment_failed' order by attempt`,
    [customer.tenantId],
  );
  expect(rows.map(({ data }) => data)).toMatchObject(
    [false, false, false, true].map((graceIsOver) => ({ graceEndsAt, graceIsOver })),
  );
});

test.each([
  ['cancel', { plan: 'free', status: 'canceled' }],
  ['unpaid', { plan: 'free', status: 'past_due' }],
  ['past_due', { plan: 'free', status: 'past_due' }],
  ['pause', { plan: 'free', status: 'past_due' }],
])('never paid, and Stripe is told to %s in the end', async (final, expected) => {
  await retries(final, 2);
  const customer = await fallBehind();
  await advanceDays(app, 20);
  expect(await customer.subscription()).toMatchObject(expected);
  expect(await planInDatabase(customer)).toBe('free');
});

test('a plan is not changed while money is owed', async () => {
  const customer = await fallBehind();
  expect(await customer.change('team', 'month')).toMatchObject({
    status: 402,
    body: { code: 'payment_required', details: { payUrl: expect.stringContaining('http') } },
  });
});

test('10.21 what is owed is the invoice before, where the next one is drafted already', async () => {
  await retries('past_due', 2);
  const customer = await fallBehind();
  const { currentPeriodEnd, pastDue } = await customer.subscription();
  await advanceTo(app, currentPeriodEnd!);
  const latest = await customer.atStripe<{ data: { status: string }[] }>(
    `invoices?customer=${await customer.customerId()}&limit=1`,
  );
  expect(latest.data[0]!.status).toBe('draft');
  // As if an earlier one had been unpaid when somebody looked last, and was paid since.
  await app.database.pool.query(
    `update subscriptions set past_due_since = past_due_since - interval '40 days' where tenant_id = $1`,
    [customer.tenantId],
  );
  await customer.sync();
  const { rows } = await app.database.pool.query<{ since: Date }>(
    'select past_due_since as since from subscriptions where tenant_id = $1',
    [customer.tenantId],
  );
  expect(rows[0]!.since.toISOString()).toBe(pastDue!.since);
  expect(await customer.change('team', 'month')).toMatchObject({
    status: 402,
    body: { details: { payUrl: pastDue!.payUrl } },
  });
});

test('10.21 an older debt that was paid while nobody looked is seen by whatever is read next', async () => {
  await retries('past_due', 2);
  const customer = await fallBehind();
  await advanceDays(app, 40);
  const open = (await customer.payments()).filter((one) => one.status === 'open');
  expect(open.length).toBeGreaterThan(1);
  const customerId = await customer.customerId();
  const { data } = await customer.atStripe<{ data: { id: string; number: string }[] }>(
    `invoices?customer=${customerId}&status=open`,
  );
  const oldest = data.find(({ number }) => number === open.at(-1)!.number)!;
  await caller(app.stripeUrl).post('/_control/chaos', { drop: 1, failNext: [] });
  await customer.atStripe(`invoices/${oldest.id}/pay`, { paid_out_of_band: 'true' });
  await app.localStripe!.settled();
  await caller(app.stripeUrl).post('/_control/chaos', { drop: 0, failNext: [] });
  const statusOf = async () =>
    (await customer.payments()).find(({ number }) => number === oldest.number)!.status;
  expect(await statusOf()).toBe('open');

  // An event that is about something else.
  await customer.atStripe(`customers/${customerId}`, { description: 'seen' });
  await settled(app);
  expect(await statusOf()).toBe('paid');
});
