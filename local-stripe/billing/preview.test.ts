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

async function subscribe(params: Partial<Stripe.SubscriptionCreateParams> = {}) {
  const customer = await shop.customer();
  return shop.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: shop.monthly.id }],
    ...params,
  });
}

const itemOf = (subscription: Stripe.Subscription) => subscription.items.data[0]!;

test('a preview is what the update with its proration date charges', async () => {
  const { stripe, local } = shop;
  const customer = await shop.customer();
  const prices = [shop.monthly, shop.yearly, shop.team];
  const changes = fc.record({
    from: fc.nat({ max: 2 }),
    to: fc.nat({ max: 2 }),
    quantity: fc.integer({ min: 1, max: 4 }),
    wait: fc.integer({ min: 1, max: 27 * 86_400 }),
    dither: fc.integer({ min: 0, max: 600 }),
    anchor: fc.constantFrom('now' as const, 'unchanged' as const),
    mode: fc.constantFrom('flexible' as const, 'classic' as const),
  });
  await fc.assert(
    fc.asyncProperty(changes, async ({ from, to, quantity, wait, dither, anchor, mode }) => {
      const subscription = await stripe.subscriptions.create({
        customer: customer.id,
        items: [{ price: prices[from]!.id }],
        billing_mode: { type: mode },
      });
      await local.advanceTo(local.kernel.now() + wait);
      const change = {
        items: [{ id: itemOf(subscription).id, price: prices[to]!.id, quantity }],
        proration_behavior: 'always_invoice' as const,
        proration_date: local.kernel.now(),
        billing_cycle_anchor: { type: anchor },
      };
      const preview = await stripe.invoices.createPreview({
        subscription: subscription.id,
        subscription_details: change,
      });
      if (anchor === 'unchanged') await local.advanceTo(local.kernel.now() + dither);
      const before = await stripe.subscriptions.retrieve(subscription.id);
      const after = await stripe.subscriptions.update(subscription.id, {
        ...change,
        expand: ['latest_invoice'],
      });
      const invoice = after.latest_invoice as Stripe.Invoice;
      if (invoice.id === before.latest_invoice) {
        expect(preview.period_end).toBeGreaterThan(local.kernel.now());
      } else {
        const shown = (of: Stripe.Invoice) => ({
          total: of.total,
          due: of.amount_due,
          balance: of.starting_balance,
          lines: of.lines.data.map(({ amount, description }) => [amount, description]),
        });
        expect(shown(invoice)).toEqual(shown(preview));
        expect(preview.id).toMatch(/^upcoming_in_/);
      }
      await stripe.subscriptions.cancel(subscription.id);
    }),
    { numRuns: 25 },
  );
});

test('a preview without a change is the renewal that comes, and leaves no trace', async () => {
  const subscription = await subscribe();
  await shop.newEvents();
  const preview = await shop.stripe.invoices.createPreview({ subscription: subscription.id });
  expect(preview).toMatchObject({
    total: 2900,
    billing_reason: 'upcoming',
    status: 'draft',
  });
  expect(preview.lines.data[0]!.period.start).toBe(seconds('2027-02-15T10:00:00'));
  expect(await shop.newEvents()).toEqual([]);
  expect((await shop.stripe.invoices.list()).data).toHaveLength(1);
  await shop.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
  await expect(
    shop.stripe.invoices.createPreview({ subscription: subscription.id }),
  ).rejects.toMatchObject({ code: 'invoice_upcoming_none' });
});

test('8 invoice items alone are previewed as an invoice of their own where nothing is subscribed to', async () => {
  const customer = await shop.customer();
  const { stripe } = shop;
  await stripe.invoiceItems.create({ customer: customer.id, amount: 400, currency: 'eur' });
  const coupon = await stripe.coupons.create({ percent_off: 50 });
  const once = await stripe.prices.create({
    product: String(shop.monthly.product),
    unit_amount: 700,
    currency: 'eur',
  });
  await shop.newEvents();
  const preview = await stripe.invoices.createPreview({
    customer: customer.id,
    invoice_items: [
      { price: once.id, quantity: 2 },
      { amount: 200, currency: 'eur' },
    ],
    discounts: [{ coupon: coupon.id }],
  });
  expect(preview).toMatchObject({ currency: 'eur', subtotal: 2000, total: 1000, status: 'draft' });
  expect(preview.lines.data.map(({ amount }) => amount)).toEqual([400, 1400, 200]);
  expect(preview.parent).toBeNull();
  expect(await shop.newEvents()).toEqual([]);
  expect((await stripe.invoices.list()).data).toEqual([]);
  expect((await stripe.invoiceItems.list({ customer: customer.id })).data).toHaveLength(1);
  const described = await stripe.invoices.createPreview({
    customer_details: { address: { country: 'DE' } },
    invoice_items: [{ amount: 200, currency: 'eur' }],
  });
  expect(described).toMatchObject({ customer: null, total: 200 });
  await expect(stripe.invoices.createPreview({ customer: customer.id })).rejects.toMatchObject({
    code: 'invoice_upcoming_none',
  });
});

test('8 invoice items are previewed with the subscription where there is one', async () => {
  const subscription = await subscribe();
  const preview = await shop.stripe.invoices.createPreview({
    customer: String(subscription.customer),
    invoice_items: [{ amount: 200, currency: 'usd' }],
  });
  expect(preview.total).toBe(2900 + 200);
});
