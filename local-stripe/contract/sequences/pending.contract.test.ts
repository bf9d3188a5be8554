import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { control } from '../support/control.ts';
import { at, beginStory, hour, useCard } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { isSandbox, localOf } from '../support/subject.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

interface Waiting {
  story: Story;
  id: string;
  item: string;
  invoice: string;
}

/** On Pro, and waiting for the payment of a change to Team. */
async function waiting(params: Partial<Stripe.SubscriptionUpdateParams> = {}): Promise<Waiting> {
  const story = await beginStory(world, { card: 'pm_card_visa' });
  const { stripe, customer } = story;
  const { id, items } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: world.proMonthly.id }],
    metadata: { plan: 'pro' },
  });
  await story.advanceTo(at('2027-01-10'));
  await useCard(stripe, customer.id, 'pm_card_chargeCustomerFail');
  const item = items.data[0]!.id;
  const changed = await stripe.subscriptions.update(id, {
    items: [{ id: item, price: world.teamMonthly.id }],
    proration_behavior: 'always_invoice',
    payment_behavior: 'pending_if_incomplete',
    ...params,
  });
  expect(changed.pending_update).not.toBeNull();
  await story.mark();
  return { story, id, item, invoice: changed.latest_invoice as string };
}

const withInvoice = { expand: ['latest_invoice'] };

/** Whatever ends a change that waits, by the way it does. */
const endings: Record<string, (waiting: Waiting) => Promise<unknown>> = {
  'its invoice is voided': ({ story, invoice }) => story.stripe.invoices.voidInvoice(invoice),
  'its invoice is written off, then voided': async ({ story, invoice }) => {
    await story.stripe.invoices.markUncollectible(invoice);
    await story.stripe.invoices.voidInvoice(invoice);
  },
  'a cancellation, and that taken back': async ({ story, id, invoice }) => {
    await story.stripe.subscriptions.update(id, { cancel_at_period_end: true });
    await story.stripe.invoices.voidInvoice(invoice);
    await story.stripe.subscriptions.update(id, { cancel_at_period_end: false });
  },
  'a pause, and its end': async ({ story, id }) => {
    await story.stripe.subscriptions.pause(id, { type: 'subscription' });
    await useCard(story.stripe, story.customer.id, 'pm_card_visa');
    await story.stripe.subscriptions.resume(id, { billing_cycle_anchor: { type: 'now' } });
  },
  'another quantity': ({ story, id, item }) =>
    story.stripe.subscriptions.update(id, { items: [{ id: item, quantity: 2 }] }),
  'its time is over': ({ story }) => story.advanceTo(at('2027-01-11')),
};

describe('8.16 a change that was voided is gone', () => {
  test.each(Object.keys(endings))('%s', async (name) => {
    const held = await waiting();
    const { story, id, invoice } = held;
    await endings[name]!(held);
    const { status } = await story.stripe.invoices.retrieve(invoice);
    expect(status).toBe('void');
    const after = await story.stripe.subscriptions.retrieve(id);
    expect(after.pending_update).toBeNull();
    expect(after.items.data[0]!.price.id).toBe(world.proMonthly.id);
    const told = (await story.types()).filter((type) => type.includes('pending_update'));
    expect(told).toEqual(['customer.subscription.pending_update_expired']);
    await useCard(story.stripe, story.customer.id, 'pm_card_visa');
    await expect(story.stripe.invoices.pay(invoice)).rejects.toMatchObject({ statusCode: 400 });
    await story.advanceTo(at('2027-02-12'));
    const later = await story.stripe.subscriptions.retrieve(id);
    expect(later.items.data[0]!.price.id).toBe(world.proMonthly.id);
  });

  test.skipIf(isSandbox)('no hosted page offers a void invoice', async () => {
    const { story, id, invoice } = await waiting();
    const { url } = localOf(world);
    const textOf = async (address: string) => (await fetch(address)).text();
    expect(await textOf(`${url}/i/${invoice}`)).toContain('name="number"');
    const configuration = await world.stripe.billingPortal.configurations.create({
      features: { invoice_history: { enabled: true } },
    });
    const portal = await world.stripe.billingPortal.sessions.create({
      customer: story.customer.id,
      configuration: configuration.id,
    });
    const offers = (page: string) => page.split(`/i/${invoice}`).length - 1;
    const before = offers(await textOf(portal.url));
    await story.stripe.invoices.voidInvoice(invoice);
    const page = await textOf(`${url}/i/${invoice}`);
    expect(page).not.toContain('name="number"');
    expect(page).not.toMatch(/<form[^>]+action="\/i\//);
    // The history still lists it; the offer to pay is gone.
    expect(offers(await textOf(portal.url))).toBe(before - 1);
    expect((await story.stripe.subscriptions.retrieve(id)).status).toBe('active');
  });

  test('what is changed meanwhile stays when the change is paid', async () => {
    const { story, id, invoice } = await waiting();
    await story.stripe.subscriptions.update(id, { metadata: { note: 'called' } });
    await story.stripe.subscriptions.update(id, { cancel_at_period_end: true });
    await story.stripe.invoices.pay(invoice, { payment_method: 'pm_card_visa' });
    const after = await story.stripe.subscriptions.retrieve(id);
    expect(after).toMatchObject({
      pending_update: null,
      metadata: { plan: 'pro', note: 'called' },
      cancel_at_period_end: true,
      cancel_at: at('2027-02-01'),
    });
    expect(after.items.data[0]!.price.id).toBe(world.teamMonthly.id);
  });

  test('the end taken back with the change: applied with it, expired by its opposite', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { stripe, customer } = story;
    const { id, items } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: world.proMonthly.id }],
    });
    await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    await useCard(stripe, customer.id, 'pm_card_chargeCustomerFail');
    await story.advanceTo(at('2027-01-10'));
    const change: Stripe.SubscriptionUpdateParams = {
      items: [{ id: items.data[0]!.id, price: world.teamMonthly.id }],
      proration_behavior: 'always_invoice',
      payment_behavior: 'pending_if_incomplete',
      cancel_at_period_end: false,
      metadata: { plan: 'team' },
    };
    const held = await stripe.subscriptions.update(id, change);
    expect(held).toMatchObject({
      cancel_at_period_end: true,
      metadata: {},
      pending_update: { cancel_at_period_end: false, metadata: { plan: 'team' } },
    });
    const kept = await stripe.subscriptions.update(id, { cancel_at_period_end: false });
    expect(kept).toMatchObject({ cancel_at_period_end: false, cancel_at: null });
    expect(kept.pending_update).not.toBeNull();
    const gone = await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    expect(gone).toMatchObject({ cancel_at_period_end: true, pending_update: null });
    expect((await stripe.invoices.retrieve(held.latest_invoice as string)).status).toBe('void');

    await useCard(stripe, customer.id, 'pm_card_visa');
    const applied = await stripe.subscriptions.update(id, { ...change, ...withInvoice });
    expect(applied).toMatchObject({
      cancel_at_period_end: false,
      cancel_at: null,
      metadata: { plan: 'team' },
      latest_invoice: { status: 'paid' },
    });
  });
});

describe('8.17 what Stripe excludes', () => {
  test('a pending change of a subscription whose invoices are sent', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id, items } = await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: world.proMonthly.id }],
      collection_method: 'send_invoice',
      days_until_due: 14,
    });
    const item = items.data[0]!.id;
    const payment_behavior = 'pending_if_incomplete' as const;
    const refused = { statusCode: 400, param: 'payment_behavior' };
    for (const call of [
      story.stripe.subscriptions.update(id, {
        payment_behavior,
        items: [{ id: item, quantity: 2 }],
      }),
      story.stripe.subscriptionItems.update(item, { payment_behavior, quantity: 2 }),
      story.stripe.subscriptionItems.create({
        payment_behavior,
        subscription: id,
        price: world.teamMonthly.id,
      }),
    ]) {
      await expect(call).rejects.toMatchObject(refused);
    }
  });

  test('a fourth customer on a test clock', async () => {
    const { id } = await world.stripe.testHelpers.testClocks.create({
      frozen_time: at('2027-01-01'),
    });
    const create = () => world.stripe.customers.create({ test_clock: id });
    const [first] = [await create(), await create(), await create()];
    await expect(create()).rejects.toMatchObject({ statusCode: 400, param: 'test_clock' });
    await world.stripe.customers.del(first.id);
    expect((await create()).test_clock).toBe(id);
  });

  test
    .skipIf(isSandbox)
    .each([
      'authentication_required',
      'highest_risk_level',
      'incorrect_number',
      'lost_card',
      'pickup_card',
      'revocation_of_all_authorizations',
      'revocation_of_authorization',
      'stolen_card',
      'transaction_not_allowed',
    ])('a retry with a card declined as %s, until there is another', async (declineCode) => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { stripe, customer } = story;
    await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: world.proMonthly.id }],
    });
    const [card] = (await stripe.paymentMethods.list({ customer: customer.id })).data;
    await control(world, `payment_methods/${card!.id}`, { declineCode });
    const failures = async () => {
      const { data } = await stripe.charges.list({ customer: customer.id });
      return data.filter(({ paid }) => !paid).length;
    };
    const latest = async () => {
      return (await stripe.invoices.list({ customer: customer.id, limit: 1 })).data[0]!;
    };
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    expect(await failures()).toBe(1);
    const { next_payment_attempt: next } = await latest();
    await story.advanceTo(next! + hour);
    // Counted, so that the schedule goes on; not made.
    expect(await latest()).toMatchObject({ status: 'open', attempt_count: 2 });
    expect(await failures()).toBe(1);
    await useCard(stripe, customer.id, 'pm_card_visa');
    await story.advanceTo((await latest()).next_payment_attempt! + hour);
    expect(await latest()).toMatchObject({ status: 'paid', attempt_count: 3 });
  });
});
