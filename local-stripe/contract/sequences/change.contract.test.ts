import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectEvents } from '../support/expect-events.ts';
import { at, beginStory, day, useCard } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** On Pro since 1 April (a month of 30 days), today the 16th: half of it is left. */
async function halfway(): Promise<{ story: Story; subscription: Stripe.Subscription }> {
  const story = await beginStory(world, { start: at('2027-04-01'), card: 'pm_card_visa' });
  const subscription = await story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: [{ price: world.proMonthly.id }],
  });
  await story.advanceTo(at('2027-04-16'));
  await story.mark();
  return { story, subscription };
}

const toTeam = ({ items }: Stripe.Subscription): Stripe.SubscriptionUpdateParams => ({
  items: [{ id: items.data[0]?.id, price: world.teamMonthly.id }],
});
const priceOf = ({ items }: Stripe.Subscription) => items.data[0]?.price.id;

describe('an upgrade now', () => {
  test('always_invoice charges the difference of half a month at once', async () => {
    const { story, subscription } = await halfway();
    const upgraded = await story.stripe.subscriptions.update(subscription.id, {
      ...toTeam(subscription),
      proration_behavior: 'always_invoice',
      payment_behavior: 'pending_if_incomplete',
      expand: ['latest_invoice'],
    });
    expect(priceOf(upgraded)).toBe(world.teamMonthly.id);
    expect(upgraded.items.data[0]?.current_period_end).toBe(at('2027-05-01'));
    const invoice = upgraded.latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({
      status: 'paid',
      billing_reason: 'subscription_update',
      amount_paid: 3500,
    });
    expect(invoice.lines.data.map(({ amount }) => amount).sort((a, b) => a - b)).toEqual([
      -1450, 4950,
    ]);
    for (const { parent } of invoice.lines.data) {
      const details = parent?.subscription_item_details ?? parent?.invoice_item_details;
      expect(details?.proration).toBe(true);
    }
    const types = await story.types();
    expect(types).toEqual(
      expect.arrayContaining([
        'customer.subscription.updated',
        'invoice.created',
        'invoice.finalized',
        'payment_intent.created',
        'charge.succeeded',
        'payment_intent.succeeded',
        'invoice.paid',
        'invoice.payment_succeeded',
        'invoice_payment.paid',
      ]),
    );
  });

  test('costs what its preview said, at the same proration date', async () => {
    const { story, subscription } = await halfway();
    const proration_date = at('2027-04-16') - 3 * day;
    const preview = await story.stripe.invoices.createPreview({
      customer: story.customer.id,
      subscription: subscription.id,
      subscription_details: {
        ...toTeam(subscription),
        proration_behavior: 'always_invoice',
        proration_date,
      } as Stripe.InvoiceCreatePreviewParams.SubscriptionDetails,
    });
    const upgraded = await story.stripe.subscriptions.update(subscription.id, {
      ...toTeam(subscription),
      proration_behavior: 'always_invoice',
      proration_date,
      expand: ['latest_invoice'],
    });
    const invoice = upgraded.latest_invoice as Stripe.Invoice;
    expect(preview.amount_due).toBe(invoice.amount_due);
    // 18 of 30 days: −1740 and 5940.
    expect(invoice.amount_due).toBe(4200);
  });

  test('create_prorations bills the difference with the next renewal', async () => {
    const { story, subscription } = await halfway();
    await story.stripe.subscriptions.update(subscription.id, toTeam(subscription));
    await expectEvents(story, [
      'customer.subscription.updated',
      'invoiceitem.created',
      'invoiceitem.created',
    ]);
    await story.advanceTo(at('2027-05-01T02:00:00Z'));
    const { latest_invoice } = await story.stripe.subscriptions.retrieve(subscription.id, {
      expand: ['latest_invoice'],
    });
    expect(latest_invoice).toMatchObject({
      billing_reason: 'subscription_cycle',
      amount_paid: 9900 + 3500,
    });
  });

  test('none changes the price and bills nothing', async () => {
    const { story, subscription } = await halfway();
    await story.stripe.subscriptions.update(subscription.id, {
      ...toTeam(subscription),
      proration_behavior: 'none',
    });
    await expectEvents(story, ['customer.subscription.updated']);
  });

  test('without the item id a second item is added', async () => {
    const { story, subscription } = await halfway();
    const changed = await story.stripe.subscriptions.update(subscription.id, {
      items: [{ price: world.teamMonthly.id }],
      proration_behavior: 'none',
    });
    expect(changed.items.data).toHaveLength(2);
  });
});

describe('an upgrade whose payment fails', () => {
  const failing = async () => {
    const made = await halfway();
    await useCard(made.story.stripe, made.story.customer.id, 'pm_card_chargeCustomerFail');
    await made.story.mark();
    return made;
  };
  const upgrade = (
    { story, subscription }: Awaited<ReturnType<typeof halfway>>,
    payment_behavior: Stripe.SubscriptionUpdateParams['payment_behavior'],
  ) =>
    story.stripe.subscriptions.update(subscription.id, {
      ...toTeam(subscription),
      proration_behavior: 'always_invoice',
      payment_behavior,
    });

  test('error_if_incomplete: 402, and nothing has changed', async () => {
    const made = await failing();
    await expect(upgrade(made, 'error_if_incomplete')).rejects.toMatchObject({
      type: 'StripeCardError',
    });
    const now = await made.story.stripe.subscriptions.retrieve(made.subscription.id);
    expect([priceOf(now), now.status, now.pending_update]).toEqual([
      world.proMonthly.id,
      'active',
      null,
    ]);
  });

  test('allow_incomplete: the change stands, past due', async () => {
    const made = await failing();
    const changed = await upgrade(made, 'allow_incomplete');
    expect([priceOf(changed), changed.status]).toEqual([world.teamMonthly.id, 'past_due']);
  });

  test('pending_if_incomplete: the change waits, and is applied when paid', async () => {
    const made = await failing();
    const { story, subscription } = made;
    const waiting = await upgrade(made, 'pending_if_incomplete');
    expect([priceOf(waiting), waiting.status]).toEqual([world.proMonthly.id, 'active']);
    expect(waiting.pending_update?.subscription_items).toMatchObject([
      { price: { id: world.teamMonthly.id } },
    ]);
    expect(await story.types()).toEqual(
      expect.arrayContaining(['customer.subscription.updated', 'invoice.payment_failed']),
    );
    await useCard(story.stripe, story.customer.id, 'pm_card_visa');
    await story.mark();
    await story.stripe.invoices.pay(waiting.latest_invoice as string);
    expect(await story.types()).toEqual(
      expect.arrayContaining([
        'customer.subscription.pending_update_applied',
        'customer.subscription.updated',
        'invoice.paid',
      ]),
    );
    const applied = await story.stripe.subscriptions.retrieve(subscription.id);
    expect([priceOf(applied), applied.pending_update]).toEqual([world.teamMonthly.id, null]);
  });

  test('pending_if_incomplete: the change is forgotten when nobody pays', async () => {
    const made = await failing();
    const waiting = await upgrade(made, 'pending_if_incomplete');
    await made.story.advanceTo((waiting.pending_update?.expires_at ?? 0) + 1);
    expect(await made.story.types()).toContain('customer.subscription.pending_update_expired');
    const now = await made.story.stripe.subscriptions.retrieve(waiting.id);
    expect([priceOf(now), now.pending_update]).toEqual([world.proMonthly.id, null]);
  });
});

describe('a change of the interval', () => {
  test('keeps the anchor unless it is told to begin now', async () => {
    const { story, subscription } = await halfway();
    const yearly = await story.stripe.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0]?.id, price: world.proYearly.id }],
      billing_cycle_anchor: { type: 'now' },
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice'],
    });
    expect(yearly.items.data[0]).toMatchObject({
      current_period_start: at('2027-04-16'),
      current_period_end: at('2028-04-16'),
    });
    expect(yearly.latest_invoice).toMatchObject({ amount_paid: 29_000 - 1450, status: 'paid' });
  });
});

describe('a downgrade at the period end', () => {
  test('is a schedule of two phases that lets go when it is done', async () => {
    const { story, subscription } = await halfway();
    await story.stripe.subscriptions.update(subscription.id, {
      ...toTeam(subscription),
      proration_behavior: 'none',
    });
    await story.mark();
    const schedule = await story.stripe.subscriptionSchedules.create({
      from_subscription: subscription.id,
    });
    await expectEvents(story, ['subscription_schedule.created', 'customer.subscription.updated']);
    const [current] = schedule.phases;
    const updated = await story.stripe.subscriptionSchedules.update(schedule.id, {
      end_behavior: 'release',
      proration_behavior: 'none',
      phases: [
        {
          items: [{ price: world.teamMonthly.id, quantity: 1 }],
          start_date: current?.start_date,
          end_date: at('2027-05-01'),
        },
        {
          items: [{ price: world.proMonthly.id, quantity: 1 }],
          duration: { interval: 'month', interval_count: 1 },
        },
      ],
    });
    expect(updated.phases.map(({ end_date }) => end_date)).toEqual([
      at('2027-05-01'),
      at('2027-06-01'),
    ]);
    await expectEvents(story, ['subscription_schedule.updated']);

    await story.advanceTo(at('2027-05-01T02:00:00Z'));
    const types = await story.types();
    expect(types).toEqual(
      expect.arrayContaining([
        'subscription_schedule.updated',
        'customer.subscription.updated',
        'invoice.created',
        'invoice.paid',
      ]),
    );
    const downgraded = await story.stripe.subscriptions.retrieve(subscription.id, {
      expand: ['latest_invoice'],
    });
    expect(priceOf(downgraded)).toBe(world.proMonthly.id);
    expect(downgraded.latest_invoice).toMatchObject({
      billing_reason: 'subscription_cycle',
      amount_paid: 2900,
    });
    await story.mark();

    await story.advanceTo(at('2027-06-01T02:00:00Z'));
    expect(await story.types()).toEqual(
      expect.arrayContaining(['customer.subscription.updated', 'invoice.paid']),
    );
    const released = await story.stripe.subscriptions.retrieve(subscription.id);
    expect([released.schedule, released.status, priceOf(released)]).toEqual([
      null,
      'active',
      world.proMonthly.id,
    ]);
    const done = await story.stripe.subscriptionSchedules.retrieve(schedule.id);
    expect(['released', 'completed']).toContain(done.status);
  });

  test('released early leaves everything as it is', async () => {
    const { story, subscription } = await halfway();
    const schedule = await story.stripe.subscriptionSchedules.create({
      from_subscription: subscription.id,
    });
    const released = await story.stripe.subscriptionSchedules.release(schedule.id);
    expect(released).toMatchObject({
      status: 'released',
      released_subscription: subscription.id,
      subscription: null,
    });
    const { schedule: left, status } = await story.stripe.subscriptions.retrieve(subscription.id);
    expect([left, status]).toEqual([null, 'active']);
  });

  test('canceled takes the subscription with it', async () => {
    const { story, subscription } = await halfway();
    const schedule = await story.stripe.subscriptionSchedules.create({
      from_subscription: subscription.id,
    });
    await story.mark();
    const canceled = await story.stripe.subscriptionSchedules.cancel(schedule.id);
    expect(canceled.status).toBe('canceled');
    expect(await story.types()).toEqual(
      expect.arrayContaining(['subscription_schedule.canceled', 'customer.subscription.deleted']),
    );
  });
});
