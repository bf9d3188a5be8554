import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, beginStory, day, hour } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const trialEnd = at('2027-01-15');

async function trying(
  card: string | undefined,
  params: Partial<Stripe.SubscriptionCreateParams> = {},
): Promise<{ story: Story; subscription: Stripe.Subscription }> {
  const story = await beginStory(world, card === undefined ? {} : { card });
  const subscription = await story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: [{ price: world.proMonthly.id }],
    trial_period_days: 14,
    expand: ['latest_invoice'],
    ...params,
  });
  return { story, subscription };
}

const statusOf = async (story: Story, { id }: Stripe.Subscription) =>
  (await story.stripe.subscriptions.retrieve(id)).status;

describe('a trial', () => {
  test('begins with an invoice of nothing', async () => {
    const { story, subscription } = await trying('pm_card_visa');
    expect(subscription).toMatchObject({ status: 'trialing', trial_end: trialEnd });
    expect(subscription.items.data[0]?.current_period_end).toBe(trialEnd);
    expect(subscription.latest_invoice).toMatchObject({ status: 'paid', amount_due: 0 });
    const types = await story.types();
    expect(types).toEqual(
      expect.arrayContaining(['customer.subscription.created', 'invoice.created', 'invoice.paid']),
    );
    expect(types).not.toContain('charge.succeeded');
  });

  test('is told to end three days before it does', async () => {
    const { story } = await trying('pm_card_visa');
    await story.mark();
    await story.advanceTo(trialEnd - 3 * day - hour);
    expect(await story.types()).toEqual([]);
    await story.advanceTo(trialEnd - 3 * day);
    expect(await story.types()).toContain('customer.subscription.trial_will_end');
  });

  test('ends active, and charges an hour later', async () => {
    const { story, subscription } = await trying('pm_card_visa');
    await story.advanceTo(trialEnd - day);
    await story.mark();
    await story.advanceTo(trialEnd);
    const updated = (await story.events()).find(
      ({ type }) => type === 'customer.subscription.updated',
    );
    expect(updated?.data.previous_attributes).toMatchObject({ status: 'trialing' });
    expect(await statusOf(story, subscription)).toBe('active');
    expect(await story.types()).toContain('invoice.created');
    expect(await story.types()).not.toContain('charge.succeeded');
    await story.advanceTo(trialEnd + 2 * hour);
    expect(await story.types()).toContain('charge.succeeded');
    const after = await story.stripe.subscriptions.retrieve(subscription.id);
    expect(after.items.data[0]).toMatchObject({
      current_period_start: trialEnd,
      current_period_end: at('2027-02-15'),
    });
  });

  test.each([
    ['cancel', 'canceled', 'customer.subscription.deleted'],
    ['pause', 'paused', 'customer.subscription.paused'],
  ] as const)('without a card it may %s', async (missing, status, event) => {
    const { story, subscription } = await trying(undefined, {
      trial_settings: { end_behavior: { missing_payment_method: missing } },
    });
    await story.advanceTo(trialEnd + 2 * hour);
    expect(await statusOf(story, subscription)).toBe(status);
    expect(await story.types()).toContain(event);
  });

  test('without a card and with create_invoice it is past due', async () => {
    const { story, subscription } = await trying(undefined, {
      trial_settings: { end_behavior: { missing_payment_method: 'create_invoice' } },
    });
    await story.advanceTo(trialEnd + 2 * hour);
    expect(await statusOf(story, subscription)).toBe('past_due');
  });

  test('ended by hand is charged now', async () => {
    const { story, subscription } = await trying('pm_card_visa');
    const ended = await story.stripe.subscriptions.update(subscription.id, {
      trial_end: 'now',
      expand: ['latest_invoice'],
    });
    expect(ended.status).toBe('active');
    expect(ended.latest_invoice).toMatchObject({ status: 'paid', amount_paid: 2900 });
  });

  test('shorter than three days is told to end at once', async () => {
    const { story } = await trying('pm_card_visa', { trial_period_days: 2 });
    expect(await story.types()).toContain('customer.subscription.trial_will_end');
  });
});

describe('8 the trial of a phase that begins at the turn of a period', () => {
  const month = { interval: 'month' as const };

  async function planned(phase: Partial<Stripe.SubscriptionScheduleUpdateParams.Phase>) {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { stripe } = story;
    const items = [{ price: world.proMonthly.id }];
    const { id } = await stripe.subscriptions.create({ customer: story.customer.id, items });
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: id });
    const { start_date, end_date } = schedule.phases[0]!;
    await stripe.subscriptionSchedules.update(schedule.id, {
      phases: [
        { items, start_date, end_date },
        { items: [{ price: world.teamMonthly.id }], duration: month, ...phase },
        { items: [{ price: world.teamMonthly.id }], duration: month },
      ],
    });
    return { story, id };
  }

  const seen = async ({ stripe }: Story, id: string) => {
    const found = await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] });
    const { current_period_start: from, current_period_end: to } = found.items.data[0]!;
    const { status, trial_end, latest_invoice } = found;
    return { status, trial_end, from, to, total: (latest_invoice as Stripe.Invoice).total };
  };

  test.each([
    ['`trial_end`', { trial_end: at('2027-02-15') }, at('2027-02-15')],
    ['`trial`', { trial: true }, at('2027-03-01')],
  ])('is free until it ends, then billed: %s', async (_name, params, end) => {
    const { story, id } = await planned(params);
    const preview = await story.stripe.invoices.createPreview({ subscription: id });
    expect(preview.total).toBe(0);
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    expect(await seen(story, id)).toEqual({
      status: 'trialing',
      trial_end: end,
      from: at('2027-02-01'),
      to: end,
      total: 0,
    });
    await story.advanceTo(end + 2 * hour);
    expect(await seen(story, id)).toMatchObject({ status: 'active', from: end, total: 9900 });
  });

  test('is that of a phase that runs already, where the schedule says so later', async () => {
    const { story, id } = await planned({});
    const { schedule } = await story.stripe.subscriptions.retrieve(id);
    const { phases } = await story.stripe.subscriptionSchedules.retrieve(schedule as string);
    await story.stripe.subscriptionSchedules.update(schedule as string, {
      phases: [
        {
          items: [{ price: world.proMonthly.id }],
          start_date: phases[0]!.start_date,
          end_date: phases[0]!.end_date,
          trial_end: at('2027-01-20'),
        },
      ],
    });
    const expected = { status: 'trialing', trial_end: at('2027-01-20') };
    expect(await seen(story, id)).toMatchObject(expected);
  });
});
