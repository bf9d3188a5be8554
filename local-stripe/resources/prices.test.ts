import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckoutShop, type CheckoutShop } from '../control/testing/checkout-shop.ts';

let shop: CheckoutShop;
beforeAll(async () => void (shop = await openCheckoutShop()));
afterAll(() => shop.local.close());

test('what is changed of a price shows on the subscriptions that have it, and what it costs stays', async () => {
  const { stripe } = shop;
  const { id: customer } = await stripe.customers.create({});
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  const price = await stripe.prices.create({
    currency: 'cny',
    unit_amount: 1900,
    recurring: { interval: 'month' },
    product_data: { name: 'Odd' },
  });
  const { id } = await stripe.subscriptions.create({
    customer,
    default_payment_method: card.id,
    items: [{ price: price.id }],
  });
  const changed = { metadata: { plan: 'pro' }, nickname: 'Old', active: false };
  await stripe.prices.update(price.id, changed);
  const { data } = await stripe.subscriptions.list({ customer });
  const items = await stripe.subscriptionItems.list({ subscription: id });
  for (const [item] of [data[0]!.items.data, items.data]) {
    expect(item!.price).toMatchObject({ ...changed, unit_amount: 1900 });
    expect(item!.plan).toMatchObject({ ...changed, amount: 1900 });
  }
});
