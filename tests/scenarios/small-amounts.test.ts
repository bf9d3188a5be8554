import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangePreview } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, advanceTo, settled, signUp, type Customer } from '../support/customer.ts';

/**
 * Below a currency's minimum (¥4.00) Stripe charges nothing: the invoice is paid, and the next one
 * takes the sum along. What is announced is what is charged, then and later, and nobody loses a plan.
 */
let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

const MINIMUM = 400;

async function preview(customer: Customer): Promise<ChangePreview> {
  const priceId = await customer.priceOf('team', 'month');
  const answer = await customer.api.post<ChangePreview>('/api/subscription/preview', { priceId });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body;
}

/** What the page lists adds up to what is due, and what is due can be charged. */
function assertAddsUp(told: ChangePreview): void {
  const { amountDueNowMinor: due, carriedInMinor, carriedOutMinor } = told;
  const { chargeMinor, creditMinor, discountMinor, taxMinor, balanceUsedMinor } = told;
  const charged = chargeMinor - creditMinor - discountMinor + taxMinor;
  expect(charged + carriedInMinor - balanceUsedMinor - carriedOutMinor).toBe(due);
  if (due > 0) expect(due).toBeGreaterThanOrEqual(MINIMUM);
}

/** Changes to Team as previewed; answers what was charged for it. */
async function change(customer: Customer, told: ChangePreview): Promise<number> {
  const known = new Set((await customer.payments()).map(({ id }) => id));
  const { prorationDate } = told;
  expect(await customer.change('team', 'month', { prorationDate })).toMatchObject({
    status: 200,
    body: { success: true, effective: 'now' },
  });
  await customer.sync();
  const made = (await customer.payments()).filter(({ id }) => !known.has(id));
  expect(made).toMatchObject([{ status: 'paid', reason: 'subscription_update' }]);
  expect(made[0]!.amountDueMinor).toBe(made[0]!.amountPaidMinor);
  expect((await customer.subscription()).plan).toBe('team');
  return made[0]!.amountPaidMinor;
}

/** What the next renewal is announced to take, and takes. */
async function renewal(customer: Customer): Promise<number> {
  const { nextInvoice, currentPeriodEnd, plan } = await customer.sync();
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  const after = await customer.sync();
  expect(after).toMatchObject({ plan, status: 'active', pastDue: null });
  const [newest] = await customer.payments();
  expect(newest).toMatchObject({ reason: 'subscription_cycle', status: 'paid' });
  expect(nextInvoice?.amountMinor).toBe(newest!.amountPaidMinor);
  return newest!.amountPaidMinor;
}

const balance = async (customer: Customer, amount: number) => {
  const owner = await customer.customerId();
  const form = { amount: String(amount), currency: 'cny' };
  await customer.atStripe(`customers/${owner}/balance_transactions`, form);
  await settled(app);
};
const balanceOf = async (customer: Customer) =>
  (await customer.atStripe<{ balance: number }>(`customers/${await customer.customerId()}`))
    .balance;

/** Somebody on Pro, a day before it is renewed: Team would cost little more than ¥2 until then. */
async function dayBeforeRenewal(): Promise<Customer> {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await advanceTo(app, new Date(Date.parse(currentPeriodEnd!) - 86_400_000).toISOString());
  return customer;
}

describe('12 an amount under the minimum', () => {
  test('an upgrade a day before the renewal costs nothing today, and the renewal takes it along', async () => {
    const customer = await dayBeforeRenewal();
    const told = await preview(customer);
    assertAddsUp(told);
    expect(told).toMatchObject({ amountDueNowMinor: 0, carriedInMinor: 0, balanceLeftMinor: 0 });
    expect(told.carriedOutMinor).toBe(told.chargeMinor - told.creditMinor);
    expect(told.carriedOutMinor).toBeGreaterThan(0);
    expect(told.nextInvoice!.amountMinor).toBe(9900 + told.carriedOutMinor);
    expect(await change(customer, told)).toBe(0);
    expect(await balanceOf(customer)).toBe(told.carriedOutMinor);
    expect(await renewal(customer)).toBe(told.nextInvoice!.amountMinor);
    expect(await balanceOf(customer)).toBe(0);
  });

  test('what earlier invoices left is taken along by an upgrade, which may be charged then', async () => {
    const customer = await dayBeforeRenewal();
    await balance(customer, MINIMUM - 1);
    const told = await preview(customer);
    assertAddsUp(told);
    expect(told).toMatchObject({ carriedInMinor: MINIMUM - 1, carriedOutMinor: 0 });
    expect(told.amountDueNowMinor).toBeGreaterThan(MINIMUM);
    expect(await change(customer, told)).toBe(told.amountDueNowMinor);
    expect(await renewal(customer)).toBe(9900);
  });

  test('credit that leaves a little of an upgrade is used, and the little is carried', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await advanceDays(app, 10);
    const { amountDueNowMinor: whole } = await preview(customer);
    await balance(customer, 100 - whole);
    const told = await preview(customer);
    assertAddsUp(told);
    expect(told).toMatchObject({ amountDueNowMinor: 0, balanceUsedMinor: whole - 100 });
    expect(told.carriedOutMinor).toBeGreaterThan(0);
    expect(await change(customer, told)).toBe(0);
    expect(await renewal(customer)).toBe(told.nextInvoice!.amountMinor);
  });

  test('credit that leaves a little of the renewal after an upgrade: nothing is announced, nor charged', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await advanceDays(app, 10);
    const { amountDueNowMinor: now } = await preview(customer);
    await balance(customer, -(now + 9900 - 150));
    const told = await preview(customer);
    assertAddsUp(told);
    expect(told).toMatchObject({ amountDueNowMinor: 0, nextInvoice: { amountMinor: 0 } });
    expect(await change(customer, told)).toBe(0);
    expect(await renewal(customer)).toBe(0);
    const left = await balanceOf(customer);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(MINIMUM);
    expect(await renewal(customer)).toBe(9900 + left);
  });

  test('renewals that cost less than it are charged every second time', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const [{ id } = { id: '' }] = await customer.subscriptionsAtStripe();
    const off = { percent_off: '90', duration: 'forever' };
    const coupon = await customer.atStripe<{ id: string }>('coupons', off);
    await customer.atStripe(`subscriptions/${id}`, { 'discounts[0][coupon]': coupon.id });
    await settled(app);
    expect(await renewal(customer)).toBe(0);
    expect(await renewal(customer)).toBe(580);
  });
});
