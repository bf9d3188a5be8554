import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goodCard, openPortalShop, subscriptionPath } from '../testing/portal-shop.ts';
import type { PortalShop } from '../testing/portal-shop.ts';

let shop: PortalShop;

beforeAll(async () => {
  shop = await openPortalShop();
});
afterAll(() => shop.local.close());

const find = (id: string) => shop.stripe.subscriptions.retrieve(id);

describe('cards and details', () => {
  test('a card in use stays, another can be made the default and the old one removed', async () => {
    const opened = await shop.open();
    const [visa] = (await shop.stripe.customers.listPaymentMethods(opened.customer)).data;
    const cards = `${opened.path}/payment_methods`;
    expect((await shop.post(`${cards}/${visa!.id}/remove`)).status).toBe(409);
    await shop.post(`${cards}/new`, { ...goodCard, number: '5555555555554444' });
    const left = await shop.post(`${cards}/${visa!.id}/remove`);
    expect(left.status).toBe(303);
    const { data } = await shop.stripe.customers.listPaymentMethods(opened.customer);
    expect(data.map((method) => method.card?.last4)).toEqual(['4444']);
  });

  test('details are changed, and only those that may be', async () => {
    const opened = await shop.open();
    const form = { name: 'New Name', email: 'new@example.com', phone: '123', city: 'Suzhou' };
    expect((await shop.post(`${opened.path}/customer`, form)).status).toBe(303);
    expect(await shop.stripe.customers.retrieve(opened.customer)).toMatchObject({
      name: 'New Name',
      email: 'new@example.com',
      phone: null,
      address: { city: 'Suzhou' },
    });
    expect((await shop.post(`${opened.path}/customer`, { email: 'nobody' })).status).toBe(400);
  });

  test.each([
    ['en', 'Germany', 'Switzerland'],
    ['zh', '德国', '瑞士'],
  ])('a country is chosen and shown by its name, in %s', async (locale, german, swiss) => {
    const opened = await shop.open();
    const read = async (path: string) => {
      const headers = { 'Accept-Language': locale };
      return (await fetch(new URL(path, shop.local.url), { headers })).text();
    };
    await shop.post(`${opened.path}/customer`, { line1: 'Weg 1', country: 'DE' });
    const home = await read(opened.path);
    expect(home).toContain(german);
    const form = await read(`${opened.path}/customer`);
    expect(form).toMatch(new RegExp(`<option value="DE" selected>${german}</option>`));
    expect(form).toMatch(new RegExp(`<option value="CH"\\s*>${swiss}</option>`));
  });

  test('the card that the subscription is charged to is the default, and offers no other act', async () => {
    const opened = await shop.open();
    const [visa] = (await shop.stripe.customers.listPaymentMethods(opened.customer)).data;
    // As Checkout leaves it: the card is kept with the subscription, not with the customer.
    await shop.stripe.subscriptions.update(opened.subscription, {
      default_payment_method: visa!.id,
    });
    await shop.stripe.customers.update(opened.customer, {
      invoice_settings: { default_payment_method: '' },
    });
    const home = await (await shop.get(opened.path)).text();
    expect(home).toContain('Default');
    expect(home).not.toContain('Make default');
  });
});

test('a portal that offers nothing lets nothing be done', async () => {
  const opened = await shop.open({ features: { invoice_history: { enabled: false } } });
  const text = await (await shop.get(opened.path)).text();
  expect(text).not.toContain('Cancel subscription');
  const attempts = [
    `${subscriptionPath(opened)}/cancel`,
    `${subscriptionPath(opened)}/update`,
    `${subscriptionPath(opened)}/pause`,
    `${subscriptionPath(opened)}/resume`,
    `${opened.path}/customer`,
    `${opened.path}/payment_methods/new`,
  ];
  const before = await find(opened.subscription);
  for (const path of attempts)
    expect((await shop.post(path, { price: shop.team.id })).status).toBe(403);
  const after = await find(opened.subscription);
  expect(JSON.stringify(after)).toBe(JSON.stringify(before));
});

test('another customer’s subscription and card are not found', async () => {
  const mine = await shop.open();
  const yours = await shop.open();
  const [method] = (await shop.stripe.customers.listPaymentMethods(yours.customer)).data;
  const foreign = `${mine.path}/subscriptions/${yours.subscription}`;
  expect((await shop.post(`${foreign}/cancel`)).status).toBe(404);
  expect((await shop.get(`${foreign}/update`)).status).toBe(404);
  const remove = `${mine.path}/payment_methods/${method!.id}/remove`;
  expect((await shop.post(remove)).status).toBe(404);
});
