import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectEvents } from '../support/expect-events.ts';
import { beginStory, day, hour, newYear } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const subscribe = (story: Story, params: Partial<Stripe.SubscriptionCreateParams> = {}) =>
  story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: [{ price: world.proMonthly.id }],
    ...params,
  });

const invoiceOf = (subscription: Stripe.Subscription) =>
  subscription.latest_invoice as Stripe.Invoice;

describe('default_incomplete', () => {
  test('waits for the client, then is active by an update', async () => {
    const story = await beginStory(world);
    const subscription = await subscribe(story, {
      payment_behavior: 'default_incomplete',
      expand: ['latest_invoice.confirmation_secret', 'latest_invoice.payments'],
    });
    expect(subscription.status).toBe('incomplete');
    const invoice = invoiceOf(subscription);
    expect(invoice.confirmation_secret?.client_secret).toMatch(/^pi_\w+_secret_\w+$/);
    const intent = invoice.payments?.data[0]?.payment.payment_intent as string;
    await expectEvents(story, [
      'customer.subscription.created',
      'invoice.created',
      'invoice.finalized',
      'payment_intent.created',
    ]);

    await story.stripe.paymentIntents.confirm(intent, {
      payment_method: 'pm_card_visa',
      return_url: 'https://example.com/return',
    });
    const events = await story.events();
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'charge.succeeded',
        'payment_intent.succeeded',
        'invoice.paid',
        'invoice.payment_succeeded',
        'customer.subscription.updated',
        'invoice_payment.paid',
      ]),
    );
    const updated = events.find(({ type }) => type === 'customer.subscription.updated');
    expect(updated?.data.previous_attributes).toMatchObject({ status: 'incomplete' });
    expect((await story.stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('unpaid for 23 hours expires and voids its invoice', async () => {
    const story = await beginStory(world);
    const { id } = await subscribe(story, { payment_behavior: 'default_incomplete' });
    await story.advanceTo(newYear + day);
    const expired = await story.stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] });
    expect(expired.status).toBe('incomplete_expired');
    expect(invoiceOf(expired).status).toBe('void');
    expect(await story.types()).toEqual(
      expect.arrayContaining(['customer.subscription.updated', 'invoice.voided']),
    );
  });
});

describe('a card that declines', () => {
  test('allow_incomplete keeps the subscription incomplete and tells of the invoice', async () => {
    const story = await beginStory(world, { card: 'pm_card_chargeCustomerFail' });
    const subscription = await subscribe(story, { payment_behavior: 'allow_incomplete' });
    expect(subscription.status).toBe('incomplete');
    expect(await story.types()).toEqual(
      expect.arrayContaining([
        'customer.subscription.created',
        'charge.failed',
        'payment_intent.payment_failed',
        'invoice.payment_failed',
      ]),
    );
    await story.advanceTo(newYear + hour);
    expect((await story.stripe.subscriptions.retrieve(subscription.id)).status).toBe('incomplete');
  });

  test('error_if_incomplete is a card error and leaves no subscription', async () => {
    const story = await beginStory(world, { card: 'pm_card_chargeCustomerFail' });
    await expect(
      subscribe(story, { payment_behavior: 'error_if_incomplete' }),
    ).rejects.toMatchObject({ type: 'StripeCardError', statusCode: 402, code: 'card_declined' });
    const all = await story.stripe.subscriptions.list({
      customer: story.customer.id,
      status: 'all',
    });
    expect(all.data).toEqual([]);
    expect(await story.types()).not.toContain('customer.subscription.created');
  });

  test('no card at all is refused', async () => {
    const story = await beginStory(world);
    await expect(subscribe(story)).rejects.toMatchObject({ statusCode: 400 });
  });
});

describe('a card that wants its owner', () => {
  test('confirmed on the client: requires action, and is told', async () => {
    const story = await beginStory(world);
    const subscription = await subscribe(story, {
      payment_behavior: 'default_incomplete',
      expand: ['latest_invoice.payments'],
    });
    const intent = invoiceOf(subscription).payments?.data[0]?.payment.payment_intent as string;
    const confirmed = await story.stripe.paymentIntents.confirm(intent, {
      payment_method: 'pm_card_authenticationRequired',
      return_url: 'https://example.com/return',
    });
    expect(confirmed).toMatchObject({
      status: 'requires_action',
      next_action: { type: 'redirect_to_url' },
    });
    expect(await story.types()).toContain('payment_intent.requires_action');
    expect((await story.stripe.subscriptions.retrieve(subscription.id)).status).toBe('incomplete');
  });
});
