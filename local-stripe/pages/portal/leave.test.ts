import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPortalShop, subscriptionPath } from '../testing/portal-shop.ts';
import type { PortalShop } from '../testing/portal-shop.ts';

let shop: PortalShop;

beforeAll(async () => {
  shop = await openPortalShop();
});
afterAll(() => shop.local.close());

const find = (id: string) => shop.stripe.subscriptions.retrieve(id);

describe('leaving', () => {
  test('a classic subscription gets the boolean, and is resumed by it', async () => {
    const opened = await shop.open({ subscription: { billing_mode: { type: 'classic' } } });
    await shop.post(`${subscriptionPath(opened)}/cancel`, { comment: 'Bye' });
    expect(await find(opened.subscription)).toMatchObject({
      cancel_at_period_end: true,
      cancellation_details: { comment: 'Bye', feedback: null },
    });
    await shop.post(`${subscriptionPath(opened)}/resume`);
    expect(await find(opened.subscription)).toMatchObject({
      cancel_at_period_end: false,
      cancel_at: null,
    });
  });

  test('at once, where the configuration says so', async () => {
    const features = shop.everything();
    features.subscription_cancel = {
      enabled: true,
      mode: 'immediately',
      proration_behavior: 'create_prorations',
    };
    const opened = await shop.open({ features });
    await shop.post(`${subscriptionPath(opened)}/cancel`);
    expect(await find(opened.subscription)).toMatchObject({ status: 'canceled' });
    expect((await shop.post(`${subscriptionPath(opened)}/cancel`)).status).toBe(403);
  });

  test('a planned change is let go of before', async () => {
    const features = shop.everything();
    features.subscription_update!.schedule_at_period_end = {
      conditions: [{ type: 'decreasing_item_amount' }],
    };
    const opened = await shop.open({
      features,
      subscription: { items: [{ price: shop.team.id }] },
    });
    await shop.post(`${subscriptionPath(opened)}/update`, { price: shop.pro.id });
    expect((await find(opened.subscription)).schedule).not.toBeNull();
    await shop.post(`${subscriptionPath(opened)}/cancel`);
    const ending = await find(opened.subscription);
    expect(ending.schedule).toBeNull();
    expect(ending.cancel_at).toBe(ending.items.data[0]!.current_period_end);
  });

  test('whoever takes the offer stays, with the discount', async () => {
    const coupon = await shop.stripe.coupons.create({ percent_off: 30, duration: 'once' });
    const opened = await shop.open({
      flow: (subscription) => ({
        type: 'subscription_cancel',
        subscription_cancel: {
          subscription,
          retention: { type: 'coupon_offer', coupon_offer: { coupon: coupon.id } },
        },
      }),
    });
    const start = (await shop.get(opened.path)).headers.get('location')!;
    expect(await (await shop.get(start)).text()).toContain('Stay, and get 30% off, once.');
    await shop.post(`${subscriptionPath(opened)}/offer`);
    expect(await find(opened.subscription)).toMatchObject({ cancel_at: null });
    expect((await find(opened.subscription)).discounts).toHaveLength(1);
  });

  test('a pause of a month ends by itself', async () => {
    const opened = await shop.open();
    expect(await (await shop.get(`${subscriptionPath(opened)}/pause`)).text()).toContain(
      'name="duration"',
    );
    await shop.post(`${subscriptionPath(opened)}/pause`, { duration: '0' });
    expect(await find(opened.subscription)).toMatchObject({ status: 'paused' });
    await shop.local.advanceTo(shop.local.kernel.now() + 32 * 86_400);
    expect(await find(opened.subscription)).toMatchObject({ status: 'active' });
    await shop.post(`${subscriptionPath(opened)}/pause`, { duration: '7' });
    expect(await find(opened.subscription)).toMatchObject({ status: 'active' });
  });
});
