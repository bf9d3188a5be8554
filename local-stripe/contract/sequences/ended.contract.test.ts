import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setRetrySettings } from '../support/control.ts';
import { at, beginStory, day, hour } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { isSandbox } from '../support/subject.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

interface Ended {
  story: Story;
  subscription: Stripe.Subscription;
  schedule: string;
}

const months = (count: number) => ({ interval: 'month' as const, interval_count: count });

/** A subscription under a schedule of two phases, paid or not. */
async function scheduled(card: string): Promise<Ended> {
  const story = await beginStory(world, { card });
  const schedule = await story.stripe.subscriptionSchedules.create({
    customer: story.customer.id,
    start_date: 'now',
    phases: [
      { items: [{ price: world.proMonthly.id }], duration: months(6) },
      { items: [{ price: world.teamMonthly.id }], duration: months(6) },
    ],
  });
  const id = schedule.subscription as string;
  const subscription = await story.stripe.subscriptions.retrieve(id);
  return { story, subscription, schedule: schedule.id };
}

const endings: Record<string, () => Promise<Ended>> = {
  'never paid for': async () => {
    const begun = await scheduled('pm_card_chargeCustomerFail');
    expect(begun.subscription.status).toBe('incomplete');
    await begun.story.advanceTo(at('2027-01-02'));
    return begun;
  },
  'canceled before it was paid for': async () => {
    const begun = await scheduled('pm_card_chargeCustomerFail');
    await begun.story.stripe.subscriptions.cancel(begun.subscription.id);
    return begun;
  },
  'canceled now': async () => {
    const begun = await scheduled('pm_card_visa');
    await begun.story.stripe.subscriptions.cancel(begun.subscription.id);
    return begun;
  },
  'canceled through its schedule': async () => {
    const begun = await scheduled('pm_card_visa');
    await begun.story.stripe.subscriptionSchedules.cancel(begun.schedule);
    return begun;
  },
};

/** Everything that somebody could do to wake it up. A refusal is as good as no effect. */
const attempts: Record<string, (ended: Ended) => Promise<unknown>> = {
  'a trial through the schedule': ({ story, schedule, subscription }) =>
    story.stripe.subscriptionSchedules.update(schedule, {
      phases: [
        {
          items: [{ price: world.teamMonthly.id }],
          start_date: subscription.start_date,
          trial_end: at('2027-01-01') + 20 * day,
          duration: months(12),
        },
      ],
    }),
  'the schedule released': ({ story, schedule }) =>
    story.stripe.subscriptionSchedules.release(schedule),
  'a schedule of its own': ({ story, subscription }) =>
    story.stripe.subscriptionSchedules.create({ from_subscription: subscription.id }),
  'a trial': ({ story, subscription }) =>
    story.stripe.subscriptions.update(subscription.id, { trial_end: at('2027-02-20') }),
  'another price': ({ story, subscription }) =>
    story.stripe.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0]!.id, price: world.teamMonthly.id }],
    }),
  'another quantity of its item': ({ story, subscription }) =>
    story.stripe.subscriptionItems.update(subscription.items.data[0]!.id, { quantity: 2 }),
  'one item more': ({ story, subscription }) =>
    story.stripe.subscriptionItems.create({
      subscription: subscription.id,
      price: world.teamMonthly.id,
    }),
  'a new anchor': ({ story, subscription }) =>
    story.stripe.subscriptions.update(subscription.id, { billing_cycle_anchor: { type: 'now' } }),
  'its cancellation taken back': ({ story, subscription }) =>
    story.stripe.subscriptions.update(subscription.id, {
      cancel_at_period_end: false,
      cancel_at: '',
    }),
  'a pause': ({ story, subscription }) =>
    story.stripe.subscriptions.pause(subscription.id, { type: 'subscription' }),
  'a resumption': ({ story, subscription }) =>
    story.stripe.subscriptions.resume(subscription.id, { billing_cycle_anchor: { type: 'now' } }),
  'another billing mode': ({ story, subscription }) =>
    story.stripe.subscriptions.migrate(subscription.id, { billing_mode: { type: 'flexible' } }),
  'its discount deleted': ({ story, subscription }) =>
    story.stripe.subscriptions.deleteDiscount(subscription.id),
  'its last invoice paid': ({ story, subscription }) =>
    story.stripe.invoices.pay(subscription.latest_invoice as string, {
      payment_method: 'pm_card_visa',
    }),
  'its last invoice paid elsewhere': ({ story, subscription }) =>
    story.stripe.invoices.pay(subscription.latest_invoice as string, { paid_out_of_band: true }),
};

const refusals = [400, 404];

async function trying(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    expect(refusals).toContain((error as Stripe.errors.StripeError).statusCode);
  }
}

describe('8.4 ended is final', () => {
  test.each(Object.keys(endings))('%s: nothing that is done wakes it up', async (name) => {
    const ended = await endings[name]!();
    const { story, subscription, schedule } = ended;
    const { stripe } = story;
    const over = await stripe.subscriptions.retrieve(subscription.id);
    expect(['canceled', 'incomplete_expired']).toContain(over.status);
    expect(over).toMatchObject({ ended_at: expect.any(Number), schedule: null });
    expect(await stripe.subscriptionSchedules.retrieve(schedule)).toMatchObject({
      status: 'canceled',
      current_phase: null,
      canceled_at: over.ended_at,
    });
    await story.mark();
    for (const attempt of Object.values(attempts)) await trying(attempt(ended));
    expect(await stripe.subscriptions.retrieve(subscription.id)).toEqual(over);
    await story.advanceTo(at('2027-02-10'));
    await story.advanceTo(at('2027-03-05'));
    expect(await stripe.subscriptions.retrieve(subscription.id)).toEqual(over);
    expect((await story.types()).filter((type) => type.startsWith('customer.subs'))).toEqual([]);
    const noted = await stripe.subscriptions.update(over.id, { metadata: { why: 'moved' } });
    expect(noted).toMatchObject({ status: over.status, metadata: { why: 'moved' } });
  });

  test.skipIf(isSandbox)('ended by dunning: a late payment changes nothing any more', async () => {
    await setRetrySettings(world, { attempts: 1, spacingSeconds: 3600, final: 'cancel' });
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: world.proMonthly.id }],
      payment_settings: { save_default_payment_method: 'on_subscription' },
    });
    const bad = await story.stripe.paymentMethods.attach('pm_card_chargeCustomerFail', {
      customer: story.customer.id,
    });
    await story.stripe.subscriptions.update(id, { default_payment_method: bad.id });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    const over = await story.stripe.subscriptions.retrieve(id);
    expect(over).toMatchObject({
      status: 'canceled',
      cancellation_details: { reason: 'payment_failed' },
    });
    const invoice = over.latest_invoice as string;
    await story.stripe.invoices.pay(invoice, { payment_method: 'pm_card_visa' });
    expect(await story.stripe.subscriptions.retrieve(id)).toEqual(over);
  });
});

describe('8.11 canceling now what was to end later', () => {
  test.each([
    ['at the period end', { cancel_at_period_end: true }],
    ['at a time', { cancel_at: at('2027-06-01') }],
  ] as [string, Stripe.SubscriptionUpdateParams][])('%s: the plan is gone', async (_, plan) => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: world.proMonthly.id }],
    });
    await story.stripe.subscriptions.update(id, plan);
    await story.advanceTo(at('2027-01-05'));
    expect(await story.stripe.subscriptions.cancel(id)).toMatchObject({
      status: 'canceled',
      cancel_at: null,
      cancel_at_period_end: false,
      // When it was asked for, which is before it ended.
      canceled_at: at('2027-01-01'),
      ended_at: at('2027-01-05'),
    });
  });
});
