import fc from 'fast-check';
import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from './testing/shop.ts';
import type { Shop } from './testing/shop.ts';

const hour = 3_600;
const day = 24 * hour;
/** `LOCAL_STRIPE_RUNS` makes it long. */
const runs = Number(process.env.LOCAL_STRIPE_RUNS ?? 40);

let shop: Shop;
let coupons: string[];
beforeAll(async () => {
  shop = await startShop('2027-01-15T10:00:00', 'preview');
  const coupon = (params: Stripe.CouponCreateParams) => shop.stripe.coupons.create(params);
  coupons = [
    (await coupon({ percent_off: 50, duration: 'forever' })).id,
    (await coupon({ percent_off: 33.3, duration: 'once' })).id,
    (await coupon({ percent_off: 25, duration: 'repeating', duration_in_months: 2 })).id,
    (await coupon({ amount_off: 1234, currency: 'usd', duration: 'forever' })).id,
    (await coupon({ amount_off: 5000, currency: 'usd', duration: 'once' })).id,
  ];
});
afterAll(() => shop.close());

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const price = fc.nat({ max: 2 });
const coupon = maybe(fc.nat({ max: 4 }));
const quantity = fc.integer({ min: 1, max: 5 });

/** Somebody has a subscription, and a while later wants it changed. */
const cases = fc.record({
  from: fc.record({
    price,
    quantity,
    coupon,
    trialDays: fc.constantFrom(0, 0, 3, 20),
    balance: fc.constantFrom(0, 0, -700, -100_000, 40),
    mode: fc.constantFrom('flexible' as const, 'classic' as const),
    second: fc.boolean(),
    scheduled: fc.boolean(),
    leaving: fc.boolean(),
    waitingItem: fc.boolean(),
  }),
  wait: fc.integer({ min: 1, max: 40 * day }),
  change: fc.record(
    {
      price,
      quantity,
      coupon,
      add: fc.boolean(),
      anchorNow: fc.boolean(),
      trial: fc.constantFrom('now' as const, 5, 45),
      proration: fc.constantFrom(
        'create_prorations' as const,
        'always_invoice' as const,
        'none' as const,
      ),
    },
    { requiredKeys: ['proration'] },
  ),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

const priceOf = (n: number) => [shop.monthly, shop.yearly, shop.team][n]!.id;

async function begin({ from }: Case): Promise<Stripe.Subscription> {
  const { stripe } = shop;
  const customer = await shop.customer();
  if (from.balance !== 0) {
    const entry = { amount: from.balance, currency: 'usd' };
    await stripe.customers.createBalanceTransaction(customer.id, entry);
  }
  const isTwo = from.second && from.price !== 1;
  const items = [
    { price: priceOf(from.price), quantity: from.quantity },
    ...(isTwo ? [{ price: priceOf(from.price === 0 ? 2 : 0) }] : []),
  ];
  return stripe.subscriptions.create({
    customer: customer.id,
    items,
    billing_mode: { type: from.mode },
    ...(from.trialDays > 0 ? { trial_period_days: from.trialDays } : {}),
    ...(from.coupon === undefined ? {} : { discounts: [{ coupon: coupons[from.coupon]! }] }),
  });
}

/** A renewal's draft takes its part of the balance within the hour: what is previewed before begins with more. */
async function finalizeDrafts(subscription: string): Promise<void> {
  const { data } = await shop.stripe.invoices.list({ subscription, status: 'draft' });
  if (data.length > 0) await shop.local.advanceTo(shop.local.kernel.now() + 2 * hour);
}

async function prepare({ id, customer }: Stripe.Subscription, { from }: Case): Promise<void> {
  const { stripe } = shop;
  if (from.scheduled) await stripe.subscriptionSchedules.create({ from_subscription: id });
  else if (from.leaving) await stripe.subscriptions.update(id, { cancel_at_period_end: true });
  if (!from.waitingItem) return;
  const item = { customer: customer as string, amount: 450, currency: 'usd', subscription: id };
  await stripe.invoiceItems.create(item);
}

/** The same words for the preview and for the change. */
function wordsOf(subscription: Stripe.Subscription, { change }: Case, now: number) {
  const [item] = subscription.items.data;
  const others = subscription.items.data.map((one) => one.price.id);
  const wanted = change.price === undefined ? undefined : priceOf(change.price);
  const added = ['monthly', 'team'].map((name) => shop[name as 'monthly' | 'team'].id);
  const extra = added.find((one) => !others.includes(one) && one !== wanted);
  const items = [
    {
      id: item!.id,
      ...(wanted === undefined || others.slice(1).includes(wanted) ? {} : { price: wanted }),
      ...(change.quantity === undefined ? {} : { quantity: change.quantity }),
    },
    ...(change.add && extra !== undefined ? [{ price: extra }] : []),
  ];
  const { trial } = change;
  return {
    items,
    proration_behavior: change.proration,
    proration_date: now,
    ...(trial === undefined
      ? {}
      : { trial_end: trial === 'now' ? ('now' as const) : now + trial * day }),
    ...(change.anchorNow ? { billing_cycle_anchor: { type: 'now' as const } } : {}),
  };
}

const shown = (invoice: Stripe.Invoice) => ({
  currency: invoice.currency,
  subtotal: invoice.subtotal,
  total: invoice.total,
  due: invoice.amount_due,
  balance: invoice.starting_balance,
  discounts: (invoice.total_discount_amounts ?? []).map(({ amount }) => amount),
  lines: invoice.lines.data.map(({ amount, description, period, quantity }) => {
    return { amount, description, period, quantity };
  }),
});

async function attempt<T>(work: () => Promise<T>): Promise<{ done: T } | { refused: string }> {
  try {
    return { done: await work() };
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError) || error.statusCode === 500) throw error;
    return { refused: error.message };
  }
}

/** The invoice that the change makes: at once, or else when the period ends. Null: none. */
async function billedFor(
  before: Stripe.Subscription,
  after: Stripe.Subscription,
): Promise<Stripe.Invoice | null> {
  const { stripe, local } = shop;
  if (after.latest_invoice === before.latest_invoice) {
    const ends = after.items.data.map((item) => item.current_period_end);
    await local.advanceTo(Math.min(...ends));
  }
  const later = await stripe.subscriptions.retrieve(after.id, { expand: ['latest_invoice'] });
  const invoice = later.latest_invoice as Stripe.Invoice;
  return invoice.id === before.latest_invoice ? null : invoice;
}

test('8.15 what a preview says of a change is what the change is billed', async () => {
  const { stripe, local } = shop;
  const seen = { atOnce: 0, later: 0, none: 0, refused: 0 };
  const property = fc.asyncProperty(cases, async (one) => {
    const begun = await begin(one);
    await local.advanceTo(local.kernel.now() + one.wait);
    await finalizeDrafts(begun.id);
    await prepare(begun, one);
    const before = await stripe.subscriptions.retrieve(begun.id);
    if (before.status === 'canceled') return;
    const words = wordsOf(before, one, local.kernel.now());
    const discounts =
      one.change.coupon === undefined
        ? {}
        : { discounts: [{ coupon: coupons[one.change.coupon]! }] };
    const preview = await attempt(() =>
      stripe.invoices.createPreview({
        subscription: before.id,
        subscription_details: words,
        ...discounts,
      }),
    );
    const change = await attempt(() =>
      stripe.subscriptions.update(before.id, { ...words, ...discounts }),
    );
    if ('refused' in change) {
      seen.refused += 1;
      expect(preview).toEqual(change);
    } else {
      const billed = await billedFor(before, change.done);
      if (change.done.latest_invoice !== before.latest_invoice) seen.atOnce += 1;
      else if (billed === null) seen.none += 1;
      else seen.later += 1;
      if (billed === null) expect(preview).toHaveProperty('refused');
      else if ('refused' in preview) expect(preview.refused).toBe('');
      else expect(shown(preview.done)).toEqual(shown(billed));
    }
    await attempt(() => stripe.subscriptions.cancel(before.id));
  });
  await fc.assert(property, { numRuns: runs });
  // Of each kind there were some, or the property would say little.
  expect(Math.min(seen.atOnce, seen.later)).toBeGreaterThan(0);
}, 600_000);

test('8.15 during a trial the change costs nothing, and the preview says so', async () => {
  const { stripe } = shop;
  const customer = await shop.customer();
  const { id, items } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: shop.monthly.id }],
    trial_period_days: 14,
  });
  const change = {
    items: [{ id: items.data[0]!.id, price: shop.team.id }],
    proration_behavior: 'always_invoice' as const,
  };
  const preview = await stripe.invoices.createPreview({
    subscription: id,
    subscription_details: change,
  });
  expect(preview).toMatchObject({ amount_due: 0, total: 0, billing_reason: 'upcoming' });
  expect(preview.lines.data).toMatchObject([{ amount: 0, description: 'Free trial for 1 × Team' }]);
  const { latest_invoice, status } = await stripe.subscriptions.update(id, {
    ...change,
    expand: ['latest_invoice'],
  });
  expect(status).toBe('trialing');
  expect(latest_invoice).toMatchObject({ amount_due: 0, total: 0, status: 'paid' });
  // What is owed when it ends is asked for without a change.
  const next = await stripe.invoices.createPreview({ subscription: id });
  expect(next).toMatchObject({ amount_due: 9900, total: 9900 });
});
