import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, beginStory, hour, useCard } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const pro = () => [{ price: world.proMonthly.id }];
const team = () => [{ price: world.teamMonthly.id }];
const month = { interval: 'month' } as const;

async function subscribed(card = 'pm_card_visa'): Promise<{ story: Story; id: string }> {
  const story = await beginStory(world, { card });
  const { id } = await story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: pro(),
    metadata: { seat: 'a', team: 'red' },
  });
  return { story, id };
}

/** The subscription's own period as the first phase, and these after it. */
async function planned(
  { story, id }: { story: Story; id: string },
  later: Stripe.SubscriptionScheduleUpdateParams.Phase[],
  params: Partial<Stripe.SubscriptionScheduleUpdateParams> = {},
): Promise<Stripe.SubscriptionSchedule> {
  const { stripe } = story;
  const schedule = await stripe.subscriptionSchedules.create({ from_subscription: id });
  const [first] = schedule.phases;
  return stripe.subscriptionSchedules.update(schedule.id, {
    phases: [{ items: pro(), start_date: first!.start_date, end_date: first!.end_date }, ...later],
    ...params,
  });
}

const priceOf = async (story: Story, id: string) => {
  return (await story.stripe.subscriptions.retrieve(id)).items.data[0]!.price.id;
};

describe('8.3 a last phase without an end', () => {
  test.each([
    ['month', 1, '2027-03-01'],
    ['month', 3, '2027-05-01'],
    ['year', 1, '2028-02-01'],
    ['week', 2, '2027-02-15'],
  ] as const)('is one period of its price long: %s × %i', async (interval, interval_count, end) => {
    const price = await world.stripe.prices.create({
      product: world.product.id,
      currency: 'cny',
      unit_amount: 5000,
      recurring: { interval, interval_count },
    });
    const { phases } = await planned(await subscribed(), [{ items: [{ price: price.id }] }]);
    expect(phases.at(-1)).toMatchObject({ start_date: at('2027-02-01'), end_date: at(end) });
  });

  test.each(['release', 'cancel'] as const)('then %s', async (end_behavior) => {
    const begun = await subscribed();
    const { story, id } = begun;
    const { id: schedule } = await planned(begun, [{ items: team() }], { end_behavior });
    await story.advanceTo(at('2027-02-10'));
    expect(await priceOf(story, id)).toBe(world.teamMonthly.id);
    await story.advanceTo(at('2027-03-01') + 2 * hour);
    const after = await story.stripe.subscriptions.retrieve(id);
    expect(after).toMatchObject(
      end_behavior === 'release'
        ? { status: 'active', schedule: null, items: { data: [{ price: { unit_amount: 9900 } }] } }
        : { status: 'canceled', ended_at: at('2027-03-01') },
    );
    const { status } = await story.stripe.subscriptionSchedules.retrieve(schedule);
    expect(status).toBe(end_behavior === 'release' ? 'released' : 'completed');
  });

  test('as the only phase of a new schedule, now and later', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const create = (start_date: 'now' | number) =>
      story.stripe.subscriptionSchedules.create({
        customer: story.customer.id,
        start_date,
        phases: [{ items: pro() }],
      });
    expect((await create('now')).phases[0]!.end_date).toBe(at('2027-02-01'));
    const later = await create(at('2027-01-10'));
    expect(later.phases[0]!.end_date).toBe(at('2027-02-10'));
    await story.stripe.subscriptionSchedules.update(later.id, {
      phases: [{ items: team(), start_date: at('2027-01-12') }],
    });
    await story.advanceTo(at('2027-01-13'));
    const begun = await story.stripe.subscriptionSchedules.retrieve(later.id);
    expect(begun).toMatchObject({ status: 'active', phases: [{ end_date: at('2027-02-12') }] });
    expect(await priceOf(story, begun.subscription as string)).toBe(world.teamMonthly.id);
  });

  test('released or canceled while it lasts', async () => {
    for (const verb of ['release', 'cancel'] as const) {
      const begun = await subscribed();
      const { id } = await planned(begun, [{ items: team() }]);
      await begun.story.advanceTo(at('2027-02-10'));
      await begun.story.stripe.subscriptionSchedules[verb](id);
      const after = await begun.story.stripe.subscriptions.retrieve(begun.id);
      expect(after.status).toBe(verb === 'release' ? 'active' : 'canceled');
      expect(after.schedule).toBeNull();
    }
  });

  test('a phase that another one follows needs its end; the refusal leaves nothing behind', async () => {
    const begun = await subscribed();
    const { story, id } = begun;
    const { stripe, customer } = story;
    const schedule = await planned(begun, [{ items: team() }]);
    await story.mark();
    const before = await stripe.subscriptions.retrieve(id);
    const refused = { statusCode: 400, code: 'parameter_missing', param: 'phases[0][end_date]' };
    await expect(
      stripe.subscriptionSchedules.update(schedule.id, {
        phases: [{ items: pro(), start_date: schedule.phases[0]!.start_date }, { items: team() }],
      }),
    ).rejects.toMatchObject(refused);
    await expect(
      stripe.subscriptionSchedules.create({
        customer: customer.id,
        start_date: 'now',
        phases: [{ items: pro() }, { items: team() }],
      }),
    ).rejects.toMatchObject(refused);
    await expect(
      stripe.subscriptionSchedules.create({ from_subscription: id }),
    ).rejects.toMatchObject({ statusCode: 400 });
    expect(await stripe.subscriptionSchedules.retrieve(schedule.id)).toEqual(schedule);
    expect(await stripe.subscriptions.retrieve(id)).toEqual(before);
    expect((await stripe.subscriptionSchedules.list({ customer: customer.id })).data).toHaveLength(
      1,
    );
    expect(await story.types()).toEqual([]);
  });
});

describe('8.5 a phase that falls due', () => {
  /** Team begins in the middle of a period, billed at once. */
  const midway = async (card: string) => {
    const begun = await subscribed(card);
    const { stripe } = begun.story;
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: begun.id });
    const [first] = schedule.phases;
    await stripe.subscriptionSchedules.update(schedule.id, {
      phases: [
        { items: pro(), start_date: first!.start_date, end_date: at('2027-01-16') },
        { items: team(), duration: month, proration_behavior: 'always_invoice' },
      ],
    });
    return { ...begun, schedule: schedule.id };
  };
  const state = async ({ story, id, schedule }: Awaited<ReturnType<typeof midway>>) => {
    const subscription = await story.stripe.subscriptions.retrieve(id, {
      expand: ['latest_invoice'],
    });
    const { current_phase } = await story.stripe.subscriptionSchedules.retrieve(schedule);
    return { subscription, invoice: subscription.latest_invoice as Stripe.Invoice, current_phase };
  };

  test('without a card: it begins, and its invoice stays open', async () => {
    const begun = await midway('pm_card_visa');
    const { stripe, customer } = begun.story;
    const [card] = (await stripe.paymentMethods.list({ customer: customer.id })).data;
    await stripe.paymentMethods.detach(card!.id);
    await begun.story.advanceTo(at('2027-01-17'));
    const { subscription, invoice, current_phase } = await state(begun);
    expect(subscription.items.data[0]!.price.id).toBe(world.teamMonthly.id);
    expect(subscription.status).toBe('past_due');
    expect(invoice).toMatchObject({ status: 'open', billing_reason: 'subscription_update' });
    expect(current_phase?.start_date).toBe(at('2027-01-16'));
    await useCard(stripe, customer.id, 'pm_card_visa');
    await stripe.invoices.pay(invoice.id!);
    expect((await state(begun)).subscription.status).toBe('active');
  });

  test.each(['pm_card_chargeCustomerFail', 'pm_card_authenticationRequired'])(
    'with %s: the same',
    async (card) => {
      const begun = await midway('pm_card_visa');
      await useCard(begun.story.stripe, begun.story.customer.id, card);
      await begun.story.advanceTo(at('2027-01-17'));
      const { subscription, invoice } = await state(begun);
      expect(subscription.items.data[0]!.price.id).toBe(world.teamMonthly.id);
      expect(subscription.status).toBe('past_due');
      expect(invoice.status).toBe('open');
    },
  );

  test('with a price that was archived since', async () => {
    const price = await world.stripe.prices.create({
      product: world.product.id,
      currency: 'cny',
      unit_amount: 7700,
      recurring: { interval: 'month' },
    });
    const begun = await subscribed();
    const { story, id } = begun;
    await planned(begun, [{ items: [{ price: price.id }], duration: month }]);
    const future = await story.stripe.subscriptionSchedules.create({
      customer: story.customer.id,
      start_date: at('2027-01-20'),
      phases: [{ items: [{ price: price.id }], duration: month }],
    });
    const other = await subscribed();
    const { stripe } = other.story;
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: other.id });
    await stripe.subscriptionSchedules.update(schedule.id, {
      phases: [
        {
          items: pro(),
          start_date: schedule.phases[0]!.start_date,
          end_date: at('2027-01-16'),
        },
        { items: [{ price: price.id }], duration: month },
      ],
    });
    await stripe.prices.update(price.id, { active: false });
    await story.advanceTo(at('2027-02-02'));
    await other.story.advanceTo(at('2027-02-02'));
    expect(await priceOf(story, id)).toBe(price.id);
    expect(await priceOf(other.story, other.id)).toBe(price.id);
    const { subscription } = await stripe.subscriptionSchedules.retrieve(future.id);
    expect(await priceOf(story, subscription as string)).toBe(price.id);
  });

  test('with a card of its own that was taken away since', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { stripe, customer } = story;
    const own = await stripe.paymentMethods.attach('pm_card_mastercard', { customer: customer.id });
    const { id } = await stripe.subscriptionSchedules.create({
      customer: customer.id,
      start_date: at('2027-01-10'),
      default_settings: { default_payment_method: own.id },
      phases: [{ items: pro() }],
    });
    await stripe.paymentMethods.detach(own.id);
    await story.advanceTo(at('2027-01-11'));
    const { subscription, status } = await stripe.subscriptionSchedules.retrieve(id);
    expect(status).toBe('active');
    expect((await stripe.subscriptions.retrieve(subscription as string)).status).toBe('active');
  });
});

describe('8.5 what a phase says besides the price', () => {
  test('its metadata is added to the subscription and its item; an empty value unsets', async () => {
    const begun = await subscribed();
    const { story, id } = begun;
    await planned(begun, [
      {
        items: [{ price: world.teamMonthly.id, metadata: { tier: 'team' } }],
        metadata: { plan: 'team', seat: '' },
        duration: month,
      },
    ]);
    await story.advanceTo(at('2027-02-02'));
    const after = await story.stripe.subscriptions.retrieve(id);
    expect(after.metadata).toEqual({ plan: 'team', team: 'red' });
    expect(after.items.data[0]!.metadata).toEqual({ tier: 'team' });
  });

  test('an item that stays keeps its id', async () => {
    const begun = await subscribed();
    const { story, id } = begun;
    const before = await story.stripe.subscriptions.retrieve(id);
    await planned(begun, [
      { items: [{ price: world.teamMonthly.id }, { price: world.proMonthly.id, quantity: 2 }] },
    ]);
    await story.advanceTo(at('2027-02-02'));
    const { items } = await story.stripe.subscriptions.retrieve(id);
    const kept = items.data.find(({ price }) => price.id === world.proMonthly.id);
    expect(kept).toMatchObject({ id: before.items.data[0]!.id, quantity: 2 });
    expect(items.data).toHaveLength(2);
  });
});

test('12 a phase that ends now gives way to the next at once', async () => {
  const { story, id } = await subscribed();
  const { stripe } = story;
  await story.advanceTo(at('2027-01-11'));
  const schedule = await stripe.subscriptionSchedules.create({ from_subscription: id });
  const [first] = schedule.phases;
  const changed = await stripe.subscriptionSchedules.update(schedule.id, {
    phases: [
      { items: pro(), start_date: first!.start_date, end_date: 'now' },
      { items: team(), duration: month },
    ],
  });
  const now = at('2027-01-11');
  expect(changed.phases.map((phase) => [phase.start_date, phase.end_date])).toEqual([
    [first!.start_date, now],
    [now, at('2027-02-11')],
  ]);
  expect(changed.current_phase).toMatchObject({ start_date: now });
  expect(await priceOf(story, id)).toBe(world.teamMonthly.id);
  const started = stripe.subscriptionSchedules.update(schedule.id, {
    phases: [{ items: team(), start_date: now, end_date: 'now' }],
  });
  await expect(started).rejects.toMatchObject({ statusCode: 400 });
});
