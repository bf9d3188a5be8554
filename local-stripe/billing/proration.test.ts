import type Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seconds, startShop } from './testing/shop.ts';
import type { Shop } from './testing/shop.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await startShop('2027-01-15T10:00:00');
});
afterEach(() => shop.close());

const half = '2027-01-31T00:00:00'; // Half of the 31 days that begin on 15 January at 10:00, less 2 h.

async function subscribe(params: Partial<Stripe.SubscriptionCreateParams> = {}) {
  const customer = await shop.customer();
  return shop.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: shop.monthly.id }],
    ...params,
  });
}

const itemOf = (subscription: Stripe.Subscription) => subscription.items.data[0]!;
const linesOf = async (subscription: string) => {
  const { data } = await shop.stripe.invoices.list({ subscription });
  return data[0]!.lines.data.map(({ description, amount }) => [description, amount]);
};

describe('an upgrade in the middle of a period', () => {
  test('credits what is left of the old price and charges what is left of the new', async () => {
    const subscription = await subscribe();
    await shop.advanceTo('2027-01-30T22:00:00');
    const after = await shop.stripe.subscriptions.update(subscription.id, {
      items: [{ id: itemOf(subscription).id, price: shop.team.id }],
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice'],
    });
    expect(after.latest_invoice).toMatchObject({
      billing_reason: 'subscription_update',
      status: 'paid',
      total: 3500,
    });
    expect(await linesOf(subscription.id)).toEqual([
      ['Unused time on Pro after 30 Jan 2027', -1450],
      ['Remaining time on Team after 30 Jan 2027', 4950],
    ]);
    expect(itemOf(after)).toMatchObject({
      id: itemOf(subscription).id,
      price: { id: shop.team.id },
      current_period_end: seconds('2027-02-15T10:00:00'),
    });
  });

  test('by default waits for the next invoice, which has it and the new period', async () => {
    const subscription = await subscribe();
    await shop.advanceTo('2027-01-30T22:00:00');
    await shop.stripe.subscriptions.update(subscription.id, {
      items: [{ id: itemOf(subscription).id, price: shop.team.id }],
    });
    const pending = await shop.stripe.invoiceItems.list({ pending: true });
    expect(pending.data.map(({ amount, proration }) => [amount, proration])).toEqual([
      [4950, true],
      [-1450, true],
    ]);
    await shop.advanceTo('2027-02-15T12:00:00');
    const [invoice] = (await shop.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(invoice).toMatchObject({ status: 'paid', total: 9900 + 3500, amount_paid: 13_400 });
    expect((await shop.stripe.invoiceItems.list({ pending: true })).data).toEqual([]);
  });

  test('then a downgrade gives back what the upgrade charged, to the cent', async () => {
    const subscription = await subscribe();
    await shop.advanceTo('2027-01-30T22:00:00');
    const item = itemOf(subscription).id;
    const change = (price: Stripe.Price) =>
      shop.stripe.subscriptions.update(subscription.id, {
        items: [{ id: item, price: price.id }],
        proration_behavior: 'always_invoice',
        expand: ['latest_invoice'],
      });
    await change(shop.team);
    const back = await change(shop.monthly);
    expect(back.latest_invoice).toMatchObject({ total: -3500, amount_due: 0, status: 'paid' });
    const customer = await shop.stripe.customers.retrieve(String(subscription.customer));
    expect(customer).toMatchObject({ balance: -3500 });
    await shop.advanceTo('2027-02-15T12:00:00');
    const [next] = (await shop.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(next).toMatchObject({
      total: 2900,
      starting_balance: -3500,
      ending_balance: -600,
      amount_due: 0,
      status: 'paid',
    });
  });

  test('of a discounted subscription credits what was paid, not the list price', async () => {
    const { id: coupon } = await shop.stripe.coupons.create({
      percent_off: 50,
      duration: 'forever',
    });
    const subscription = await subscribe({ discounts: [{ coupon }] });
    await shop.advanceTo('2027-01-30T22:00:00');
    await shop.stripe.subscriptions.update(subscription.id, {
      items: [{ id: itemOf(subscription).id, price: shop.team.id }],
      proration_behavior: 'always_invoice',
    });
    expect((await linesOf(subscription.id)).map(([, amount]) => amount)).toEqual([-725, 2475]);
  });
});

describe('flexible and classic billing differ', () => {
  const changeTwice = async (type: 'flexible' | 'classic') => {
    const subscription = await subscribe({ billing_mode: { type } });
    await shop.advanceTo('2027-01-30T22:00:00');
    const items = (price: Stripe.Price) => [{ id: itemOf(subscription).id, price: price.id }];
    await shop.stripe.subscriptions.update(subscription.id, {
      items: items(shop.team),
      proration_behavior: 'none',
    });
    await shop.stripe.subscriptions.update(subscription.id, {
      items: items(shop.monthly),
      proration_behavior: 'always_invoice',
    });
    return (await linesOf(subscription.id)).map(([, amount]) => amount);
  };

  test('flexible credits what was billed, although the price was another since', async () => {
    expect(await changeTwice('flexible')).toEqual([-1450, 1450]);
  });

  test('classic credits what the price is now, although it was never billed', async () => {
    expect(await changeTwice('classic')).toEqual([-4950, 1450]);
  });

  const toYearly = async (type: 'flexible' | 'classic') => {
    const subscription = await subscribe({ billing_mode: { type } });
    await shop.advanceTo('2027-01-30T22:00:00');
    return shop.stripe.subscriptions.update(subscription.id, {
      items: [{ id: itemOf(subscription).id, price: shop.yearly.id }],
      expand: ['latest_invoice'],
    });
  };

  test('another interval keeps the anchor in flexible billing', async () => {
    const after = await toYearly('flexible');
    expect(after.billing_cycle_anchor).toBe(seconds('2027-01-15T10:00:00'));
    expect(itemOf(after).current_period_end).toBe(seconds('2028-01-15T10:00:00'));
    expect(after.latest_invoice).toMatchObject({ billing_reason: 'subscription_create' });
  });

  test('another interval begins the cycle anew in classic billing, and is billed at once', async () => {
    const after = await toYearly('classic');
    expect(after.billing_cycle_anchor).toBe(seconds('2027-01-30T22:00:00'));
    expect(itemOf(after).current_period_end).toBe(seconds('2028-01-30T22:00:00'));
    expect(after.latest_invoice).toMatchObject({ total: 29_000 - 1450, status: 'paid' });
  });
});

test('the anchor set to now begins a whole period, and credits the rest of the old', async () => {
  const subscription = await subscribe();
  await shop.advanceTo('2027-01-30T22:00:00');
  const after = await shop.stripe.subscriptions.update(subscription.id, {
    items: [{ id: itemOf(subscription).id, price: shop.yearly.id }],
    billing_cycle_anchor: { type: 'now' },
    expand: ['latest_invoice'],
  });
  expect(after.latest_invoice).toMatchObject({ total: 29_000 - 1450, status: 'paid' });
  expect(itemOf(after).current_period_end).toBe(seconds('2028-01-30T22:00:00'));
});

test('a first period up to an anchor ahead costs its part', async () => {
  const subscription = await subscribe({
    billing_cycle_anchor: seconds('2027-02-01T00:00:00'),
    expand: ['latest_invoice'],
  });
  // 16 d 14 h of the 31 days that end on 1 February.
  expect(subscription.latest_invoice).toMatchObject({ total: 1551 });
  await shop.advanceTo('2027-02-01T02:00:00');
  const [next] = (await shop.stripe.invoices.list({ subscription: subscription.id })).data;
  expect(next).toMatchObject({ total: 2900, status: 'paid' });
});

test.each([
  ['2027-01-31T10:00:00', ['2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31']],
  ['2028-01-29T10:00:00', ['2028-02-29', '2028-03-29']],
])('a subscription of %s renews on %s', async (start, days) => {
  const own = await startShop(start);
  const customer = await own.customer();
  const { id } = await own.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: own.monthly.id }],
  });
  for (const day of days) {
    await own.advanceTo(`${day}T09:59:59`);
    const before = await own.stripe.invoices.list({ subscription: id, limit: 100 });
    await own.advanceTo(`${day}T10:00:00`);
    const after = await own.stripe.invoices.list({ subscription: id, limit: 100 });
    expect(after.data).toHaveLength(before.data.length + 1);
  }
  await own.close();
});

test('a proration date outside the period is refused', async () => {
  const subscription = await subscribe();
  await shop.advanceTo(half);
  await expect(
    shop.stripe.subscriptions.update(subscription.id, {
      items: [{ id: itemOf(subscription).id, price: shop.team.id }],
      proration_date: seconds('2026-12-01T00:00:00'),
    }),
  ).rejects.toMatchObject({ param: 'proration_date' });
});
