import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
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
import {
  alertsOf,
  mailsTo,
  openRemedies,
  outOfPocket,
  remedied,
  secondSubscription,
} from '../support/money-back.ts';

let app: TestApp;
/** The same product with the other policy. */
let telling: TestApp;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
  telling = await startTestApp({ LATE_PAYMENT: 'alert', DUPLICATE_SUBSCRIPTION: 'alert' });
});
afterAll(async () => {
  await app?.stop();
  await telling?.stop();
});
afterEach(async () => {
  await caller(app.stripeUrl).post('/_control/chaos', { drop: 0, duplicate: 0, failNext: [] });
});

const chaos = (body: object) => caller(app.stripeUrl).post('/_control/chaos', body);
describe('9.13 a second live subscription', () => {
  test('the newer ends at once, its money goes back, and the customer is told', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const second = await secondSubscription(customer, 'team');
    await remedied(customer);
    expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
    expect(await customer.atStripe(`subscriptions/${second}`)).toMatchObject({
      status: 'canceled',
    });
    expect(await outOfPocket(customer)).toBe(2900);
    const payments = await customer.payments();
    // Both were made in one second of Stripe's.
    expect(payments.sort((a, b) => b.amountPaidMinor - a.amountPaidMinor)).toMatchObject([
      { amountPaidMinor: 9900, amountRefundedMinor: 9900 },
      { amountPaidMinor: 2900, amountRefundedMinor: 0 },
    ]);
    expect(await mailsTo(customer)).toEqual(['payment_refunded']);
    expect(await alertsOf(customer)).toEqual([]);
    // Nothing is given back of what was paid before there were two.
    await advanceDays(app, 40);
    expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
    expect(await outOfPocket(customer)).toBe(2 * 2900);
  });

  test('9.13 a sync that finds nothing of the kind sends no job', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await remedied(customer);
    const jobs = async () => {
      const { rows } = await app.database.pool.query<{ n: number }>(
        `select count(*)::int as n from pgboss.job where name = 'remedy' and data ->> 'tenantId' = $1`,
        [customer.tenantId],
      );
      return rows[0]!.n;
    };
    const before = await jobs();
    const { synced } = await app.server.context.services.reconcile.sweep();
    expect(synced).toBeGreaterThan(0);
    expect(await jobs()).toBe(before);
  });

  test('is refunded once, however often and late the events come, and the calls fail', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await chaos({ drop: 1 });
    await secondSubscription(customer, 'pro');
    await app.localStripe!.settled();
    // The end and the refund are made and their answers lost, more often than the SDK tries again.
    const lost = (method: string, path: string) => ({
      status: 'cut',
      when: 'after',
      match: { method, path },
    });
    const losses = [lost('DELETE', '/v1/subscriptions/*'), lost('POST', '/v1/refunds')];
    await chaos({ drop: 0, duplicate: 1, failNext: [...losses, ...losses, ...losses] });
    await app.server.context.services.reconcile.catchUpEvents();
    await settled(app);
    const { remedies: service, reconcile } = app.server.context.services;
    await Promise.all([service.carryOutAll(), service.carryOutAll(), reconcile.sweep()]);
    // Each try loses answers and takes its time, and the next one comes later.
    await vi.waitFor(
      async () => {
        await advanceDays(app, 0.05);
        expect(await openRemedies(customer)).toEqual([]);
      },
      { timeout: 60_000, interval: 200 },
    );
    await reconcile.sweep();
    await service.carryOutAll();
    await remedied(customer);
    expect(await outOfPocket(customer)).toBe(2900);
    const { data } = await customer.atStripe<{ data: { id: string }[] }>('refunds?limit=100');
    const ours = new Set(data.map((one) => one.id));
    const { rows } = await app.database.pool.query<{ id: string }>(
      'select stripe_refund_id as id from refunds where tenant_id = $1',
      [customer.tenantId],
    );
    expect(rows).toHaveLength(1);
    expect(ours.has(rows[0]!.id)).toBe(true);
  });

  test('with the policy `alert` it goes on, and an operator is told', async () => {
    const customer = await signUp(telling);
    await customer.subscribe('pro', 'month');
    const second = await secondSubscription(customer, 'team');
    await remedied(customer);
    expect(await customer.atStripe(`subscriptions/${second}`)).toMatchObject({ status: 'active' });
    expect(await alertsOf(customer)).toEqual(['duplicate_subscription']);
    expect(await customer.subscription()).toMatchObject({ plan: 'team' });
  });
});

/** Dunning ends the subscription while the invoice can still be paid. */
async function lateCustomer(where: TestApp): Promise<{ customer: Customer; invoice: string }> {
  await caller(where.stripeUrl).post('/_control/retry_settings', {
    attempts: 2,
    spacingSeconds: 86_400,
    final: 'cancel',
  });
  const customer = await signUp(where);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await customer.useCard(FAILING_CARD);
  await advanceTo(where, currentPeriodEnd!);
  await advanceDays(where, 0.1);
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(
    `invoices?customer=${await customer.customerId()}&status=open`,
  );
  const [live] = await customer.subscriptionsAtStripe();
  // Staff end it and leave the invoice open; we do not hear of it before it is paid.
  await caller(where.stripeUrl).post('/_control/chaos', {
    drop: 1,
    // Should we look in spite of it: the voiding fails, and the invoice stays payable.
    failNext: Array.from({ length: 6 }, () => ({
      ...{ status: 500, match: { method: 'POST', path: '/v1/invoices/*/void' }, repeats: 2 },
    })),
  });
  await fetch(`${where.stripeUrl}/v1/subscriptions/${live!.id}`, {
    method: 'DELETE',
    headers: { Authorization: 'Bearer sk_test_squaretable' },
  });
  await customer.stripe.post('/_control/clock', { advanceSeconds: 2 });
  return { customer, invoice: data[0]!.id };
}

/** The customer still has the invoice's page open. */
async function payLate(customer: Customer, invoice: string): Promise<void> {
  const { id } = await customer.atStripe<{ id: string }>('payment_methods/pm_card_visa/attach', {
    customer: await customer.customerId(),
  });
  await customer.atStripe(`invoices/${invoice}/pay`, { payment_method: id });
  await customer.app.localStripe!.settled();
  await caller(customer.app.stripeUrl).post('/_control/chaos', { drop: 0, failNext: [] });
}

describe('9.7 money that comes when the subscription is over', () => {
  test('is told, and given back once', async () => {
    const { customer, invoice } = await lateCustomer(app);
    await payLate(customer, invoice);
    await chaos({ duplicate: 1 });
    await app.server.context.services.reconcile.catchUpEvents();
    await remedied(customer);
    await app.server.context.services.reconcile.sweep();
    await remedied(customer);
    expect(await outOfPocket(customer)).toBe(2900);
    expect(await alertsOf(customer)).toEqual(['late_payment']);
    expect((await mailsTo(customer)).filter((kind) => kind === 'payment_refunded')).toHaveLength(1);
    expect((await customer.payments())[0]).toMatchObject({ amountRefundedMinor: 2900 });
  });

  test('the webhook was lost: the sweep finds it', async () => {
    const { customer, invoice } = await lateCustomer(app);
    await payLate(customer, invoice);
    await app.server.context.services.reconcile.sweep();
    await remedied(customer);
    expect(await outOfPocket(customer)).toBe(2900);
  });

  test('with the policy `alert` an operator decides', async () => {
    const { customer, invoice } = await lateCustomer(telling);
    await payLate(customer, invoice);
    await telling.server.context.services.reconcile.sweep();
    await telling.server.context.services.reconcile.sweep();
    expect(await alertsOf(customer)).toEqual(['late_payment']);
    expect(await outOfPocket(customer)).toBe(2 * 2900);
  });
});
