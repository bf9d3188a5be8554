import { Stripe } from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { STRIPE_API_VERSION } from '../../src/server/config/stripe.config.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  advanceDays,
  advanceTo,
  DECLINED_CARD,
  FAILING_CARD,
  GOOD_CARD,
  settled,
  signUp,
  type Customer,
} from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { mailsTo } from '../support/money-back.ts';

/** What is heard late, or of what is gone, is judged by what is so now. */
let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());
beforeEach(async () => {
  const retries = { attempts: 4, spacingSeconds: 3 * 24 * 3600, final: 'cancel' };
  await caller(app.stripeUrl).post('/_control/retry_settings', retries);
});

interface EventAtStripe {
  id: string;
  type: string;
  data: { object: { id: string; customer: string } };
}

/** Delivers an event, signed as Stripe signs it. */
async function deliver(event: object): Promise<number> {
  const payload = JSON.stringify(event);
  const [secret] = app.server.context.stripe.webhookSecrets;
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: secret! });
  const headers = { 'Stripe-Signature': signature };
  const answer = await fetch(`${app.url}/webhooks/stripe`, {
    method: 'POST',
    headers,
    body: payload,
  });
  return answer.status;
}

let heard = 0;
/** The same thing told once more, as a new event, which no deduplication holds up. */
async function hearAgain(customer: Customer, type: string): Promise<void> {
  const { data } = await customer.atStripe<{ data: EventAtStripe[] }>(
    `events?type=${type}&limit=100`,
  );
  const own = (await customer.customerId()) ?? '';
  const events = data.filter(({ data: { object } }) => object.customer === own);
  expect(events.length, type).toBeGreaterThan(0);
  for (const event of events) {
    expect(await deliver({ ...event, id: `evt_again_${(heard += 1)}` })).toBe(200);
  }
  await settled(app);
}

async function fallBehind(card = FAILING_CARD): Promise<Customer> {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await customer.useCard(card);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  return customer;
}

test('the end of an old subscription, heard late, does not touch the new one', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await customer.api.post('/api/subscription/cancel', { immediately: true });
  expect(await customer.subscribe('team', 'month')).toMatchObject({ plan: 'team' });
  await hearAgain(customer, 'customer.subscription.deleted');
  expect(await customer.subscription()).toMatchObject({ plan: 'team', status: 'active' });
});

test('a failure that is heard after it was paid changes nothing, and is mailed to nobody', async () => {
  const customer = await fallBehind();
  const before = await mailsTo(customer);
  await customer.useCard('pm_card_visa');
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(
    `invoices?customer=${await customer.customerId()}&status=open`,
  );
  await customer.atStripe(`invoices/${data[0]!.id}/pay`, {});
  await settled(app);
  await hearAgain(customer, 'invoice.payment_failed');
  expect(await customer.subscription()).toMatchObject({ status: 'active', pastDue: null });
  expect(await mailsTo(customer)).toEqual(before);
});

test('of what has ended no failure is mailed any more', async () => {
  const customer = await fallBehind();
  await customer.api.post('/api/subscription/cancel');
  await settled(app);
  const before = await mailsTo(customer);
  await hearAgain(customer, 'invoice.payment_failed');
  expect(await customer.subscription()).toMatchObject({ plan: 'free', status: 'canceled' });
  expect(await mailsTo(customer)).toEqual(before);
});

test('events of a deleted team are answered, and bring nothing back', async () => {
  const customer = await signUp(app, 'Gone');
  await customer.subscribe('pro', 'month');
  expect((await customer.api.delete('/api/tenant', { confirm: 'Gone' })).status).toBe(204);
  await settled(app);
  const before = await mailsTo(customer);
  for (const type of [
    'customer.subscription.created',
    'customer.subscription.deleted',
    'invoice.paid',
  ]) {
    await hearAgain(customer, type);
  }
  const { rows } = await app.database.pool.query(
    `select t.plan, t.deleted_at is not null as deleted,
       (select count(*)::int from users u where u.tenant_id = t.id) as people
     from tenants t where t.id = $1`,
    [customer.tenantId],
  );
  expect(rows).toEqual([{ plan: 'free', deleted: true, people: 0 }]);
  expect(await mailsTo(customer)).toEqual(before);
});

test('a first payment that is declined mails nothing: the person is at the till', async () => {
  const customer = await signUp(app);
  const session = await customer.checkout('pro', 'month');
  await customer.pay(session, DECLINED_CARD);
  await settled(app);
  expect(await mailsTo(customer)).toEqual([]);
  await customer.pay(session, GOOD_CARD);
  await settled(app);
  expect(await mailsTo(customer)).toEqual([]);
  expect(await customer.subscription()).toMatchObject({ plan: 'pro' });
});

test('a renewal that the bank wants confirmed is one mail, which asks for that and leads there', async () => {
  const customer = await fallBehind('pm_card_authenticationRequired');
  await customer.api.patch('/api/auth/me', { locale: 'en' });
  const { rows } = await app.database.pool.query<{
    data: { actionRequired: boolean; payUrl: string };
  }>(`select data from mail_outbox where tenant_id = $1 and kind = 'payment_failed'`, [
    customer.tenantId,
  ]);
  const { pastDue } = await customer.subscription();
  expect(rows).toMatchObject([{ data: { actionRequired: true, payUrl: pastDue?.payUrl } }]);
  expect(pastDue).toMatchObject({ actionRequired: true, payUrl: expect.stringMatching(/^http/) });
});

test('an event of another API version is used, and its endpoint is told to an operator', async () => {
  const customer = await signUp(app);
  await customer.checkout('pro', 'month');
  const event = {
    id: 'evt_of_another_version',
    object: 'event',
    type: 'customer.updated',
    created: Math.floor(app.server.context.clock.now().getTime() / 1000),
    livemode: false,
    data: { object: { id: await customer.customerId(), object: 'customer' } },
  };
  const open = async () => {
    const { rows } = await app.database.pool.query<{ subject_id: string }>(
      `select subject_id from alerts where kind = 'webhook_version' and resolved_at is null`,
    );
    return rows.map((row) => row.subject_id);
  };
  expect(await deliver({ ...event, api_version: STRIPE_API_VERSION })).toBe(200);
  expect(await open()).toEqual([]);
  expect(await deliver({ ...event, id: 'evt_old', api_version: '2024-06-20' })).toBe(200);
  await settled(app);
  expect(await open()).toEqual(['2024-06-20']);
  const { rows } = await app.database.pool.query(
    `select state from stripe_events where id = 'evt_old'`,
  );
  expect(rows).toEqual([{ state: 'processed' }]);
});

describe('what stays possible', () => {
  test('while past due: the portal, to replace the card; not another purchase', async () => {
    const customer = await fallBehind();
    expect((await customer.api.post('/api/subscription/portal')).status).toBe(200);
    expect((await customer.openCheckout('team', 'month')).status).toBe(409);
    expect((await customer.api.post('/api/subscription/cancel')).status).toBe(200);
  });

  test('after the end: no taking back, which is said, and a new purchase', async () => {
    const customer = await signUp(app);
    const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
    await customer.api.post('/api/subscription/cancel');
    await advanceTo(app, currentPeriodEnd!);
    expect(await customer.api.post('/api/subscription/resume')).toMatchObject({
      status: 409,
      body: { code: 'not_resumable' },
    });
    expect(await customer.subscribe('pro', 'month')).toMatchObject({ plan: 'pro' });
  });
});
