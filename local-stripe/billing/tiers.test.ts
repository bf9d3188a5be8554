import fc from 'fast-check';
import type Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seconds, startShop } from './testing/shop.ts';
import type { Shop } from './testing/shop.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await startShop('2027-01-15T10:00:00');
});
afterEach(() => shop.close());

type Tier = Stripe.PriceCreateParams.Tier;

async function graduated(
  tiers: Tier[],
  params: Partial<Stripe.PriceCreateParams> = {},
): Promise<Stripe.Price> {
  const product = await shop.stripe.products.create({ name: 'Calls', unit_label: 'call' });
  return shop.stripe.prices.create({
    product: product.id,
    currency: 'usd',
    recurring: { interval: 'month' },
    billing_scheme: 'tiered',
    tiers_mode: 'graduated',
    tiers,
    ...params,
  });
}

async function metered(tiers: Tier[]) {
  const meter = await shop.stripe.billing.meters.create({
    display_name: 'Calls',
    event_name: 'calls',
    default_aggregation: { formula: 'sum' },
  });
  return graduated(tiers, {
    recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
  });
}

async function subscribe(
  price: Stripe.Price,
  quantity?: number,
  params: Partial<Stripe.SubscriptionCreateParams> = {},
) {
  const customer = await shop.customer();
  return shop.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id, ...(quantity === undefined ? {} : { quantity }) }],
    ...params,
  });
}

const latest = async ({ id }: Stripe.Subscription): Promise<Stripe.Invoice> => {
  const { latest_invoice } = await shop.stripe.subscriptions.retrieve(id, {
    expand: ['latest_invoice'],
  });
  return latest_invoice as Stripe.Invoice;
};

const told = (invoice: Stripe.Invoice) =>
  invoice.lines.data.map(({ description, quantity, amount, pricing }) => [
    description,
    quantity,
    amount,
    String(pricing?.unit_amount_decimal ?? 'none'),
  ]);

/** The price of the public invoice that shows it: 1000 for $9.00, then 3.6 cents each. */
const published: Tier[] = [
  { up_to: 1000, unit_amount: 0, flat_amount: 900 },
  { up_to: 'inf', unit_amount_decimal: '3.6' as unknown as Stripe.Decimal, flat_amount: 0 },
];

test('8.14 graduated: usage is a line for each tier, and one for its flat amount', async () => {
  const price = await metered(published);
  const subscription = await subscribe(price);
  await shop.stripe.billing.meterEvents.create({
    event_name: 'calls',
    payload: { stripe_customer_id: String(subscription.customer), value: '1031' },
  });
  const lines = [
    ['1000 call × Calls (Tier 1 at $0.00 / month)', 1000, 0, '0'],
    ['Calls (Tier 1 at $9.00 / month)', 0, 900, 'none'],
    ['31 call × Calls (Tier 2 at $0.036 / month)', 31, 112, '3.6'],
    ['Calls (Tier 2 at $0.00 / month)', 0, 0, 'none'],
  ];
  const preview = await shop.stripe.invoices.createPreview({ subscription: subscription.id });
  expect(told(preview)).toEqual(lines);
  await shop.local.advanceTo(seconds('2027-02-15T12:00:00'));
  const invoice = await latest(subscription);
  expect(told(invoice)).toEqual(lines);
  expect(invoice).toMatchObject({ subtotal: 1012, total: 1012, status: 'paid' });
  const item = subscription.items.data[0]!.id;
  for (const line of invoice.lines.data) {
    expect(line.pricing?.price_details?.price).toBe(price.id);
    expect(line.parent?.subscription_item_details?.subscription_item).toBe(item);
  }
});

test('8.14 graduated: the first tier is there also where nothing was used, with its flat amount', async () => {
  const price = await metered([
    { up_to: 100_000, flat_amount: 999 },
    { up_to: 'inf', unit_amount: 2 },
  ]);
  const subscription = await subscribe(price);
  await shop.local.advanceTo(seconds('2027-02-15T12:00:00'));
  expect(told(await latest(subscription))).toEqual([
    ['0 call × Calls (Tier 1 at $0.00 / month)', 0, 0, '0'],
    ['Calls (Tier 1 at $9.99 / month)', 0, 999, 'none'],
  ]);
});

test('8.14 graduated: seats that are paid ahead too, first and at each renewal', async () => {
  const price = await graduated([
    { up_to: 3, unit_amount: 0 },
    { up_to: 5, unit_amount: 1000 },
    { up_to: 'inf', unit_amount: 800 },
  ]);
  const subscription = await subscribe(price, 6);
  const lines = [
    ['3 call × Calls (Tier 1 at $0.00 / month)', 3, 0, '0'],
    ['2 call × Calls (Tier 2 at $10.00 / month)', 2, 2000, '1000'],
    ['1 call × Calls (Tier 3 at $8.00 / month)', 1, 800, '800'],
  ];
  expect(told(await latest(subscription))).toEqual(lines);
  await shop.local.advanceTo(seconds('2027-02-15T12:00:00'));
  const renewal = await latest(subscription);
  expect(renewal.billing_reason).toBe('subscription_cycle');
  expect(told(renewal)).toEqual(lines);
});

test('8.14 graduated: a volume price stays one line, and names the tier that it reached', async () => {
  const price = await graduated(
    [
      { up_to: 1, unit_amount: 1800 },
      { up_to: 'inf', unit_amount: 1600 },
    ],
    { tiers_mode: 'volume' },
  );
  expect(told(await latest(await subscribe(price, 1)))).toEqual([
    ['1 call × Calls (Tier 1 at $18.00 / month)', 1, 1800, '1800'],
  ]);
  expect(told(await latest(await subscribe(price, 2)))).toEqual([
    ['2 call × Calls (Tier 2 at $16.00 / month)', 2, 3200, '1600'],
  ]);
});

test('8.14 graduated: a change credits the lines it was billed on, and stays one proration a side', async () => {
  const price = await graduated([
    { up_to: 2, unit_amount: 1000 },
    { up_to: 'inf', unit_amount: 500 },
  ]);
  const subscription = await subscribe(price, 4, { billing_mode: { type: 'flexible' } });
  const first = await latest(subscription);
  await shop.local.advanceTo(seconds('2027-01-30T22:00:00'));
  await shop.stripe.subscriptions.update(subscription.id, {
    items: [{ id: subscription.items.data[0]!.id, quantity: 2 }],
    proration_behavior: 'always_invoice',
  });
  const { data } = (await latest(subscription)).lines;
  expect(data.map(({ quantity, amount }) => [quantity, amount])).toEqual([
    [4, -1500],
    [2, 1000],
  ]);
  expect(data[0]!.parent?.subscription_item_details?.proration_details?.credited_items).toEqual({
    invoice: first.id,
    invoice_line_items: first.lines.data.map(({ id }) => id),
  });
});

test("8.14 graduated: an item's fixed discount is taken once, over all of its tiers", async () => {
  const price = await graduated([
    { up_to: 1, unit_amount: 1000 },
    { up_to: 'inf', unit_amount: 500 },
  ]);
  const coupon = await shop.stripe.coupons.create({ amount_off: 300, currency: 'usd' });
  const customer = await shop.customer();
  const subscription = await shop.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id, quantity: 3, discounts: [{ coupon: coupon.id }] }],
  });
  const invoice = await latest(subscription);
  expect(invoice).toMatchObject({ total: 1700, amount_paid: 1700 });
  expect(invoice.lines.data.map((line) => line.discount_amounts![0]!.amount)).toEqual([150, 150]);
});

const someTiers = fc.array(
  fc.record({
    size: fc.integer({ min: 1, max: 9 }),
    unit: fc.integer({ min: 0, max: 9_999 }),
    flat: fc.option(fc.integer({ min: 0, max: 9_999 })),
  }),
  { minLength: 1, maxLength: 4 },
);

test(
  '8.14 graduated: taxes and discounts of the lines add up, and Checkout takes the same',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        someTiers,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 99 }),
        fc.tuple(fc.integer({ min: 1, max: 350_000 }), fc.boolean()),
        async (drawn, quantity, percent_off, [millionths, inclusive]) => {
          const { stripe } = shop;
          let upTo = 0;
          const price = await graduated(
            drawn.map(({ size, unit, flat }, i) => ({
              up_to: i === drawn.length - 1 ? 'inf' : (upTo += size),
              unit_amount: unit,
              ...(flat === null ? {} : { flat_amount: flat }),
            })),
          );
          const percentage = millionths / 10_000;
          const rate = await stripe.taxRates.create({ display_name: 'VAT', percentage, inclusive });
          const discounts =
            percent_off === 0
              ? []
              : [{ coupon: (await stripe.coupons.create({ percent_off })).id }];
          const subscription = await subscribe(price, quantity, {
            default_tax_rates: [rate.id],
            ...(discounts.length === 0 ? {} : { discounts }),
          });
          const invoice = await latest(subscription);
          const { data } = invoice.lines;
          const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
          expect(sum(data.map(({ amount }) => amount))).toBe(invoice.subtotal);
          const off = sum(
            data.flatMap((line) => line.discount_amounts!.map(({ amount }) => amount)),
          );
          const tax = sum(data.flatMap((line) => line.taxes!.map(({ amount }) => amount)));
          expect(invoice.total).toBe(invoice.subtotal - off + (inclusive ? 0 : tax));
          const session = await stripe.checkout.sessions.create({
            mode: 'subscription',
            line_items: [{ price: price.id, quantity, tax_rates: [rate.id] }],
            success_url: 'https://example.com/',
            ...(discounts.length === 0 ? {} : { discounts }),
          });
          expect(session.amount_total).toBe(invoice.total);
        },
      ),
      { numRuns: Number(process.env.TIER_RUNS ?? 15) },
    );
  },
);
