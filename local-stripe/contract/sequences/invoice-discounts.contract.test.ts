import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, beginStory, hour } from '../support/story.ts';
import { fresh, openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const coupon = (params: Stripe.CouponCreateParams) => world.stripe.coupons.create(params);
const half = () => coupon({ percent_off: 50 });
const customerId = () => world.customer.id;

type Discounts = Stripe.InvoiceCreateParams['discounts'];

async function invoice(discounts?: Discounts): Promise<Stripe.Invoice> {
  return world.stripe.invoices.create({
    customer: customerId(),
    currency: 'cny',
    ...(discounts === undefined ? {} : { discounts }),
  });
}

const addTo = (id: string, amount: number, params: Partial<Stripe.InvoiceItemCreateParams> = {}) =>
  world.stripe.invoiceItems.create({
    customer: customerId(),
    invoice: id,
    amount,
    currency: 'cny',
    ...params,
  });

const totalOf = async (id: string) => {
  const { subtotal, total, total_discount_amounts } = await world.stripe.invoices.retrieve(id);
  return {
    subtotal,
    total,
    off: (total_discount_amounts ?? []).map(({ amount }) => amount),
  };
};

describe('8.2 discounts of an invoice', () => {
  test('are taken before its items come, and off what comes', async () => {
    const { id: percent } = await half();
    const { id, discounts } = await invoice([{ coupon: percent }]);
    expect(discounts).toHaveLength(1);
    expect(await totalOf(id!)).toMatchObject({ subtotal: 0, total: 0 });
    await addTo(id!, 1900);
    expect(await totalOf(id!)).toEqual({ subtotal: 1900, total: 950, off: [950] });
    await addTo(id!, 100);
    expect(await totalOf(id!)).toEqual({ subtotal: 2000, total: 1000, off: [1000] });
    const paid = await world.stripe.invoices.pay(id!);
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 1000 });
  });

  test.each([
    ['a percentage', { percent_off: 25 }, 1425],
    ['an amount', { amount_off: 400, currency: 'cny' }, 1500],
    ['an amount above the total', { amount_off: 9000, currency: 'cny' }, 0],
    [
      'an amount in one of its other currencies',
      { amount_off: 70, currency: 'usd', currency_options: { cny: { amount_off: 500 } } },
      1400,
    ],
  ] as [string, Stripe.CouponCreateParams, number][])('%s', async (_name, params, total) => {
    const { id: off } = await coupon(params);
    const { id } = await invoice([{ coupon: off }]);
    await addTo(id!, 1900);
    expect((await totalOf(id!)).total).toBe(total);
  });

  test('by a promotion code, counted once', async () => {
    const { id: of } = await half();
    const code = await world.stripe.promotionCodes.create({
      promotion: { type: 'coupon', coupon: of },
      code: fresh('HALF').replaceAll('_', ''),
    });
    const { id } = await invoice([{ promotion_code: code.id }]);
    await addTo(id!, 1900);
    expect((await totalOf(id!)).total).toBe(950);
    expect((await world.stripe.promotionCodes.retrieve(code.id)).times_redeemed).toBe(1);
    expect((await world.stripe.coupons.retrieve(of)).times_redeemed).toBe(1);
  });

  test('one after the other, each off what is left', async () => {
    const [first, second] = [await half(), await coupon({ amount_off: 100, currency: 'cny' })];
    const { id } = await invoice([{ coupon: first.id }, { coupon: second.id }]);
    await addTo(id!, 1900);
    expect(await totalOf(id!)).toEqual({ subtotal: 1900, total: 850, off: [950, 100] });
  });

  test('given later, kept by id, and cleared', async () => {
    const { stripe } = world;
    const { id } = await invoice();
    await addTo(id!, 1900);
    const [first, second] = [await half(), await coupon({ percent_off: 10 })];
    const given = await stripe.invoices.update(id!, { discounts: [{ coupon: first.id }] });
    expect(given.total).toBe(950);
    const kept = given.discounts[0] as string;
    const more = await stripe.invoices.update(id!, {
      discounts: [{ discount: kept }, { coupon: second.id }],
    });
    expect(more).toMatchObject({ total: 855 });
    expect(more.discounts[0]).toBe(kept);
    expect((await stripe.coupons.retrieve(first.id)).times_redeemed).toBe(1);
    const untouched = await stripe.invoices.update(id!, { description: 'A thing' });
    expect(untouched.total).toBe(855);
    const cleared = await stripe.invoices.update(id!, { discounts: '' });
    expect(cleared).toMatchObject({ total: 1900, discounts: [] });
  });

  test('point to their invoice, and keep the coupon that was deleted since', async () => {
    const { id: of } = await half();
    const { id } = await invoice([{ coupon: of }]);
    await world.stripe.coupons.del(of);
    await addTo(id!, 1900);
    const found = await world.stripe.invoices.retrieve(id!, {
      expand: ['discounts.source.coupon', 'total_discount_amounts.discount'],
    });
    expect(found).toMatchObject({
      total: 950,
      discounts: [{ invoice: id, customer: customerId(), source: { coupon: { id: of } } }],
    });
  });

  test('only off lines of the products that they are for', async () => {
    const off = await coupon({ percent_off: 50, applies_to: { products: [world.product.id] } });
    const { id } = await invoice([{ coupon: off.id }]);
    const price = await world.stripe.prices.create({
      product: world.product.id,
      currency: 'cny',
      unit_amount: 1000,
    });
    await world.stripe.invoiceItems.create({
      customer: customerId(),
      invoice: id!,
      pricing: { price: price.id },
    });
    await addTo(id!, 1900);
    expect(await totalOf(id!)).toEqual({ subtotal: 2900, total: 2400, off: [500] });
  });

  test('not off what is not discountable', async () => {
    const { id } = await invoice([{ coupon: (await half()).id }]);
    await addTo(id!, 1900, { discountable: false });
    await addTo(id!, -300);
    expect((await totalOf(id!)).total).toBe(1600);
  });

  test.each([
    ['a coupon that does not exist', async () => [{ coupon: 'none' }], 'discounts[0][coupon]'],
    [
      'an amount in another currency',
      async () => [{ coupon: (await coupon({ amount_off: 500, currency: 'usd' })).id }],
      'discounts[0][coupon]',
    ],
    [
      'a discount that does not exist',
      async () => [{ discount: 'di_none' }],
      'discounts[0][discount]',
    ],
  ] as [string, () => Promise<Discounts>, string][])('refused: %s', async (_name, given, param) => {
    const discounts = await given();
    const refused = { statusCode: 400, param };
    await expect(invoice(discounts)).rejects.toMatchObject(refused);
    const { id } = await invoice();
    await expect(world.stripe.invoices.update(id!, { discounts })).rejects.toMatchObject(refused);
    const item = addTo(id!, 500, {
      discounts: discounts as Stripe.InvoiceItemCreateParams.Discount[],
    });
    await expect(item).rejects.toMatchObject(refused);
  });
});

describe('8.2 discounts of an invoice item', () => {
  test('come before those of the invoice, and off it alone', async () => {
    const own = await coupon({ amount_off: 400, currency: 'cny' });
    const { id } = await invoice([{ coupon: (await half()).id }]);
    const item = await addTo(id!, 1000, { discounts: [{ coupon: own.id }] });
    await addTo(id!, 1000);
    expect(item.discounts).toHaveLength(1);
    // 1000 − 400 and 1000, and half of both off.
    expect(await totalOf(id!)).toEqual({ subtotal: 1600, total: 800, off: [400, 800] });
  });

  test('are changed, kept and cleared', async () => {
    const { stripe } = world;
    const { id } = await invoice();
    const item = await addTo(id!, 1000, { discounts: [{ coupon: (await half()).id }] });
    expect((await totalOf(id!)).total).toBe(500);
    await stripe.invoiceItems.update(item.id, { description: 'A thing' });
    expect((await totalOf(id!)).total).toBe(500);
    const less = await coupon({ percent_off: 10 });
    await stripe.invoiceItems.update(item.id, { discounts: [{ coupon: less.id }] });
    expect((await totalOf(id!)).total).toBe(900);
    const bare = await stripe.invoiceItems.update(item.id, { discounts: '' });
    expect(bare.discounts).toEqual([]);
    expect((await totalOf(id!)).total).toBe(1000);
  });

  test('wait with it for the next invoice, and show in its preview', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { stripe, customer } = story;
    const { id } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: world.proMonthly.id }],
    });
    const own = await half();
    const item = {
      amount: 1000,
      currency: 'cny',
      discounts: [{ coupon: own.id }],
    };
    const asked = await stripe.invoices.createPreview({ subscription: id, invoice_items: [item] });
    expect(asked.total).toBe(2900 + 500);
    expect((await stripe.coupons.retrieve(own.id)).times_redeemed).toBe(0);
    await stripe.invoiceItems.create({ customer: customer.id, subscription: id, ...item });
    expect((await stripe.invoices.createPreview({ subscription: id })).total).toBe(3400);
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    const [renewal] = (await stripe.invoices.list({ customer: customer.id, limit: 1 })).data;
    expect(renewal).toMatchObject({ total: 3400, amount_paid: 3400 });
  });
});

describe('8.2 discounts elsewhere', () => {
  test('of what is sold once with a subscription', async () => {
    const once = await world.stripe.prices.create({
      product: world.product.id,
      currency: 'cny',
      unit_amount: 1000,
    });
    const { latest_invoice } = await world.stripe.subscriptions.create({
      customer: customerId(),
      items: [{ price: world.proMonthly.id }],
      add_invoice_items: [{ price: once.id, discounts: [{ coupon: (await half()).id }] }],
      expand: ['latest_invoice'],
    });
    expect(latest_invoice).toMatchObject({ subtotal: 3400, total: 3400, amount_paid: 3400 });
  });

  test('of an item of a subscription: given, kept by other changes, cleared', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { stripe, customer } = story;
    const { id, items } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: world.proMonthly.id }],
    });
    const item = items.data[0]!.id;
    const forever = await coupon({ percent_off: 50, duration: 'forever' });
    const renewal = async () => (await stripe.invoices.createPreview({ subscription: id })).total;
    const given = await stripe.subscriptions.update(id, {
      items: [{ id: item, discounts: [{ coupon: forever.id }] }],
    });
    expect(given.items.data[0]!.discounts).toHaveLength(1);
    expect(await renewal()).toBe(1450);
    await stripe.subscriptionItems.update(item, { metadata: { seat: 'a' } });
    expect(await renewal()).toBe(1450);
    await stripe.subscriptionItems.update(item, { discounts: '' });
    expect(await renewal()).toBe(2900);
  });
});
