import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../../tests/support/app.ts';
import { GOOD_CARD, settled, signUp, type Customer } from '../../../../tests/support/customer.ts';
import { caller } from '../../../../tests/support/http.ts';
import type { TenantId, UserId } from '../../../domain/ids.ts';
import type { Requester } from '../billing/requester.ts';
import type { SubscriptionService } from '../subscription.service.ts';

/**
 * The service itself, over a real PostgreSQL and a local Stripe: create, cancel, upgrade, and the
 * state that follows Stripe's. The stories in `tests/scenarios` tell the same over HTTP and time.
 */
let app: TestApp;
let service: SubscriptionService;
beforeAll(async () => {
  app = await startTestApp();
  service = app.server.context.services.subscriptions;
});
afterAll(async () => app?.stop());

const requesterOf = ({ session }: Customer, role: Requester['role'] = 'owner'): Requester => ({
  tenantId: session.tenant.id as TenantId,
  userId: session.user.id as UserId,
  role,
});
const rowsOf = async (customer: Customer) => {
  const { rows } = await app.database.pool.query<{ plan: string; status: string }>(
    'select plan, status from subscriptions where tenant_id = $1',
    [customer.tenantId],
  );
  return rows;
};

describe('createSubscription', () => {
  test('opens a Checkout, and nothing is subscribed before it is paid', async () => {
    const customer = await signUp(app);
    const url = await service.createSubscription(
      requesterOf(customer),
      await customer.priceOf('pro', 'month'),
    );
    expect(new URL(url).origin).toBe(app.stripeUrl);
    expect(await rowsOf(customer)).toEqual([]);
    await customer.pay(new URL(url).pathname.split('/').at(-1)!, GOOD_CARD);
    await settled(app);
    expect(await rowsOf(customer)).toEqual([{ plan: 'pro', status: 'active' }]);
  });

  test('asked twice it is the same Checkout', async () => {
    const customer = await signUp(app);
    const priceId = await customer.priceOf('pro', 'month');
    const first = await service.createSubscription(requesterOf(customer), priceId);
    expect(await service.createSubscription(requesterOf(customer), priceId)).toBe(first);
  });

  test('is refused for a price that is not offered, and beside a subscription', async () => {
    const customer = await signUp(app);
    await expect(
      service.createSubscription(requesterOf(customer), 'price_nobody'),
    ).rejects.toMatchObject({ code: 'unknown_price' });
    await customer.subscribe('pro', 'month');
    await expect(
      service.createSubscription(requesterOf(customer), await customer.priceOf('team', 'month')),
    ).rejects.toMatchObject({ code: 'already_subscribed' });
  });
});

describe('cancelSubscription', () => {
  test('ends with what is paid, and the plan stays until then', async () => {
    const customer = await signUp(app);
    const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
    const { subscription } = await service.cancelSubscription(requesterOf(customer), {
      immediately: false,
    });
    expect(subscription).toMatchObject({
      plan: 'pro',
      cancelAtPeriodEnd: true,
      cancelAt: currentPeriodEnd,
    });
    const again = await service.cancelSubscription(requesterOf(customer), { immediately: false });
    expect(again.subscription).toEqual(subscription);
  });

  test('ends now when asked so', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const { subscription } = await service.cancelSubscription(requesterOf(customer), {
      immediately: true,
    });
    expect(subscription).toMatchObject({ plan: 'free', status: 'canceled' });
  });

  test('without a subscription there is nothing to cancel', async () => {
    const customer = await signUp(app);
    await expect(
      service.cancelSubscription(requesterOf(customer), { immediately: false }),
    ).rejects.toMatchObject({ code: 'no_subscription' });
  });
});

describe('upgradeSubscription', () => {
  test('a higher plan begins now and is charged now', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const priceId = await customer.priceOf('team', 'month');
    expect(await service.upgradeSubscription(requesterOf(customer), priceId)).toMatchObject({
      success: true,
      effective: 'now',
    });
    expect(await rowsOf(customer)).toEqual([{ plan: 'team', status: 'active' }]);
    expect((await customer.subscriptionsAtStripe())[0]!.items.data).toHaveLength(1);
  });

  test('a lower plan begins when what is paid has ended', async () => {
    const customer = await signUp(app);
    const { currentPeriodEnd } = await customer.subscribe('team', 'month');
    const priceId = await customer.priceOf('pro', 'month');
    expect(await service.upgradeSubscription(requesterOf(customer), priceId)).toMatchObject({
      success: true,
      effective: 'period_end',
      effectiveAt: currentPeriodEnd,
    });
    expect(await rowsOf(customer)).toEqual([{ plan: 'team', status: 'active' }]);
  });
});

describe('syncSubscriptionStatus', () => {
  test('brings our rows to what Stripe says, whatever the webhooks did', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const [atStripe] = await customer.subscriptionsAtStripe();
    await caller(app.stripeUrl).post('/_control/chaos', { drop: 1 });
    await fetch(`${app.stripeUrl}/v1/subscriptions/${atStripe!.id}`, {
      method: 'DELETE',
      headers: { Authorization: 'Bearer sk_test_squaretable' },
    });
    await app.localStripe!.settled();
    await caller(app.stripeUrl).post('/_control/chaos', { drop: 0 });
    expect(await rowsOf(customer)).toEqual([{ plan: 'pro', status: 'active' }]);
    expect(await service.syncSubscriptionStatus(atStripe!.id)).toBe('synced');
    expect(await rowsOf(customer)).toEqual([{ plan: 'pro', status: 'canceled' }]);
    expect((await service.getSubscription(requesterOf(customer))).subscription.plan).toBe('free');
  });

  test('ten at once write it once', async () => {
    const customer = await signUp(app);
    await customer.subscribe('team', 'month');
    const [atStripe] = await customer.subscriptionsAtStripe();
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => service.syncSubscriptionStatus(atStripe!.id)),
    );
    expect(new Set(outcomes)).toEqual(new Set(['synced']));
    expect(await rowsOf(customer)).toEqual([{ plan: 'team', status: 'active' }]);
  });
});
