import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, beginStory, hour } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
let usd: Stripe.Price;

beforeAll(async () => {
  world = await openWorld();
  usd = await world.stripe.prices.create({
    product: world.product.id,
    currency: 'usd',
    unit_amount: 1000,
    recurring: { interval: 'month' },
  });
});
afterAll(() => world.close());

const subscribe = (story: Story, price: Stripe.Price) =>
  story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: [{ price: price.id }],
    expand: ['latest_invoice'],
  });

const customerOf = async ({ stripe, customer }: Story) => {
  const found = await stripe.customers.retrieve(customer.id, {
    expand: ['invoice_credit_balance'],
  });
  return found as Stripe.Customer;
};

/** What binds a customer to CNY while it lasts, and how it ends. */
const bonds: Record<string, (story: Story) => Promise<() => Promise<unknown>>> = {
  'a subscription': async (story) => {
    const { id } = await subscribe(story, world.proMonthly);
    return () => story.stripe.subscriptions.cancel(id);
  },
  'a subscription that ends at its period end': async (story) => {
    const { id } = await subscribe(story, world.proMonthly);
    await story.stripe.subscriptions.update(id, { cancel_at_period_end: true });
    return () => story.advanceTo(at('2027-02-02'));
  },
  'a schedule that has not begun': async (story) => {
    const { id } = await story.stripe.subscriptionSchedules.create({
      customer: story.customer.id,
      start_date: at('2027-03-01'),
      phases: [{ items: [{ price: world.proMonthly.id }], duration: { interval: 'month' } }],
    });
    return () => story.stripe.subscriptionSchedules.cancel(id);
  },
  'an item that waits': async (story) => {
    const { id } = await story.stripe.invoiceItems.create({
      customer: story.customer.id,
      amount: 500,
      currency: 'cny',
    });
    return () => story.stripe.invoiceItems.del(id);
  },
};

describe('8.18 one currency at a time', () => {
  test.each(Object.keys(bonds))('%s binds the customer while it lasts', async (name) => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const end = await bonds[name]!(story);
    const attempts: (() => Promise<unknown>)[] = [
      () => subscribe(story, usd),
      () =>
        story.stripe.checkout.sessions.create({
          customer: story.customer.id,
          mode: 'subscription',
          line_items: [{ price: usd.id, quantity: 1 }],
          success_url: 'https://example.com',
        }),
      () =>
        story.stripe.subscriptionSchedules.create({
          customer: story.customer.id,
          start_date: 'now',
          phases: [{ items: [{ price: usd.id }], duration: { interval: 'month' } }],
        }),
      () =>
        story.stripe.invoices.createPreview({
          customer: story.customer.id,
          subscription_details: { items: [{ price: usd.id }] },
        }),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({
        statusCode: 400,
        message: expect.stringContaining('cny'),
      });
    }
    await end();
    const begun = await subscribe(story, usd);
    expect(begun).toMatchObject({ status: 'active', currency: 'usd' });
    expect(begun.latest_invoice).toMatchObject({ currency: 'usd', amount_paid: 1000 });
    expect((await customerOf(story)).currency).toBe('usd');
    await story.advanceTo((begun.items.data[0]!.current_period_end ?? 0) + 2 * hour);
    expect((await story.stripe.subscriptions.retrieve(begun.id)).status).toBe('active');
  });

  test('balances are kept apart', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { stripe, customer } = story;
    const first = await subscribe(story, world.proMonthly);
    const credit = (amount: number, currency: string) =>
      stripe.customers.createBalanceTransaction(customer.id, { amount, currency });
    expect(await credit(-700, 'cny')).toMatchObject({ ending_balance: -700 });
    expect(await credit(-200, 'usd')).toMatchObject({ ending_balance: -200 });
    expect(await customerOf(story)).toMatchObject({
      currency: 'cny',
      balance: -700,
      // The other way round: what is owed to the customer is positive here.
      invoice_credit_balance: { cny: 700, usd: 200 },
    });
    await stripe.subscriptions.cancel(first.id);
    const second = await subscribe(story, usd);
    expect(second.latest_invoice).toMatchObject({
      starting_balance: -200,
      amount_due: 800,
      ending_balance: 0,
    });
    expect(await customerOf(story)).toMatchObject({
      currency: 'usd',
      balance: 0,
      invoice_credit_balance: { cny: 700 },
    });
    await stripe.subscriptions.cancel(second.id);
    const third = await subscribe(story, world.proMonthly);
    expect(third.latest_invoice).toMatchObject({ starting_balance: -700, amount_due: 2200 });
    expect(await customerOf(story)).toMatchObject({
      currency: 'cny',
      balance: 0,
      invoice_credit_balance: {},
    });
  });

  test('a single invoice in another currency takes its own items and balance alone', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { stripe, customer } = story;
    await subscribe(story, world.proMonthly);
    await stripe.customers.createBalanceTransaction(customer.id, { amount: -100, currency: 'cny' });
    for (const [amount, currency] of [
      [900, 'usd'],
      [600, 'cny'],
    ] as const) {
      await stripe.invoiceItems.create({ customer: customer.id, amount, currency });
    }
    const { id } = await stripe.invoices.create({
      customer: customer.id,
      currency: 'usd',
      pending_invoice_items_behavior: 'include',
    });
    expect(await stripe.invoices.pay(id)).toMatchObject({
      currency: 'usd',
      total: 900,
      amount_paid: 900,
      starting_balance: 0,
    });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    const [renewal] = (await stripe.invoices.list({ customer: customer.id, limit: 1 })).data;
    expect(renewal).toMatchObject({ currency: 'cny', total: 3500, amount_paid: 3400 });
    expect((await customerOf(story)).currency).toBe('cny');
  });

  test('a balance that is set by hand is booked', async () => {
    const { stripe } = world;
    const { id } = await stripe.customers.create({
      balance: -500,
      payment_method: 'pm_card_visa',
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    });
    await stripe.subscriptions.create({ customer: id, items: [{ price: world.proMonthly.id }] });
    await stripe.customers.update(id, { balance: 300 });
    const { data } = await stripe.customers.listBalanceTransactions(id);
    expect(data.map(({ type, amount, ending_balance }) => [type, amount, ending_balance])).toEqual([
      ['adjustment', 300, 300],
      ['applied_to_invoice', 500, 0],
      ['initial', -500, -500],
    ]);
  });
});
