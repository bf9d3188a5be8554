import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangePreview, SubscriptionChanged } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { LimitsView } from '../../src/domain/billing/spending/limits-view.ts';
import { agreeToOverage } from '../support/overage.ts';
import { draw } from '../support/statements.ts';
import { advanceDays, advanceTo, settled, signUp, type Customer } from '../support/customer.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

async function preview(customer: Customer, plan: 'pro' | 'team', interval: 'month' | 'year') {
  const priceId = await customer.priceOf(plan, interval);
  const answer = await customer.api.post<ChangePreview>('/api/subscription/preview', { priceId });
  expect(answer.status).toBe(200);
  return answer.body;
}

describe('up', () => {
  test('pro to team in mid-month: what was previewed is charged, and the plan rises at once', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await advanceDays(app, 10);

    const previewed = await preview(customer, 'team', 'month');
    expect(previewed).toMatchObject({
      effective: 'now',
      currency: 'cny',
      lostFeatures: [],
      fewerSeats: null,
      exceededQuotas: [],
      nextInvoice: { amountMinor: 9900 },
    });
    expect(previewed.creditMinor).toBeGreaterThan(0);
    expect(previewed.amountDueNowMinor).toBe(previewed.chargeMinor - previewed.creditMinor);

    const { prorationDate } = previewed;
    const { status, body } = await customer.change('team', 'month', { prorationDate });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { success: true, effective: 'now' },
    });
    expect(await customer.subscription()).toMatchObject({ plan: 'team', status: 'active' });
    const [payment] = await customer.payments();
    expect(payment).toMatchObject({
      reason: 'subscription_update',
      amountPaidMinor: previewed.amountDueNowMinor,
    });
  });

  test('the same change twice, and at once, is paid once', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await Promise.all([customer.change('team', 'month'), customer.change('team', 'month')]);
    const again = await customer.change('team', 'month');
    expect(again).toMatchObject({ status: 200, body: { success: true } });
    expect(await customer.payments()).toHaveLength(2);
  });

  test('month to year of the same plan begins now, with a new period', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await advanceDays(app, 5);
    const { nextInvoice, amountDueNowMinor } = await preview(customer, 'pro', 'year');
    expect(nextInvoice?.amountMinor).toBe(29_000);
    await customer.change('pro', 'year');
    const subscription = await customer.subscription();
    expect(subscription).toMatchObject({ plan: 'pro', interval: 'year' });
    const days =
      (Date.parse(subscription.currentPeriodEnd!) - Date.parse(subscription.currentPeriodStart!)) /
      86_400_000;
    expect(Math.round(days)).toBeGreaterThanOrEqual(365);
    const [payment] = await customer.payments();
    expect(Math.abs(payment!.amountPaidMinor - amountDueNowMinor)).toBeLessThanOrEqual(1);
  });

  test('a card that fails leaves the old plan, and the change waits for payment', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await customer.useCard('pm_card_chargeCustomerFail');
    const { body } = await customer.change('team', 'month');
    expect(body).toMatchObject({ success: false, paymentUrl: expect.stringContaining('http') });
    expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
    const again = await customer.change('team', 'month');
    expect(again.body.paymentUrl).toBe(body.paymentUrl);
  });

  test('an old preview is not charged', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const { prorationDate } = await preview(customer, 'team', 'month');
    await advanceDays(app, 1);
    expect(await customer.change('team', 'month', { prorationDate })).toMatchObject({
      status: 409,
      body: { code: 'state_changed' },
    });
    expect(await customer.payments()).toHaveLength(1);
  });
});

describe('down', () => {
  test('team to pro waits for the end of the period, and then is so', async () => {
    const customer = await signUp(app);
    const { currentPeriodEnd } = await customer.subscribe('team', 'month');
    const previewed = await preview(customer, 'pro', 'month');
    expect(previewed).toMatchObject({
      effective: 'period_end',
      effectiveAt: currentPeriodEnd,
      amountDueNowMinor: 0,
      nextInvoice: { amountMinor: 2900, at: currentPeriodEnd },
      lostFeatures: ['all_features'],
      fewerSeats: { from: 10, to: 1, people: 1 },
    });
    const { body } = await customer.change('pro', 'month');
    expect(body).toEqual({ success: true, effective: 'period_end', effectiveAt: currentPeriodEnd });
    const priceId = await customer.priceOf('pro', 'month');
    const overview = await customer.overview();
    expect(overview.subscription).toMatchObject({
      plan: 'team',
      cancelAt: null,
      scheduledChange: { plan: 'pro', priceId, effectiveAt: currentPeriodEnd },
    });
    expect(overview.actions[priceId]).toBe('scheduled');

    await advanceTo(app, currentPeriodEnd!);
    await advanceDays(app, 0.1);
    expect(await customer.subscription()).toMatchObject({ plan: 'pro', scheduledChange: null });
    expect((await customer.payments())[0]).toMatchObject({ amountPaidMinor: 2900, status: 'paid' });
  });

  test('and can be taken back before', async () => {
    const customer = await signUp(app);
    const { currentPeriodEnd } = await customer.subscribe('team', 'month');
    await customer.change('pro', 'month');
    const answer = await customer.api.post<SubscriptionChanged>('/api/subscription/resume');
    expect(answer).toMatchObject({
      status: 200,
      body: { success: true, subscription: { plan: 'team', scheduledChange: null } },
    });
    await advanceTo(app, currentPeriodEnd!);
    await advanceDays(app, 0.1);
    expect(await customer.subscription()).toMatchObject({ plan: 'team', status: 'active' });
  });

  test('a planned downgrade does not stand in the way of cancelling', async () => {
    const customer = await signUp(app);
    await customer.subscribe('team', 'month');
    await customer.change('pro', 'month');
    const answer = await customer.api.post('/api/subscription/cancel');
    await settled(app);
    expect(answer).toMatchObject({
      status: 200,
      body: { subscription: { cancelAtPeriodEnd: true, scheduledChange: null } },
    });
  });

  test('nor of going up', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'year');
    await customer.change('pro', 'month');
    expect((await customer.subscription()).scheduledChange).toMatchObject({ plan: 'pro' });
    const answer = await customer.change('team', 'month');
    expect(answer.body).toMatchObject({ success: true, effective: 'now' });
    expect(await customer.subscription()).toMatchObject({ plan: 'team', scheduledChange: null });
  });
});

describe('12.11 what a preview says of overage is what the change does', () => {
  const overageOf = async ({ api }: Customer) =>
    (await api.get<LimitsView>('/api/billing/limits')).body.overage;
  const agreed = async (plan: 'pro' | 'team', quota: number) => {
    const customer = await signUp(app);
    await customer.subscribe(plan, 'month');
    const at = app.server.context.clock.now();
    await agreeToOverage(app.database, customer.tenantId, { at });
    await draw(customer, quota);
    return customer;
  };

  test('a lower plan that asks more ends the consent with its beginning; what is drawn stays', async () => {
    const customer = await agreed('team', 5_000);
    expect(await preview(customer, 'pro', 'month')).toMatchObject({ drawn: null });
    await draw(customer, 10);
    const previewed = await preview(customer, 'pro', 'month');
    expect(previewed).toMatchObject({
      overageEnds: { reason: 'price', price: { currency: 'cny', minorPerCredit: '12' } },
      drawn: { drawnMinor: 220, currency: 'cny' },
    });
    await customer.change('pro', 'month');
    expect(await overageOf(customer)).toMatchObject({ enabled: true, unpaidMinor: 220 });
    await advanceTo(app, previewed.effectiveAt);
    await advanceDays(app, 0.1);
    await customer.sync();
    expect(await overageOf(customer)).toMatchObject({
      ...{ enabled: false, lapsed: 'price', unpaidMinor: 220 },
      price: previewed.overageEnds!.price,
    });
    // There is no consent any more that could end.
    expect(await preview(customer, 'team', 'month')).toMatchObject({
      ...{ overageEnds: null, drawn: previewed.drawn },
    });
  });

  test('a higher plan that asks less leaves the consent, and what is drawn too', async () => {
    const customer = await agreed('pro', 500);
    await draw(customer, 10);
    const drawn = { drawnMinor: 240, currency: 'cny' };
    expect(await preview(customer, 'team', 'month')).toMatchObject({ overageEnds: null, drawn });
    await customer.change('team', 'month');
    expect(await overageOf(customer)).toMatchObject({ enabled: true, lapsed: null });
  });
});

test('the same price is no change to preview', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const priceId = await customer.priceOf('pro', 'month');
  expect(await customer.api.post('/api/subscription/preview', { priceId })).toMatchObject({
    status: 409,
    body: { code: 'same_price' },
  });
});
