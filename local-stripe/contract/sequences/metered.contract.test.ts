import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, beginStory, day, hour } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { isSandbox } from '../support/subject.ts';
import { fresh, openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

async function metered(
  params: Partial<Stripe.PriceCreateParams>,
): Promise<{ price: Stripe.Price; event_name: string }> {
  const event_name = fresh('tokens');
  const meter = await world.stripe.billing.meters.create({
    display_name: 'Tokens',
    event_name,
    default_aggregation: { formula: 'sum' },
  });
  const price = await world.stripe.prices.create({
    product: world.product.id,
    currency: 'cny',
    recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
    ...params,
  });
  return { price, event_name };
}

const use = (story: Story, event_name: string, value: number) =>
  world.stripe.billing.meterEvents.create({
    event_name,
    payload: { stripe_customer_id: story.customer.id, value: String(value) },
  });

const lastInvoice = async (story: Story) => {
  const { data } = await story.stripe.invoices.list({ customer: story.customer.id, limit: 1 });
  return data[0];
};

// A real meter adds up minutes after the clock has moved on.
describe.skipIf(isSandbox)('a metered price', () => {
  test('is billed for the period that ended, beside what is paid in advance', async () => {
    const { price, event_name } = await metered({ unit_amount: 3 });
    const story = await beginStory(world, { card: 'pm_card_visa' });
    await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: world.proMonthly.id }, { price: price.id }],
    });
    expect((await lastInvoice(story))?.amount_paid).toBe(2900);
    await use(story, event_name, 100);
    await story.advanceTo(at('2027-01-20'));
    await use(story, event_name, 20);
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    expect((await lastInvoice(story))?.amount_paid).toBe(2900 + 360);
    await use(story, event_name, 1);
    await story.advanceTo(at('2027-03-01') + 2 * hour);
    expect((await lastInvoice(story))?.amount_paid).toBe(2900 + 3);
  });

  test('bills what was used at its own price where a phase brings another', async () => {
    const [old, next] = [await metered({ unit_amount: 3 }), await metered({ unit_amount: 7 })];
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: world.proMonthly.id }, { price: old.price.id }],
    });
    const schedule = await story.stripe.subscriptionSchedules.create({ from_subscription: id });
    const [{ start_date, end_date }] = schedule.phases as [Stripe.SubscriptionSchedule.Phase];
    const items = (price: string) => [{ price: world.proMonthly.id, quantity: 1 }, { price }];
    await story.stripe.subscriptionSchedules.update(schedule.id, {
      phases: [
        { start_date, end_date, items: items(old.price.id) },
        { items: items(next.price.id), duration: { interval: 'month', interval_count: 2 } },
      ],
    });
    await use(story, old.event_name, 100);
    await use(story, next.event_name, 5);
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    expect((await lastInvoice(story))?.amount_paid).toBe(2900 + 300);
    await use(story, next.event_name, 10);
    await story.advanceTo(at('2027-03-01') + 2 * hour);
    expect((await lastInvoice(story))?.amount_paid).toBe(2900 + 70);
  });

  test('has tiers', async () => {
    const { price, event_name } = await metered({
      billing_scheme: 'tiered',
      tiers_mode: 'graduated',
      tiers: [
        { up_to: 100, unit_amount: 0 },
        { up_to: 200, unit_amount: 10 },
        { up_to: 'inf', unit_amount: 5, flat_amount: 100 },
      ],
    });
    const story = await beginStory(world, { card: 'pm_card_visa' });
    await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: price.id }],
    });
    await use(story, event_name, 250);
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    expect((await lastInvoice(story))?.amount_paid).toBe(1000 + 100 + 250);
  });

  test('takes no quantity', async () => {
    const { price } = await metered({ unit_amount: 3 });
    const story = await beginStory(world, { card: 'pm_card_visa' });
    await expect(
      story.stripe.subscriptions.create({
        customer: story.customer.id,
        items: [{ price: price.id, quantity: 2 }],
      }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });

  test('is billed to the end when the subscription is canceled with a last invoice', async () => {
    const { price, event_name } = await metered({ unit_amount: 7 });
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: price.id }],
    });
    await use(story, event_name, 10);
    await story.advanceTo(at('2027-01-01') + day);
    await story.stripe.subscriptions.cancel(id, { invoice_now: true });
    await story.advanceTo(at('2027-01-03'));
    expect((await lastInvoice(story))?.total).toBe(70);
  });
});
