import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { PacksView } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { alertsOf, mailsTo, outOfPocket } from '../support/money-back.ts';
import {
  balance,
  bought,
  buy,
  credits,
  openPack,
  openUnheard,
  payPack,
  purchases,
  sessionOf,
} from '../support/packs.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());
const control = (path: string, body: object) =>
  caller(app.stripeUrl).post(`/_control/${path}`, body);
afterEach(async () => {
  await control('chaos', { drop: 0, duplicate: 0, shuffle: 0, failNext: [] });
  await control('delayed_payments', { seconds: 0, outcome: 'succeeded' });
});

const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 60_000, interval: 50 });
const has = (customer: Customer, whole: number) =>
  eventually(async () => expect(await balance(customer)).toBe(whole));

test('12.3 packs are sold on every plan, Free too: by card, Alipay and WeChat Pay', async () => {
  const { body } = await caller(app.url).get<PacksView>('/api/credits/packs');
  expect(body.packs.map(({ id, credits: paid, bonus }) => [id, paid, bonus])).toEqual([
    ['small', 60, 0],
    ['medium', 300, 30],
    ['large', 680, 120],
  ]);
  const customer = await signUp(app);
  const first = await bought(customer, 'small');
  expect(first).toMatchObject({ amountMinor: 600, currency: 'cny', refundedMinor: 0 });
  const year = Date.parse(first.expiresAt!) - Date.parse(first.paidAt!);
  expect(year).toBe(365 * 86_400_000);
  await bought(customer, 'medium', { method: 'alipay' });
  await bought(customer, 'large', { method: 'wechat_pay' });
  expect(await balance(customer)).toBe(60 + 330 + 800);
  expect(await outOfPocket(customer)).toBe(600 + 3_000 + 6_800);
  // One invoice each, and one mail.
  const paid = (await customer.payments()).filter(({ status }) => status === 'paid');
  expect(paid.map((one) => one.amountPaidMinor).sort()).toEqual([3_000, 600, 6_800]);
  expect(await mailsTo(customer)).toEqual(['pack_bought', 'pack_bought', 'pack_bought']);
  expect((await customer.subscription()).plan).toBe('free');
});

test('12.3 credits of a pack go on when a subscription begins and ends, and Checkouts do not disturb each other', async () => {
  const customer = await signUp(app);
  const session = await openPack(customer, 'small');
  await customer.subscribe('pro', 'month');
  await payPack(customer, session);
  await has(customer, 60);
  await customer.api.post('/api/subscription/cancel', { immediately: true });
  await settled(app);
  expect(await customer.subscription()).toMatchObject({ plan: 'free' });
  expect(await balance(customer)).toBe(60);
});

describe('12.3 what cannot be bought', () => {
  test('has each its own code, and nothing is begun', async () => {
    const customer = await signUp(app);
    expect(await buy(customer, 'huge')).toMatchObject({
      status: 400,
      body: { code: 'unknown_pack' },
    });
    expect(await buy(customer, 'small', { currency: 'eur' })).toMatchObject({
      status: 409,
      body: { code: 'currency_conflict' },
    });
    for (const body of [{}, { packId: '' }, { packId: 7 }, { packId: 'small', price: 1 }]) {
      expect(await customer.api.post('/api/credits/checkout', body)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
    }
    expect(await purchases(customer)).toEqual([]);
    const nobody = caller(app.url);
    expect(await nobody.post('/api/credits/checkout', { packId: 'small' })).toMatchObject({
      status: 401,
    });
  });

  test('packs are sold in what the team is billed in', async () => {
    const abroad = await signUp(app);
    const answer = await buy(abroad, 'small', { currency: 'usd' });
    await payPack(abroad, sessionOf(answer.body.checkoutUrl));
    await has(abroad, 60);
    expect((await purchases(abroad))[0]).toMatchObject({ amountMinor: 99, currency: 'usd' });
    const subscriber = await signUp(app);
    await subscriber.subscribe('pro', 'month');
    expect(await buy(subscriber, 'small', { currency: 'usd' })).toMatchObject({
      status: 409,
      body: { code: 'currency_conflict', details: { currency: 'cny' } },
    });
    expect(await buy(subscriber, 'small')).toMatchObject({ status: 200 });
  });
});

describe('12.34 two tabs', () => {
  test('the same pack is one session, another pack waits, and giving up frees the till', async () => {
    const customer = await signUp(app);
    const [one, two] = await Promise.all([buy(customer, 'small'), buy(customer, 'small')]);
    expect(one.status).toBe(200);
    expect(two.body).toEqual(one.body);
    const other = await buy(customer, 'large');
    expect(other).toMatchObject({
      status: 409,
      body: { code: 'purchase_open', details: { packId: 'small', reason: 'open' } },
    });
    const [open] = await purchases(customer);
    expect(open).toMatchObject({ state: 'open', checkoutUrl: one.body.checkoutUrl });
    const given = await customer.api.post(`/api/credits/purchases/${open!.id}/cancel`);
    expect(given).toMatchObject({ status: 200, body: { state: 'expired' } });
    expect(
      await customer.atStripe(`checkout/sessions/${sessionOf(one.body.checkoutUrl)}`),
    ).toMatchObject({
      status: 'expired',
    });
    expect((await buy(customer, 'large')).status).toBe(200);
    const again = await customer.api.post(`/api/credits/purchases/${open!.id}/cancel`);
    expect(again).toMatchObject({ status: 409, body: { code: 'state_changed' } });
  });

  test('paid meanwhile and the webhook lost: 409, the credits are there, and one may buy again', async () => {
    const customer = await signUp(app);
    const session = await openUnheard(customer, 'small');
    await payPack(customer, session);
    expect(await buy(customer, 'small')).toMatchObject({
      status: 409,
      body: { code: 'purchase_open', details: { reason: 'paid' } },
    });
    expect(await balance(customer)).toBe(60);
    expect((await buy(customer, 'small')).status).toBe(200);
  });

  test('ordered meanwhile and the webhook lost: not called paid before the money is there', async () => {
    const customer = await signUp(app);
    const session = await openUnheard(customer, 'small');
    await control('delayed_payments', { seconds: 3_600, outcome: 'succeeded' });
    await payPack(customer, session, { method: 'alipay' });
    expect(await buy(customer, 'small')).toMatchObject({
      status: 409,
      body: { code: 'purchase_open', details: { reason: 'processing' } },
    });
    expect(await balance(customer)).toBe(0);
    // Another pack is no repeat of it.
    expect((await buy(customer, 'large')).status).toBe(200);
  });
});

describe('12.32 the webhook is lost', () => {
  const paidUnheard = async () => {
    const customer = await signUp(app);
    const session = await openUnheard(customer, 'small');
    await payPack(customer, session);
    await app.localStripe!.settled();
    expect(await balance(customer)).toBe(0);
    return customer;
  };
  const { api: _, ...ways } = {
    api: null,
    'the return page': async (customer: Customer) => {
      const [open] = await purchases(customer);
      const answer = await customer.api.post(`/api/credits/purchases/${open!.id}/sync`);
      expect(answer).toMatchObject({ status: 200, body: { state: 'granted' } });
    },
    'the sync of everything': async (customer: Customer) => void (await customer.sync()),
    'the events that are fetched': () => app.server.context.services.reconcile.catchUpEvents(),
    'the reconciler': () => app.server.context.services.reconcile.sweep(),
    'the look that is due by itself': async () => {
      await advanceDays(app, 0.1);
      await app.server.context.services.purchases.sweep();
    },
  };
  test.each(Object.entries(ways))('%s grants, once', async (_name, way) => {
    const customer = await paidUnheard();
    await Promise.all([way(customer), way(customer).catch(() => undefined)]);
    await has(customer, 60);
    await control('chaos', { drop: 0, duplicate: 1 });
    await app.server.context.services.reconcile.catchUpEvents();
    await customer.sync();
    await settled(app);
    expect((await credits(customer)).grants).toHaveLength(1);
    expect(await balance(customer)).toBe(60);
    expect(await mailsTo(customer)).toEqual(['pack_bought']);
  });
});

describe('12.33 the order is placed and the money comes later', () => {
  const placed = async (outcome: 'succeeded' | 'failed') => {
    const customer = await signUp(app);
    const session = await openPack(customer, 'small');
    await control('delayed_payments', { seconds: 3_600, outcome });
    await payPack(customer, session, { method: 'alipay' });
    await eventually(async () =>
      expect(await purchases(customer)).toMatchObject([{ state: 'processing' }]),
    );
    expect(await balance(customer)).toBe(0);
    expect(await buy(customer, 'small')).toMatchObject({
      status: 409,
      body: { code: 'purchase_open', details: { reason: 'processing' } },
    });
    await advanceDays(app, 0.1);
    return customer;
  };

  test('nothing is granted before it is there', async () => {
    const customer = await placed('succeeded');
    await has(customer, 60);
  });

  test('nothing is granted when it does not come, and one may buy again', async () => {
    const customer = await placed('failed');
    await eventually(async () =>
      expect(await purchases(customer)).toMatchObject([{ state: 'failed' }]),
    );
    expect(await balance(customer)).toBe(0);
    expect(await alertsOf(customer)).toEqual([]);
    expect((await buy(customer, 'small')).status).toBe(200);
  });
});

test('12.46 a session that nobody paid is over, and another can be opened', async () => {
  const customer = await signUp(app);
  await openPack(customer, 'small');
  await advanceDays(app, 0.1);
  await eventually(async () =>
    expect(await purchases(customer)).toMatchObject([{ state: 'expired', checkoutUrl: null }]),
  );
  expect((await buy(customer, 'large')).status).toBe(200);
  expect(await balance(customer)).toBe(0);
});

test('12.16 one grant a purchase, whatever the order of events and however often they come', async () => {
  const people = await Promise.all(Array.from({ length: 4 }, () => signUp(app)));
  await control('chaos', { duplicate: 1, shuffle: 1 });
  await Promise.all(
    people.map(async (customer) => payPack(customer, await openPack(customer, 'small'))),
  );
  for (const customer of people) {
    await has(customer, 60);
    await settled(app);
    expect((await credits(customer)).grants).toHaveLength(1);
  }
});
