import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { GOOD_CARD, settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { alertsOf, outOfPocket, remedied, secondSubscription } from '../support/money-back.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

const chaos = (failNext: object[]) =>
  caller(app.stripeUrl).post('/_control/chaos', { drop: 0, duplicate: 0, failNext });

describe('9.13 open Checkout sessions', () => {
  const statusOf = async (customer: Customer, id: string) =>
    (await customer.atStripe<{ status: string; expires_at: number; created: number }>(
      `checkout/sessions/${id}`,
    ))!;

  test('can be paid for an hour', async () => {
    const customer = await signUp(app);
    const session = await statusOf(customer, await customer.checkout('pro', 'month'));
    expect(session.expires_at - session.created).toBeGreaterThan(3500);
    expect(session.expires_at - session.created).toBeLessThanOrEqual(3600);
  });

  test('end when a subscription appears otherwise', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await customer.api.post('/api/subscription/cancel', { immediately: true });
    await settled(app);
    const open = await customer.checkout('team', 'month');
    await secondSubscription(customer, 'pro');
    await settled(app);
    await vi.waitFor(
      async () => expect((await statusOf(customer, open)).status).toBe('expired'),
      60_000,
    );
  });

  test('end when their price is no longer sold', async () => {
    const customer = await signUp(app);
    const open = await customer.checkout('team', 'month');
    const priceId = await customer.priceOf('team', 'month');
    const { product } = await customer.atStripe<{ product: string }>(`prices/${priceId}`);
    await customer.atStripe('prices', {
      product,
      currency: 'cny',
      unit_amount: '10900',
      'recurring[interval]': 'month',
      lookup_key: 'squaretable_team_monthly',
      transfer_lookup_key: 'true',
    });
    app.server.context.services.catalogue.expire();
    // A round leaves out a customer whose billing is being changed, as by an event of what was done above.
    await settled(app);
    await vi.waitFor(async () => {
      await app.server.context.services.remedies.carryOutAll();
      expect((await statusOf(customer, open)).status).toBe('expired');
    }, 60_000);
  });

  test('stay where another process knew of their price before this one did', async () => {
    const customer = await signUp(app);
    const { catalogue, remedies } = app.server.context.services;
    const open = await customer.checkout('team', 'month');
    // As another process opens it for a price that this one's last reading does not have.
    const [offered, unread] = [await catalogue.listOffered(), 'squaretable_team_monthly'];
    const { product } = await customer.atStripe<{ product: string }>(
      `prices/${await customer.priceOf('team', 'month')}`,
    );
    const made = await customer.atStripe<{ id: string }>('prices', {
      product,
      currency: 'cny',
      unit_amount: '11900',
      'recurring[interval]': 'month',
      lookup_key: unread,
      transfer_lookup_key: 'true',
    });
    expect(await catalogue.listOffered()).toEqual(offered);
    await app.database.pool.query(
      `update checkout_sessions set stripe_price_id = $2, created_at = now() where stripe_session_id = $1`,
      [open, made.id],
    );
    await settled(app);
    await vi.waitFor(async () => {
      await remedies.carryOutAll();
      expect((await catalogue.listOffered()).map(({ priceId }) => priceId)).toContain(made.id);
    }, 60_000);
    expect((await statusOf(customer, open)).status).toBe('open');
  });

  test('one that is paid all the same after the team was deleted: ended, and given back', async () => {
    const customer = await signUp(app);
    const open = await customer.checkout('pro', 'month');
    const customerId = await customer.customerId();
    // The worker may be about to end it: it does not get through before the payment.
    const unheard = {
      match: { method: 'POST', path: '/v1/checkout/sessions/*/expire' },
      status: 500,
    };
    await chaos(Array.from({ length: 6 }, () => unheard));
    await app.database.pool.query('update tenants set deleted_at = now() where id = $1', [
      customer.tenantId,
    ]);
    await customer.pay(open, GOOD_CARD);
    await chaos([]);
    await remedied(customer);
    const { data } = await customer.atStripe<{ data: { status: string }[] }>(
      `subscriptions?customer=${customerId}&status=all`,
    );
    expect(data.map((one) => one.status)).toEqual(['canceled']);
    expect(await outOfPocket(customer)).toBe(0);
    expect(await alertsOf(customer)).toEqual(['late_payment']);
  });
});
