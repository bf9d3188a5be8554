import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goodCard, openPortalShop, subscriptionPath } from '../testing/portal-shop.ts';
import type { PortalShop } from '../testing/portal-shop.ts';

let shop: PortalShop;

beforeAll(async () => {
  shop = await openPortalShop();
});
afterAll(() => shop.local.close());

const find = (id: string) => shop.stripe.subscriptions.retrieve(id);

describe('changing the plan', () => {
  test('a payment that fails leaves the change pending, to be paid on the invoice page', async () => {
    const opened = await shop.open();
    const [method] = (await shop.stripe.customers.listPaymentMethods(opened.customer)).data;
    await fetch(`${shop.local.url}/_control/payment_methods/${method!.id}`, {
      method: 'POST',
      body: JSON.stringify({ declineCode: 'insufficient_funds' }),
    });
    const response = await shop.post(`${subscriptionPath(opened)}/update`, { price: shop.team.id });
    const invoicePath = response.headers.get('location')!;
    expect(invoicePath).toMatch(/^\/i\/in_/);
    expect(await find(opened.subscription)).toMatchObject({
      items: { data: [{ price: { id: shop.pro.id } }] },
      pending_update: { subscription_items: [{ price: { id: shop.team.id } }] },
    });
    const paid = await shop.post(invoicePath, goodCard);
    expect(paid.headers.get('location')).toBe(invoicePath);
    expect(await find(opened.subscription)).toMatchObject({
      items: { data: [{ price: { id: shop.team.id } }] },
      pending_update: null,
    });
  });

  test('a trial ends with the change, or goes on where the configuration says so', async () => {
    const subscription = { trial_period_days: 14 };
    const ending = await shop.open({ subscription });
    const page = await (
      await shop.get(`${subscriptionPath(ending)}/update/confirm?price=${shop.team.id}`)
    ).text();
    expect(page).toContain('Your trial ends with this change.');
    expect(page).toContain('Pay CN¥93.00 and confirm');
    await shop.post(`${subscriptionPath(ending)}/update`, { price: shop.team.id });
    expect(await find(ending.subscription)).toMatchObject({ status: 'active' });

    const features = shop.everything();
    features.subscription_update!.trial_update_behavior = 'continue_trial';
    const going = await shop.open({ subscription, features });
    await shop.post(`${subscriptionPath(going)}/update`, { price: shop.team.id });
    expect(await find(going.subscription)).toMatchObject({
      status: 'trialing',
      items: { data: [{ price: { id: shop.team.id } }] },
    });
  });

  test('8 tax: is in what is due now and in what comes then', async () => {
    const vat = { display_name: 'VAT', percentage: 20, inclusive: false };
    const { id } = await shop.stripe.taxRates.create(vat);
    const subscription = { trial_period_days: 14, default_tax_rates: [id] };
    const opened = await shop.open({ subscription });
    const path = `${subscriptionPath(opened)}/update`;
    const page = await (await shop.get(`${path}/confirm?price=${shop.team.id}`)).text();
    expect(page).toMatch(/VAT \(20%\)[^]*CN¥18\.60/);
    expect(page).toContain('Pay CN¥111.60 and confirm');
    expect(page).toMatch(/CN¥111\.60 per month/);
    await shop.post(path, { price: shop.team.id });
    const after = await shop.stripe.subscriptions.retrieve(opened.subscription, {
      expand: ['latest_invoice'],
    });
    expect(after.latest_invoice).toMatchObject({ amount_paid: 11_160 });
  });

  test('a promotion code is checked, previewed and put on the subscription', async () => {
    const coupon = await shop.stripe.coupons.create({ percent_off: 50, duration: 'forever' });
    const { code } = await shop.stripe.promotionCodes.create({
      promotion: { type: 'coupon', coupon: coupon.id },
    });
    const opened = await shop.open();
    const wrong = await shop.get(
      `${subscriptionPath(opened)}/update/confirm?price=${shop.team.id}&promotion_code=NO`,
    );
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('The code “NO” is not valid.');
    const right = await shop.get(
      `${subscriptionPath(opened)}/update/confirm?price=${shop.team.id}&promotion_code=${code}`,
    );
    const id = /name="promotion_code_id" value="(\w+)"/.exec(await right.text())![1]!;
    await shop.post(`${subscriptionPath(opened)}/update`, {
      price: shop.team.id,
      promotion_code_id: id,
    });
    const changed = await find(opened.subscription);
    expect(changed.items.data[0]!.price.id).toBe(shop.team.id);
    expect(changed.discounts).toHaveLength(1);
  });

  test.each([
    ['a price that is not offered', () => ({ price: shop.unoffered.id })],
    ['no price', () => ({})],
    ['the present price', () => ({ price: shop.pro.id })],
    [
      'a quantity that is not the customer’s to choose',
      () => ({ price: shop.team.id, quantity: '5' }),
    ],
    ['a quantity that is none', () => ({ price: shop.team.id, quantity: '-1' })],
  ])('%s changes nothing', async (_name, form) => {
    const opened = await shop.open();
    const response = await shop.post(
      `${subscriptionPath(opened)}/update`,
      form() as Record<string, string>,
    );
    expect(response.status).toBe(400);
    expect((await find(opened.subscription)).items.data[0]).toMatchObject({
      price: { id: shop.pro.id },
      quantity: 1,
    });
  });

  test('a deep link shows the change it was made for, and ends where it says', async () => {
    const opened = await shop.open({});
    const item = (await find(opened.subscription)).items.data[0]!.id;
    const { id: configuration } = await shop.stripe.billingPortal.configurations.create({
      features: shop.everything(),
    });
    const { url } = await shop.stripe.billingPortal.sessions.create({
      customer: opened.customer,
      configuration,
      flow_data: {
        type: 'subscription_update_confirm',
        subscription_update_confirm: {
          subscription: opened.subscription,
          items: [{ id: item, price: shop.yearly.id, quantity: 1 }],
        },
        after_completion: {
          type: 'hosted_confirmation',
          hosted_confirmation: { custom_message: 'See you next year!' },
        },
      },
    });
    const path = new URL(url).pathname;
    const first = (await shop.get(path)).headers.get('location')!;
    expect(first).toContain(`/update/confirm?price=${shop.yearly.id}`);
    const done = await shop.post(`${path}/subscriptions/${opened.subscription}/update`, {
      price: shop.yearly.id,
    });
    const text = await (await shop.get(done.headers.get('location')!)).text();
    expect(text).toContain('See you next year!');
    expect((await shop.get(path)).status).toBe(200);
  });
});
