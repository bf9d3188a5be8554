import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectEvents } from '../support/expect-events.ts';
import { at, beginStory, hour } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { fresh, openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

async function subscribed(
  params: Partial<Stripe.SubscriptionCreateParams> = {},
): Promise<{ story: Story; id: string }> {
  const story = await beginStory(world, { card: 'pm_card_visa' });
  const { id } = await story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: [{ price: world.proMonthly.id }],
    ...params,
  });
  await story.mark();
  return { story, id };
}

describe('canceling at the period end', () => {
  test('says when, and ends then without a further invoice', async () => {
    const { story, id } = await subscribed();
    const leaving = await story.stripe.subscriptions.update(id, { cancel_at_period_end: true });
    expect(leaving).toMatchObject({
      status: 'active',
      cancel_at_period_end: true,
      cancel_at: at('2027-02-01'),
      canceled_at: at('2027-01-01'),
      cancellation_details: { reason: 'cancellation_requested' },
    });
    await expectEvents(story, ['customer.subscription.updated']);
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    await expectEvents(story, ['customer.subscription.deleted']);
    expect(await story.stripe.subscriptions.retrieve(id)).toMatchObject({
      status: 'canceled',
      ended_at: at('2027-02-01'),
    });
    const listed = await story.stripe.subscriptions.list({ customer: story.customer.id });
    expect(listed.data).toEqual([]);
    const canceled = { customer: story.customer.id, status: 'canceled' as const };
    expect((await story.stripe.subscriptions.list(canceled)).data).toHaveLength(1);
  });

  test('is taken back', async () => {
    const { story, id } = await subscribed();
    await story.stripe.subscriptions.update(id, { cancel_at_period_end: true });
    await story.mark();
    const staying = await story.stripe.subscriptions.update(id, { cancel_at_period_end: false });
    expect(staying).toMatchObject({
      cancel_at_period_end: false,
      cancel_at: null,
      canceled_at: null,
    });
    await expectEvents(story, ['customer.subscription.updated']);
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    expect((await story.stripe.subscriptions.retrieve(id)).status).toBe('active');
  });

  test('by a time of its own, and unset by the empty string', async () => {
    const { story, id } = await subscribed();
    const leaving = await story.stripe.subscriptions.update(id, { cancel_at: 'max_period_end' });
    expect(leaving).toMatchObject({ cancel_at: at('2027-02-01'), cancel_at_period_end: false });
    const staying = await story.stripe.subscriptions.update(id, { cancel_at: '' });
    expect(staying.cancel_at).toBeNull();
  });
});

describe('canceling now', () => {
  test('ends at once, refunds nothing, and is final', async () => {
    const { story, id } = await subscribed();
    const canceled = await story.stripe.subscriptions.cancel(id, {
      cancellation_details: { feedback: 'too_expensive', comment: 'dear' },
    });
    expect(canceled).toMatchObject({
      status: 'canceled',
      ended_at: at('2027-01-01'),
      cancellation_details: {
        reason: 'cancellation_requested',
        feedback: 'too_expensive',
        comment: 'dear',
      },
    });
    await expectEvents(story, ['customer.subscription.deleted']);
    const again = story.stripe.subscriptions.update(id, { description: 'again' });
    await expect(again).rejects.toMatchObject({ statusCode: expect.any(Number) });
    await expect(story.stripe.subscriptions.cancel(id)).rejects.toMatchObject({ statusCode: 404 });
  });

  test('with prorate and invoice_now credits what is left', async () => {
    const { story, id } = await subscribed();
    await story.advanceTo(at('2027-01-16T12:00:00Z'));
    await story.stripe.subscriptions.cancel(id, { prorate: true, invoice_now: true });
    const { data } = await story.stripe.invoices.list({ customer: story.customer.id });
    expect(data[0]?.total).toBe(-1450);
    const customer = await story.stripe.customers.retrieve(story.customer.id);
    expect(customer).toMatchObject({ balance: -1450 });
  });

  test('takes the entitlements away', async () => {
    const product = await world.stripe.products.create({ name: 'Featured' });
    const feature = await world.stripe.entitlements.features.create({
      lookup_key: fresh('share'),
      name: 'Share',
    });
    await world.stripe.products.createFeature(product.id, { entitlement_feature: feature.id });
    const price = await world.stripe.prices.create({
      product: product.id,
      currency: 'cny',
      unit_amount: 100,
      recurring: { interval: 'month' },
    });
    const { story, id } = await subscribed({ items: [{ price: price.id }] });
    const active = () =>
      story.stripe.entitlements.activeEntitlements.list({ customer: story.customer.id });
    expect((await active()).data).toMatchObject([{ lookup_key: feature.lookup_key }]);
    await story.stripe.subscriptions.cancel(id);
    await expectEvents(story, [
      'customer.subscription.deleted',
      'entitlements.active_entitlement_summary.updated',
    ]);
    expect((await active()).data).toEqual([]);
  });
});

describe('deleting the customer', () => {
  test('cancels, then deletes; what is left says deleted', async () => {
    const { story, id } = await subscribed();
    const { customer } = story;
    expect(await story.stripe.customers.del(customer.id)).toMatchObject({ deleted: true });
    const types = await story.types();
    expect(types).toEqual(['customer.subscription.deleted', 'customer.deleted']);
    expect(await story.stripe.customers.retrieve(customer.id)).toEqual(
      expect.objectContaining({ id: customer.id, deleted: true }),
    );
    expect((await story.stripe.subscriptions.retrieve(id)).status).toBe('canceled');
    await expect(
      story.stripe.customers.update(customer.id, { name: 'Ghost' }),
    ).rejects.toMatchObject({ statusCode: 404, code: 'resource_missing' });
  });
});

test('a draft of a deleted customer is no longer billed: what is on it can only be named anew', async () => {
  const { stripe, customer } = await beginStory(world, { card: 'pm_card_visa' });
  const { id: invoice } = await stripe.invoices.create({ customer: customer.id, currency: 'cny' });
  const item = await stripe.invoiceItems.create({
    ...{ customer: customer.id, invoice: invoice!, amount: 500, currency: 'cny' },
  });
  await stripe.customers.del(customer.id);
  const metadata = { note: 'late' };
  expect(await stripe.invoiceItems.update(item.id, { metadata })).toMatchObject({ metadata });
  const gone = { statusCode: 400, message: expect.stringContaining('has been deleted') };
  await expect(stripe.invoiceItems.update(item.id, { amount: 600 })).rejects.toThrow('No such');
  await expect(stripe.invoices.finalizeInvoice(invoice!)).rejects.toMatchObject(gone);
});

test('8 an unset method among the payment settings leaves the whole list of methods', async () => {
  const { stripe, customer } = await beginStory(world, { card: 'pm_card_visa' });
  const { payment_settings: settings } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: world.proMonthly.id }],
    payment_settings: { payment_method_options: { pix: '' } },
  });
  expect(settings!.payment_method_options).toMatchObject({
    card: { network: null },
    pix: null,
    upi: null,
  });
});

describe('pausing', () => {
  test('stops billing, and resuming goes on', async () => {
    const { story, id } = await subscribed();
    const paused = await story.stripe.subscriptions.pause(id, { type: 'subscription' });
    expect(paused.status).toBe('paused');
    expect(await story.types()).toContain('customer.subscription.paused');
    await story.mark();
    await story.advanceTo(at('2027-02-15'));
    expect(await story.types()).not.toContain('invoice.created');
    const resumed = await story.stripe.subscriptions.resume(id, {
      billing_cycle_anchor: { type: 'now' },
    });
    expect(resumed.status).toBe('active');
    expect(await story.types()).toContain('customer.subscription.resumed');
  });
});
