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

async function subscribe(story: Story): Promise<Stripe.Subscription> {
  const subscription = await story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: [{ price: world.proMonthly.id }],
    metadata: { tenant: 't_1' },
  });
  return subscription;
}

const latestInvoice = async (story: Story, subscription: string) => {
  const { latest_invoice } = await story.stripe.subscriptions.retrieve(subscription, {
    expand: ['latest_invoice.payments'],
  });
  return latest_invoice as Stripe.Invoice;
};

describe('a first payment by a saved card', () => {
  test('is active at once and tells so without an update', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const subscription = await subscribe(story);
    expect(subscription.status).toBe('active');
    expect(subscription.items.data[0]).toMatchObject({
      current_period_start: at('2027-01-01'),
      current_period_end: at('2027-02-01'),
    });
    await expectEvents(story, [
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'customer.subscription.created',
      'invoice.created',
      'invoice.finalized',
      'invoice.paid',
      'invoice.payment_succeeded',
      'customer.updated',
      'invoice_payment.paid',
    ]);
    const invoice = await latestInvoice(story, subscription.id);
    expect(invoice).toMatchObject({
      status: 'paid',
      billing_reason: 'subscription_create',
      amount_paid: 2900,
      attempt_count: 1,
      parent: {
        type: 'subscription_details',
        subscription_details: { subscription: subscription.id, metadata: { tenant: 't_1' } },
      },
    });
    expect(invoice.payments?.data).toMatchObject([{ status: 'paid', is_default: true }]);
  });
});

describe('a renewal that succeeds', () => {
  test('drafts at the period end, waits an hour, then charges', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await subscribe(story);
    await story.mark();

    await story.advanceTo(at('2027-02-01'));
    const events = await story.events();
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['customer.subscription.updated', 'invoice.created']),
    );
    const updated = events.find(({ type }) => type === 'customer.subscription.updated');
    expect(Object.keys(updated?.data.previous_attributes ?? {}).sort()).toEqual([
      'items',
      'latest_invoice',
    ]);
    const draft = await latestInvoice(story, id);
    expect(draft).toMatchObject({
      status: 'draft',
      billing_reason: 'subscription_cycle',
      attempted: false,
      attempt_count: 0,
      automatically_finalizes_at: at('2027-02-01') + hour,
      amount_due: 2900,
    });
    const during = await story.stripe.subscriptions.retrieve(id);
    expect(during.status).toBe('active');
    expect(during.items.data[0]).toMatchObject({
      current_period_start: at('2027-02-01'),
      current_period_end: at('2027-03-01'),
    });
    await story.mark();

    await story.advanceTo(at('2027-02-01') + 2 * hour);
    await expectEvents(story, [
      'invoice.finalized',
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
    ]);
    const paid = await latestInvoice(story, id);
    expect(paid).toMatchObject({
      id: draft.id,
      status: 'paid',
      attempt_count: 1,
      amount_paid: 2900,
    });
    expect(paid.lines.data).toMatchObject([
      {
        amount: 2900,
        period: { start: at('2027-02-01'), end: at('2027-03-01') },
        pricing: { price_details: { price: world.proMonthly.id, product: world.product.id } },
        parent: {
          type: 'subscription_item_details',
          subscription_item_details: { proration: false },
        },
      },
    ]);
  });

  test('keeps the 31st where a month has one', async () => {
    const story = await beginStory(world, { start: at('2027-01-31'), card: 'pm_card_visa' });
    const { id } = await subscribe(story);
    const ends: number[] = [];
    for (const next of ['2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31']) {
      const { items } = await story.stripe.subscriptions.retrieve(id);
      ends.push(items.data[0]?.current_period_end ?? 0);
      await story.advanceTo(at(next) + 2 * hour);
    }
    expect(ends).toEqual(['2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31'].map(at));
  });
});

describe('a feature that joins a product', () => {
  test('is theirs from the next renewal on', async () => {
    const product = await world.stripe.products.create({ name: 'Growing' });
    const price = await world.stripe.prices.create({
      product: product.id,
      currency: 'cny',
      unit_amount: 100,
      recurring: { interval: 'month' },
    });
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { customer } = story;
    await story.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
    });
    const lookup_key = fresh('late');
    const feature = await world.stripe.entitlements.features.create({ lookup_key, name: 'Late' });
    await world.stripe.products.createFeature(product.id, { entitlement_feature: feature.id });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    const { data } = await story.stripe.entitlements.activeEntitlements.list({
      customer: customer.id,
    });
    expect(data).toMatchObject([{ lookup_key }]);
  });
});

describe('the invoice before it is due', () => {
  test('8.9 is announced without an id, since there is none yet', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    await subscribe(story);
    await story.advanceTo(at('2027-02-01') - hour);
    const upcoming = (await story.events()).filter(({ type }) => type === 'invoice.upcoming');
    expect(upcoming).toHaveLength(1);
    const invoice = upcoming[0]!.data.object as Stripe.Invoice;
    expect(invoice).not.toHaveProperty('id');
    expect(invoice).toMatchObject({
      object: 'invoice',
      billing_reason: 'upcoming',
      status: 'draft',
      number: null,
      amount_due: 2900,
      lines: { data: [{ amount: 2900, invoice: null }] },
    });
  });

  test('a preview says what the renewal will be', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const subscription = await subscribe(story);
    const preview = await story.stripe.invoices.createPreview({ subscription: subscription.id });
    expect(preview.id).toMatch(/^upcoming_in/);
    expect(preview).toMatchObject({ status: 'draft', amount_due: 2900, total: 2900 });
    expect(preview.lines.data[0]?.period).toEqual({
      start: at('2027-02-01'),
      end: at('2027-03-01'),
    });
  });
});
