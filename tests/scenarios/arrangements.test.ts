import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangePreview, UpgradeResult } from '../../src/domain/api.ts';
import type { Interval, PaidPlan } from '../../src/domain/plans.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, advanceTo, settled, signUp, type Customer } from '../support/customer.ts';

/** What hangs on a subscription besides its plan, and what staff arranged. Points of issue 9. */
let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

interface AtStripe {
  id: string;
  cancel_at: number | null;
  cancel_at_period_end: boolean;
  schedule: string | null;
  discounts: string[];
  items: {
    data: { id: string; quantity: number; price: { id: string; unit_amount: number } }[];
  };
}
const atStripe = async (customer: Customer) =>
  (await customer.subscriptionsAtStripe())[0] as unknown as AtStripe;
const alerts = async (customer: Customer, kind: string) => {
  const found = `select 1 from alerts where tenant_id = $1 and kind = $2 and resolved_at is null`;
  return (await app.database.pool.query(found, [customer.tenantId, kind])).rowCount;
};

async function preview(customer: Customer, plan: PaidPlan, interval: Interval) {
  const priceId = await customer.priceOf(plan, interval);
  const answer = await customer.api.post<ChangePreview>('/api/subscription/preview', { priceId });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body;
}
const post = (customer: Customer, verb: string, body: object = {}) =>
  customer.api.post(`/api/subscription/${verb}`, body);

/** What the renewal really takes. */
async function renewal(customer: Customer): Promise<number> {
  const { currentPeriodEnd } = await customer.subscription();
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  const [newest] = await customer.payments();
  return newest!.amountPaidMinor;
}

/** A subscription with everything that staff can hang on it: three seats, an add-on, half price. */
async function laden(plan: PaidPlan): Promise<Customer> {
  const customer = await signUp(app);
  await customer.subscribe(plan, 'month');
  const { id, items } = await atStripe(customer);
  const addOn = await customer.atStripe<{ id: string }>('prices', {
    currency: 'cny',
    unit_amount: '1000',
    'recurring[interval]': 'month',
    'product_data[name]': 'Storage',
  });
  const coupon = await customer.atStripe<{ id: string }>('coupons', {
    percent_off: '50',
    duration: 'forever',
  });
  await customer.atStripe(`subscriptions/${id}`, {
    'items[0][id]': items.data[0]!.id,
    'items[0][quantity]': '3',
    'items[1][price]': addOn.id,
    'discounts[0][coupon]': coupon.id,
    proration_behavior: 'none',
  });
  await settled(app);
  return customer;
}

const shapeOf = ({ items, discounts }: AtStripe) => ({
  items: items.data.map(({ price, quantity }) => [price.unit_amount, quantity]).sort(),
  discounts: discounts.length,
});

describe('9 whatever is on the subscription besides the plan', () => {
  test('is kept by a planned downgrade, and after it; the amounts announced are taken', async () => {
    const customer = await laden('team');
    const before = shapeOf(await atStripe(customer));
    expect(before).toEqual({
      items: [
        [1000, 1],
        [9900, 3],
      ].sort(),
      discounts: 1,
    });
    expect((await customer.subscription()).nextInvoice?.amountMinor).toBe((3 * 9900 + 1000) / 2);

    const previewed = await preview(customer, 'pro', 'month');
    expect(previewed.nextInvoice?.amountMinor).toBe((3 * 2900 + 1000) / 2);
    expect(await customer.change('pro', 'month', { prorationDate: null })).toMatchObject({
      status: 200,
      body: { success: true, effective: 'period_end' },
    });
    expect(shapeOf(await atStripe(customer))).toEqual(before);
    const { nextInvoice, scheduledChange } = await customer.subscription();
    expect(scheduledChange).toMatchObject({ plan: 'pro' });
    expect(nextInvoice?.amountMinor).toBe(previewed.nextInvoice?.amountMinor);
    expect(await renewal(customer)).toBe(previewed.nextInvoice?.amountMinor);
    expect(shapeOf(await atStripe(customer))).toEqual({
      items: [
        [1000, 1],
        [2900, 3],
      ].sort(),
      discounts: 1,
    });
  });

  test('is restored by undo, kept by an upgrade, and in the sums of both', async () => {
    const customer = await laden('pro');
    const previewed = await preview(customer, 'team', 'month');
    expect((await customer.change('team', 'month')).status).toBe(200);
    // Both were made in one second of Stripe's.
    const payments = await customer.payments();
    const charged = payments.find(({ reason }) => reason === 'subscription_update');
    expect(Math.abs(charged!.amountPaidMinor - previewed.amountDueNowMinor)).toBeLessThan(50);
    const upgraded = shapeOf(await atStripe(customer));
    expect(upgraded).toEqual({
      items: [
        [1000, 1],
        [9900, 3],
      ].sort(),
      discounts: 1,
    });
    await customer.change('pro', 'month');
    expect((await post(customer, 'resume')).status).toBe(200);
    expect(shapeOf(await atStripe(customer))).toEqual(upgraded);
    expect((await customer.subscription()).nextInvoice?.amountMinor).toBe(
      previewed.nextInvoice?.amountMinor,
    );
    expect(await renewal(customer)).toBe(previewed.nextInvoice?.amountMinor);
  });
});

test('9 a credit balance is in the amounts announced, before and after a change', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await customer.atStripe(`customers/${await customer.customerId()}/balance_transactions`, {
    amount: '-20000',
    currency: 'cny',
  });
  await settled(app);
  expect((await customer.sync()).nextInvoice).toMatchObject({ amountMinor: 0 });
  const previewed = await preview(customer, 'team', 'month');
  expect(previewed).toMatchObject({ amountDueNowMinor: 0, nextInvoice: { amountMinor: 0 } });
  expect(previewed.balanceUsedMinor + previewed.balanceLeftMinor).toBe(20_000);
});

test('9 from a year of Pro to Team: now, with a new period; the rest of the year stays as credit', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'year');
  await advanceDays(app, 30);
  const previewed = await preview(customer, 'team', 'month');
  expect(previewed).toMatchObject({ effective: 'now', amountDueNowMinor: 0 });
  expect(previewed.creditMinor).toBeGreaterThan(20_000);
  expect(previewed.balanceLeftMinor).toBe(previewed.creditMinor - 9900);
  expect(previewed.nextInvoice!.amountMinor).toBe(0);
  const { prorationDate } = previewed;
  expect(await customer.change('team', 'month', { prorationDate })).toMatchObject({
    body: { success: true, effective: 'now' },
  });
  const changed = await customer.subscription();
  // The new period begins when Stripe makes the change, a moment after it was previewed.
  const late = Date.parse(changed.currentPeriodEnd!) - Date.parse(previewed.nextInvoice!.at);
  expect(late).toBeGreaterThanOrEqual(0);
  expect(late).toBeLessThan(60_000);
  expect(changed).toMatchObject({
    plan: 'team',
    interval: 'month',
    credits: [{ amountMinor: previewed.balanceLeftMinor, currency: 'cny' }],
  });
});

describe('9 the present price takes back what is planned', () => {
  test.each(['cancel', 'change'])('a %s', async (planned) => {
    const customer = await signUp(app);
    const { priceId } = await customer.subscribe('team', 'month');
    if (planned === 'cancel') await post(customer, 'cancel');
    else await customer.change('pro', 'month');
    const answer = await customer.api.post<UpgradeResult>('/api/subscription/upgrade', { priceId });
    expect(answer).toMatchObject({ status: 200, body: { success: true } });
    expect(await customer.subscription()).toMatchObject({
      cancelAt: null,
      scheduledChange: null,
      plan: 'team',
    });
  });
});

describe('9 a planned downgrade outlives its price being replaced', () => {
  test('it is shown, cancelled, planned anew and taken back', async () => {
    const customer = await signUp(app);
    await customer.subscribe('team', 'month');
    await customer.change('pro', 'month');
    const old = (await customer.subscription()).scheduledChange!;
    const { product } = await customer.atStripe<{ product: string }>(`prices/${old.priceId}`);
    await customer.atStripe('prices', {
      currency: 'cny',
      unit_amount: '3100',
      'recurring[interval]': 'month',
      product,
      lookup_key: 'squaretable_pro_monthly',
      transfer_lookup_key: 'true',
      'metadata[squaretable_plan]': 'pro',
    });
    app.server.context.services.catalogue.expire();
    expect((await customer.sync()).scheduledChange).toEqual(old);
    expect(await post(customer, 'cancel')).toMatchObject({ status: 200 });
    expect(await customer.subscription()).toMatchObject({
      scheduledChange: null,
      cancelAt: old.effectiveAt,
    });
    expect(await customer.change('pro', 'month')).toMatchObject({ status: 200 });
    expect(await customer.subscription()).toMatchObject({ cancelAt: null });
    expect(await post(customer, 'resume')).toMatchObject({ status: 200 });
    expect(await customer.subscription()).toMatchObject({ scheduledChange: null, plan: 'team' });
  });
});

describe('9 a customer leaves, whatever staff arranged', () => {
  const day = 24 * 3600;
  const arrangements: [
    string,
    (customer: Customer, id: string, end: number) => Promise<unknown>,
  ][] = [
    [
      'an end 200 days ahead',
      (customer, id, end) =>
        customer.atStripe(`subscriptions/${id}`, { cancel_at: String(end + 170 * day) }),
    ],
    [
      'a pause of collection',
      (customer, id) =>
        customer.atStripe(`subscriptions/${id}`, { 'pause_collection[behavior]': 'void' }),
    ],
    [
      'a schedule of their own',
      async (customer, id, end) => {
        const { id: schedule, phases } = await customer.atStripe<{
          id: string;
          phases: { start_date: number; items: { price: string }[] }[];
        }>('subscription_schedules', { from_subscription: id });
        const [phase] = phases;
        await customer.atStripe(`subscription_schedules/${schedule}`, {
          end_behavior: 'release',
          'metadata[deal]': 'autumn',
          'phases[0][items][0][price]': phase!.items[0]!.price,
          'phases[0][start_date]': String(phase!.start_date),
          'phases[0][end_date]': String(end + 100 * day),
          'phases[1][items][0][price]': phase!.items[0]!.price,
          'phases[1][items][0][quantity]': '2',
          'phases[1][end_date]': String(end + 200 * day),
        });
      },
    ],
  ];

  test.each(arrangements)(
    '%s',
    async (_, arrange) => {
      const customer = await signUp(app);
      const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
      const { id } = await atStripe(customer);
      await arrange(customer, id, Date.parse(currentPeriodEnd!) / 1000);
      await settled(app);
      expect(await post(customer, 'cancel')).toMatchObject({
        status: 200,
        body: { subscription: { cancelAt: currentPeriodEnd } },
      });
      expect(await alerts(customer, 'arrangement_replaced')).toBe(1);
      await advanceDays(app, 120);
      expect(await customer.sync()).toMatchObject({ plan: 'free', status: 'canceled' });
      expect(await customer.payments()).toHaveLength(1);
    },
    90_000,
  );
});
