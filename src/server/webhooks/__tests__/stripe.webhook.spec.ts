import { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../../tests/support/app.ts';
import {
  FAILING_CARD,
  GOOD_CARD,
  settled,
  signUp,
  type Customer,
} from '../../../../tests/support/customer.ts';
import { caller } from '../../../../tests/support/http.ts';
import { STRIPE_API_VERSION } from '../../config/stripe.config.ts';
import { SUBSCRIBED_EVENTS } from '../../services/stripe/event-types.ts';

/**
 * The whole way of a delivery, over HTTP, a real PostgreSQL and a local Stripe: each event that we
 * ask for, the signature, and once for all. `stripe.webhook.test.ts` has the door alone.
 */
let app: TestApp;
let customer: Customer;
beforeAll(async () => {
  app = await startTestApp();
  customer = await signUp(app);
  await customer.subscribe('pro', 'month');
});
afterAll(async () => app?.stop());

let made = 0;
const eventOf = (type: string, object: object, changes: object = {}) => ({
  id: `evt_spec_${(made += 1)}`,
  object: 'event',
  type,
  created: Math.floor(app.server.context.clock.now().getTime() / 1000),
  livemode: false,
  api_version: STRIPE_API_VERSION,
  data: { object },
  ...changes,
});

async function deliver(event: object, secret?: string): Promise<number> {
  const payload = JSON.stringify(event);
  const [own] = app.server.context.stripe.webhookSecrets;
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: secret ?? own! });
  const headers = { 'Stripe-Signature': signature };
  const answer = await fetch(`${app.url}/webhooks/stripe`, {
    method: 'POST',
    headers,
    body: payload,
  });
  return answer.status;
}
const inboxOf = async (id: string) => {
  const { rows } = await app.database.pool.query<{ state: string; last_error: string | null }>(
    'select state, last_error from stripe_events where id = $1',
    [id],
  );
  return rows;
};

/** What the event is about, as far as it names one: its customer. */
async function subjectOf(type: string): Promise<object> {
  const id = await customer.customerId();
  const [subscription] = await customer.subscriptionsAtStripe();
  if (type.startsWith('customer.subscription.')) {
    return { id: subscription!.id, object: 'subscription', customer: id };
  }
  if (type.startsWith('customer.')) return { id, object: 'customer' };
  const [object] = type.split('.');
  return { id: `${object}_spec`, object: object!, customer: id, attempt_count: 1 };
}

describe('each event that we ask for', () => {
  const deliveries = new Map<string, { id: string; status: number }>();
  beforeAll(async () => {
    for (const type of SUBSCRIBED_EVENTS) {
      const event = eventOf(type, await subjectOf(type));
      deliveries.set(type, { id: event.id, status: await deliver(event) });
    }
    await settled(app);
  });

  test.each(SUBSCRIBED_EVENTS)('%s is answered, kept once and handled', async (type) => {
    const { id, status } = deliveries.get(type)!;
    expect(status).toBe(200);
    expect(await inboxOf(id)).toEqual([{ state: 'processed', last_error: null }]);
  });

  test('none is believed: the plan is what Stripe says', async () => {
    expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
  });

  test('one that we never asked for is answered, and ignored', async () => {
    const event = eventOf('product.created', { id: 'prod_1', object: 'product' });
    expect(await deliver(event)).toBe(200);
    await settled(app);
    expect(await inboxOf(event.id)).toEqual([{ state: 'ignored', last_error: null }]);
  });

  test('one of somebody who is not ours is answered, and ignored', async () => {
    const event = eventOf('customer.updated', { id: 'cus_nobody', object: 'customer' });
    expect(await deliver(event)).toBe(200);
    await settled(app);
    expect(await inboxOf(event.id)).toEqual([{ state: 'ignored', last_error: null }]);
  });
});

/** Everything else about it is lost: what our rows then say came of this one delivery. */
describe('what one event brings by itself', () => {
  const drop = (rate: number) => caller(app.stripeUrl).post('/_control/chaos', { drop: rate });
  beforeAll(async () => void (await drop(1)));
  afterAll(async () => void (await drop(0)));

  /** The newest event of that type about the customer, as Stripe would have delivered it; what it was about. */
  async function deliverNewest(of: Customer, type: string): Promise<string> {
    await app.localStripe?.settled();
    const owner = await of.customerId();
    type Listed = { data: { data: { object: { id: string; customer: string } } }[] };
    const { data } = await of.atStripe<Listed>(`events?type=${type}&limit=50`);
    const event = data.find((one) => one.data.object.customer === owner);
    expect(await deliver(event!)).toBe(200);
    await settled(app);
    return event!.data.object.id;
  }
  /** As our rows have it: nobody is asked. */
  async function rowsOf(of: Customer) {
    const { rows } = await app.database.pool.query<Record<string, unknown>>(
      `select t.plan, s.status, s.cancel_at is not null as ends,
         (select array_agg(p.stripe_invoice_id) from payments p
            where p.tenant_id = t.id and p.status = 'paid') as paid,
         (select count(*)::int from mail_outbox m where m.tenant_id = t.id
            and m.kind = 'payment_failed') as failures
       from tenants t join subscriptions s on s.tenant_id = t.id where t.id = $1`,
      [of.tenantId],
    );
    return rows[0];
  }
  async function subscriber(): Promise<{ buyer: Customer; id: string }> {
    const buyer = await signUp(app);
    await buyer.pay(await buyer.checkout('pro', 'month'), GOOD_CARD);
    await deliverNewest(buyer, 'checkout.session.completed');
    const [subscription] = await buyer.subscriptionsAtStripe();
    return { buyer, id: subscription!.id };
  }
  async function renew(buyer: Customer): Promise<void> {
    const [subscription] = await buyer.subscriptionsAtStripe();
    const to = subscription!.items.data[0]!.current_period_end + 7200;
    await caller(app.stripeUrl).post('/_control/clock', { to });
  }

  test('checkout.session.completed: the plan', async () => {
    const { buyer } = await subscriber();
    expect(await rowsOf(buyer)).toMatchObject({ plan: 'pro', status: 'active', ends: false });
  });

  test('customer.subscription.updated: what was changed there', async () => {
    const { buyer, id } = await subscriber();
    await buyer.atStripe(`subscriptions/${id}`, { cancel_at_period_end: 'true' });
    await deliverNewest(buyer, 'customer.subscription.updated');
    expect(await rowsOf(buyer)).toMatchObject({ plan: 'pro', ends: true });
  });

  test('customer.subscription.deleted: Free', async () => {
    const { buyer, id } = await subscriber();
    const headers = { Authorization: 'Bearer sk_test_squaretable' };
    await fetch(`${app.stripeUrl}/v1/subscriptions/${id}`, { method: 'DELETE', headers });
    await deliverNewest(buyer, 'customer.subscription.deleted');
    expect(await rowsOf(buyer)).toMatchObject({ plan: 'free', status: 'canceled' });
  });

  test('invoice.payment_succeeded: the payment', async () => {
    const { buyer } = await subscriber();
    await renew(buyer);
    const invoice = await deliverNewest(buyer, 'invoice.payment_succeeded');
    const { paid, ...rest } = (await rowsOf(buyer))!;
    expect(rest).toMatchObject({ plan: 'pro', status: 'active' });
    // The nightly sweep, which the clock may have passed, brings the first one too.
    expect(paid).toContain(invoice);
  });

  test('invoice.payment_failed: past due, and a mail', async () => {
    const { buyer } = await subscriber();
    await buyer.useCard(FAILING_CARD);
    await renew(buyer);
    await deliverNewest(buyer, 'invoice.payment_failed');
    expect(await rowsOf(buyer)).toMatchObject({ plan: 'pro', status: 'past_due', failures: 1 });
  });
});

describe('the signature', () => {
  test('another secret is refused, and nothing is kept', async () => {
    const event = eventOf('customer.updated', await subjectOf('customer.updated'));
    expect(await deliver(event, 'whsec_somebody')).toBe(400);
    expect(await inboxOf(event.id)).toEqual([]);
  });

  test('the other mode is refused, with an alert', async () => {
    const event = eventOf('customer.updated', await subjectOf('customer.updated'), {
      livemode: true,
    });
    expect(await deliver(event)).toBe(400);
    expect(await inboxOf(event.id)).toEqual([]);
    const { rows } = await app.database.pool.query(
      `select 1 from alerts where kind = 'other_environment' and subject_id = $1`,
      [event.id],
    );
    expect(rows).toHaveLength(1);
  });
});

describe('once for all', () => {
  test('ten deliveries at once are one event, handled once', async () => {
    const event = eventOf('invoice.paid', await subjectOf('invoice.paid'));
    const answers = await Promise.all(Array.from({ length: 10 }, () => deliver(event)));
    expect(new Set(answers)).toEqual(new Set([200]));
    await settled(app);
    const { rows } = await app.database.pool.query<{ attempts: number }>(
      'select attempts from stripe_events where id = $1',
      [event.id],
    );
    expect(rows).toEqual([{ attempts: 1 }]);
  });

  test('a late one brings nothing back', async () => {
    const other = await signUp(app);
    await other.subscribe('pro', 'month');
    const [subscription] = await other.subscriptionsAtStripe();
    await other.api.post('/api/subscription/cancel', { immediately: true });
    await settled(app);
    const old = { ...subscription!, object: 'subscription', customer: await other.customerId() };
    expect(await deliver(eventOf('customer.subscription.updated', old))).toBe(200);
    await settled(app);
    expect(await other.subscription()).toMatchObject({ plan: 'free', status: 'canceled' });
  });
});
