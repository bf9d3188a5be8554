import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PlansView } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { GOOD_CARD, settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { replacePrice } from '../support/prices.ts';

/** What Stripe refuses, or has no more, is told in our words with what to do. Points of issue 9. */
let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());
const control = (path: string, body: object) =>
  caller(app.stripeUrl).post(`/_control/${path}`, body);
beforeEach(async () => void (await control('chaos', { drop: 0, failNext: [] })));

const ask = (customer: Customer, verb: string, body: object = {}) =>
  customer.api.post(`/api/subscription/${verb}`, body);

async function pricesOf(customer: Customer, plan: string) {
  const { body } = await customer.api.get<PlansView>('/api/plans');
  return body.plans.find((one) => one.plan === plan)!.prices;
}

describe('9 a customer that Stripe does not have any more, nothing of it heard', () => {
  const lost: Record<string, (customer: Customer) => Promise<unknown>> = {
    deleted: async (customer) => {
      await control('chaos', { drop: 1 });
      const headers = { Authorization: 'Bearer sk_test_squaretable' };
      const id = await customer.customerId();
      await fetch(`${app.stripeUrl}/v1/customers/${id}`, { method: 'DELETE', headers });
      await app.localStripe?.settled();
    },
    'of another account': (customer) =>
      app.database.pool.query(
        `update tenants set stripe_customer_id = 'cus_other_' || left(id::text, 8) where id = $1`,
        [customer.tenantId],
      ),
  };
  const verbs: [string, number, number][] = [
    ['sync', 200, 200],
    ['preview', 409, 409],
    ['upgrade', 409, 409],
    ['resume', 409, 409],
    ['cancel', 200, 409],
    ['portal', 409, 409],
    ['checkout', 200, 200],
  ];

  test.each(Object.keys(lost))('%s: each verb answers what to do', async (how) => {
    const customer = await signUp(app, 'Lost');
    await customer.subscribe('pro', 'month');
    await lost[how]!(customer);
    const priceId = await customer.priceOf('team', 'month');
    for (const [verb, deleted, foreign] of verbs) {
      const body = ['preview', 'upgrade', 'checkout'].includes(verb) ? { priceId } : {};
      const answer = await ask(customer, verb, body);
      expect(answer.status, `${verb}: ${JSON.stringify(answer.body)}`).toBe(
        how === 'deleted' ? deleted : foreign,
      );
      if (answer.status !== 200) expect(answer.body.error).toMatch(/choose a plan/i);
    }
    expect((await customer.api.get('/api/subscription')).status).toBe(200);
    expect((await customer.api.delete('/api/tenant', { confirm: 'Lost' })).status).toBe(204);
  });
});

describe('9 currencies', () => {
  test('who returns with nothing that runs or is owed buys in another; old credit stays, and is said', async () => {
    const customer = await signUp(app);
    await customer.subscribe('team', 'month');
    await ask(customer, 'cancel', { immediately: true });
    await customer.atStripe(`customers/${await customer.customerId()}/balance_transactions`, {
      amount: '-700',
      currency: 'cny',
    });
    await settled(app);
    const credits = [{ amountMinor: 700, currency: 'cny' }];
    expect(await customer.sync()).toMatchObject({ credits });
    const usd = { currency: 'usd', unit_amount: '1500' };
    const priceId = await replacePrice(customer, 'squaretable_team_monthly', usd);
    const session = await customer.checkout('team', 'month');
    expect(await customer.pay(session, GOOD_CARD)).toMatchObject({ status: 'complete' });
    await settled(app);
    expect(await customer.sync()).toMatchObject({ plan: 'team', priceId, credits });
    expect((await customer.payments())[0]).toMatchObject({ amountPaidMinor: 1500 });
    expect((await customer.payments()).map((one) => one.currency)).toEqual(['usd', 'cny']);
    const cny = { currency: 'cny', unit_amount: '9900' };
    await replacePrice(customer, 'squaretable_team_monthly', cny);
  });

  test('who pays in one that a price has among its `currency_options` changes to it, and is told so', async () => {
    const cny = (amount: string, usd: string) => ({
      currency: 'cny',
      unit_amount: amount,
      'currency_options[usd][unit_amount]': usd,
    });
    const customer = await signUp(app);
    await replacePrice(customer, 'squaretable_pro_monthly', {
      currency: 'usd',
      unit_amount: '500',
    });
    await customer.subscribe('pro', 'month');
    const pro = await replacePrice(customer, 'squaretable_pro_monthly', cny('2900', '500'));
    const team = await replacePrice(customer, 'squaretable_team_monthly', cny('9900', '1500'));
    const upgrade = await ask(customer, 'preview', { priceId: team });
    // What the page asks of the plans' prices: in what is billed, and what each costs in it.
    expect(await customer.overview()).toMatchObject({ currency: 'usd' });
    expect(await pricesOf(customer, 'team')).toMatchObject([
      { currency: 'cny', currencyOptions: [{ currency: 'usd', amountMinor: 1500 }] },
    ]);
    expect(upgrade).toMatchObject({
      status: 200,
      body: { currency: 'usd', amountDueNowMinor: 1000, nextInvoice: { amountMinor: 1500 } },
    });
    const { prorationDate } = upgrade.body as { prorationDate: number };
    expect((await ask(customer, 'upgrade', { priceId: team, prorationDate })).status).toBe(200);
    await settled(app);
    expect(await customer.sync()).toMatchObject({ plan: 'team', priceId: team });
    expect((await customer.payments())[0]).toMatchObject({ currency: 'usd' });
    const later = await ask(customer, 'preview', { priceId: pro });
    expect(later).toMatchObject({
      status: 200,
      body: { effective: 'period_end', currency: 'usd', nextInvoice: { amountMinor: 500 } },
    });
    expect((await ask(customer, 'upgrade', { priceId: pro })).status).toBe(200);
    await settled(app);
    expect(await customer.sync()).toMatchObject({ nextInvoice: { amountMinor: 500 } });
  });

  test('with something that waits to be charged in another: refused, and said why', async () => {
    const customer = await signUp(app);
    await customer.checkout('pro', 'month');
    const owner = await customer.customerId();
    await customer.atStripe('invoiceitems', { customer: owner, amount: '500', currency: 'eur' });
    const other = await ask(customer, 'checkout', {
      priceId: await customer.priceOf('team', 'month'),
    });
    expect(other).toMatchObject({ status: 409, body: { code: 'currency_conflict' } });
    expect(other.body.error).toMatch(/another currency/);
  });

  test('with something that waits in one that the price has: it is bought in that', async () => {
    const customer = await signUp(app);
    await replacePrice(customer, 'squaretable_pro_monthly', {
      currency: 'cny',
      unit_amount: '2900',
      'currency_options[usd][unit_amount]': '500',
    });
    await customer.checkout('pro', 'month');
    const owner = await customer.customerId();
    await customer.atStripe('invoiceitems', { customer: owner, amount: '300', currency: 'usd' });
    await replacePrice(customer, 'squaretable_pro_monthly', {
      currency: 'cny',
      unit_amount: '2900',
      'currency_options[usd][unit_amount]': '600',
    });
    const session = await customer.checkout('pro', 'month');
    expect(await customer.pay(session, GOOD_CARD)).toMatchObject({ status: 'complete' });
    await settled(app);
    expect(await customer.sync()).toMatchObject({ plan: 'pro', nextInvoice: { currency: 'usd' } });
    // The item that waited comes with the first bill.
    expect((await customer.payments())[0]).toMatchObject({ amountPaidMinor: 900, currency: 'usd' });
    expect(await customer.overview()).toMatchObject({ currency: 'usd' });
  });
});

test('9 the same plan at the price of today is offered, previewed and charged as what it is', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const cny = { currency: 'cny', unit_amount: '3900' };
  const priceId = await replacePrice(customer, 'squaretable_pro_monthly', cny);
  const { actions } = await customer.overview();
  expect(actions[priceId]).toBe('switch_price');
  const preview = await ask(customer, 'preview', { priceId });
  expect(preview).toMatchObject({ status: 200, body: { effective: 'now' } });
  const { prorationDate, amountDueNowMinor } = preview.body;
  expect(await ask(customer, 'upgrade', { priceId, prorationDate })).toMatchObject({
    status: 200,
    body: { success: true },
  });
  await settled(app);
  expect(await customer.subscription()).toMatchObject({ plan: 'pro', priceId, growing: null });
  const charged = (await customer.payments()).find((one) => one.reason === 'subscription_update');
  expect(charged?.amountPaidMinor).toBe(amountDueNowMinor);
  expect((await customer.subscription()).nextInvoice?.amountMinor).toBe(3900);
});

describe('9.1 an upgrade whose clearing of the end fails', () => {
  test.each(['cancel_at_period_end', 'cancel_at'])(
    'in the form %s: it is cleared all the same',
    async (form) => {
      const customer = await signUp(app);
      const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
      const [subscription] = await customer.subscriptionsAtStripe();
      const end = String(Date.parse(currentPeriodEnd!) / 1000);
      await customer.atStripe(`subscriptions/${subscription!.id}`, {
        [form]: form === 'cancel_at' ? end : 'true',
      });
      await settled(app);
      const update = { method: 'POST', path: '/v1/subscriptions/:id' };
      const failing = (nth: number) => ({ status: 500, match: update, nth });
      await control('chaos', { failNext: [failing(2), failing(2), failing(2)] });
      const answer = await customer.change('team', 'month');
      expect([200, 503]).toContain(answer.status);
      await control('chaos', { failNext: [] });
      await app.server.context.services.subscriptions.settleIntents();
      await settled(app);
      expect(await customer.change('team', 'month')).toMatchObject({ body: { success: true } });
      expect(await customer.sync()).toMatchObject({
        plan: 'team',
        cancelAt: null,
        unsettled: null,
      });
      const updates = (await customer.payments()).filter(
        ({ reason }) => reason === 'subscription_update',
      );
      expect(updates).toHaveLength(1);
    },
  );
});
