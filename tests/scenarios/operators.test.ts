import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { caller } from '../support/http.ts';
import { settled, signUp, type Customer } from '../support/customer.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());
beforeEach(async () => {
  await caller(app.stripeUrl).post('/_control/chaos', { failNext: [], drop: 0 });
});

const alertsOf = async (customer: Customer) => {
  const { rows } = await app.database.pool.query<{ kind: string }>(
    'select kind from alerts where tenant_id = $1 and resolved_at is null order by kind',
    [customer.tenantId],
  );
  return rows.map((row) => row.kind);
};
const planOf = async (customer: Customer) => (await customer.subscription()).plan;

/** Answers the id of the price. */
async function changeToForeignPrice(customer: Customer): Promise<string> {
  const { id: product } = await customer.atStripe<{ id: string }>('products', { name: 'Another' });
  const { id: price } = await customer.atStripe<{ id: string }>('prices', {
    product,
    currency: 'cny',
    unit_amount: '100',
    'recurring[interval]': 'month',
  });
  const [subscription] = await customer.subscriptionsAtStripe();
  const items = await customer.atStripe<{ data: { id: string }[] }>(
    `subscription_items?subscription=${subscription!.id}`,
  );
  await customer.atStripe(`subscriptions/${subscription!.id}`, {
    'items[0][id]': items.data[0]!.id,
    'items[0][price]': price,
  });
  await settled(app);
  return price;
}

describe('what an operator does at Stripe', () => {
  test('a price of another product neither grants nor revokes, and raises an alert', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await changeToForeignPrice(customer);
    expect(await planOf(customer)).toBe('pro');
    expect(await alertsOf(customer)).toEqual(['unknown_price']);
    await customer.change('team', 'month');
    expect(await planOf(customer)).toBe('team');
    expect(await alertsOf(customer)).toEqual([]);
  });

  test('a price that nobody knew is taken for the plan that staff write on it, as the runbook says', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const price = await changeToForeignPrice(customer);
    expect(await alertsOf(customer)).toEqual(['unknown_price']);
    await customer.atStripe(`prices/${price}`, { 'metadata[squaretable_plan]': 'team' });
    await app.server.context.services.reconcile.sweep();
    expect(await planOf(customer)).toBe('team');
    expect(await alertsOf(customer)).toEqual([]);
  });

  test('a price that is retired keeps its plan', async () => {
    const customer = await signUp(app);
    await customer.subscribe('team', 'month');
    const priceId = await customer.priceOf('team', 'month');
    const { product } = await customer.atStripe<{ product: string }>(`prices/${priceId}`);
    const { id } = await customer.atStripe<{ id: string }>('prices', {
      product,
      currency: 'cny',
      unit_amount: '12900',
      'recurring[interval]': 'month',
      lookup_key: 'squaretable_team_monthly',
      transfer_lookup_key: 'true',
    });
    app.server.context.services.catalogue.expire();
    expect(await customer.priceOf('team', 'month')).toBe(id);
    expect(await customer.sync()).toMatchObject({ plan: 'team', priceId, interval: 'month' });
    expect(await alertsOf(customer)).toEqual([]);
  });

  test('a refund is on the payment, and takes no plan away', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const { rows } = await app.database.pool.query<{ stripe_charge_id: string }>(
      'select stripe_charge_id from payments where tenant_id = $1',
      [customer.tenantId],
    );
    const charge = rows[0]!.stripe_charge_id;
    await customer.atStripe('refunds', { charge, amount: '500' });
    await customer.atStripe('refunds', { charge, amount: '400' });
    await settled(app);
    expect(await customer.payments()).toMatchObject([{ status: 'paid', amountRefundedMinor: 900 }]);
    expect(await planOf(customer)).toBe('pro');
    const refunds = await app.database.pool.query('select 1 from refunds where tenant_id = $1', [
      customer.tenantId,
    ]);
    expect(refunds.rowCount).toBe(2);
  });

  test('a dispute is an alert', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const { rows } = await app.database.pool.query<{ stripe_charge_id: string }>(
      'select stripe_charge_id from payments where tenant_id = $1',
      [customer.tenantId],
    );
    const charge = rows[0]!.stripe_charge_id;
    const answer = await customer.stripe.post('/_control/disputes', {
      charge,
      reason: 'fraudulent',
    });
    expect(answer.status).toBe(200);
    await settled(app);
    expect(await alertsOf(customer)).toEqual(['charge.dispute.created']);
    expect(await planOf(customer)).toBe('pro');
  });

  test('a customer deleted there is free, and can subscribe again', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    await fetch(`${app.stripeUrl}/v1/customers/${await customer.customerId()}`, {
      method: 'DELETE',
      headers: { Authorization: 'Bearer sk_test_squaretable' },
    });
    await settled(app);
    expect(await customer.subscription()).toMatchObject({ plan: 'free', status: 'canceled' });
    expect(await customer.subscribe('team', 'month')).toMatchObject({ plan: 'team' });
  });
});

describe('events', () => {
  test('of strangers on the same account are ignored', async () => {
    const customer = await signUp(app);
    const { id } = await customer.atStripe<{ id: string }>('customers', { email: 'x@example.com' });
    await customer.atStripe(`customers/${id}`, { name: 'Somebody else' });
    await settled(app);
    const { rows } = await app.database.pool.query<{ state: string }>(
      'select distinct state from stripe_events where stripe_customer_id = $1',
      [id],
    );
    expect(rows).toEqual([{ state: 'ignored' }]);
  });

  test('that cannot be handled hold up no other, are given up with an alert, and replayed', async () => {
    const customer = await signUp(app);
    const { stripeEvents } = app.server.context.services;
    const { pool } = app.database;
    await customer.subscribe('pro', 'month');
    const id = `evt_poison_${customer.tenantId}`;
    await pool.query(
      `insert into stripe_events
         (id, type, stripe_customer_id, livemode, payload, stripe_created_at, received_at)
       values ($1, 'charge.refunded', $2, false, '{}', now(), now())`,
      [id, await customer.customerId()],
    );
    await expect(stripeEvents.process(id)).rejects.toThrow();
    await customer.api.post('/api/subscription/cancel');
    await app.localStripe!.settled();
    await vi.waitFor(async () => {
      const open = await pool.query(`select id from stripe_events where state = 'received'`);
      expect(open.rows).toEqual([{ id }]);
    }, 60_000);

    await stripeEvents.giveUp(id, 'cannot be read');
    const stateOf = async () =>
      (await pool.query<{ state: string }>('select state from stripe_events where id = $1', [id]))
        .rows[0]!.state;
    expect(await stateOf()).toBe('dead');
    const alerts = await pool.query(
      `select 1 from alerts where kind = 'event_dead' and subject_id = $1`,
      [id],
    );
    expect(alerts.rowCount).toBe(1);
    expect(await stripeEvents.replay()).toMatchObject([{ id, error: expect.any(String) }]);
    expect(await stateOf()).toBe('dead');

    const payload = { data: { object: { id: 're_gone', object: 'refund', charge: 'ch_gone' } } };
    await pool.query('update stripe_events set payload = $2 where id = $1', [id, payload]);
    const mistyped = { id: 'evt_1', error: 'There is no event evt_1 here.' };
    expect(await stripeEvents.listReplayable([id, 'evt_1'])).toEqual([
      { id, error: null },
      mistyped,
    ]);
    expect(await stripeEvents.replay(['evt_1', id])).toEqual([mistyped, { id, error: null }]);
    expect(await stateOf()).toBe('processed');
  });
});

test('mails are kept and shown, in the language of their reader', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await customer.api.post('/api/subscription/cancel');
  const answer = await fetch(`${app.url}/__dev/mail`, { headers: { Accept: 'application/json' } });
  const { mails } = (await answer.json()) as { mails: { recipient: string; state: string }[] };
  const mine = mails.filter((one) => one.recipient === customer.session.user.email);
  expect(mine).toMatchObject([{ kind: 'cancellation', state: 'sent' }]);
  expect((await fetch(`${app.url}/__dev/mail`)).headers.get('content-type')).toContain('html');
});
