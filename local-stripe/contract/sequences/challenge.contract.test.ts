import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { control } from '../support/control.ts';
import { beginStory } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { isSandbox } from '../support/subject.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const asks = '4000002760003184';

/** Answers the bank's page as a person would. */
async function answerChallenge(intent: Stripe.PaymentIntent, outcome: 'complete' | 'fail') {
  const url = intent.next_action?.redirect_to_url?.url ?? '';
  expect((await fetch(url)).status).toBe(200);
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ outcome }),
    redirect: 'manual',
  });
  expect(response.status).toBe(303);
  return response.headers.get('location');
}

/** A subscription whose first payment waits for its owner. */
async function challenged(story: Story) {
  const subscription = await story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: [{ price: world.proMonthly.id }],
    payment_behavior: 'default_incomplete',
    expand: ['latest_invoice.payments'],
  });
  const { payments } = subscription.latest_invoice as Stripe.Invoice;
  const intent = await story.stripe.paymentIntents.confirm(
    payments?.data[0]?.payment.payment_intent as string,
    { payment_method: 'pm_card_authenticationRequired', return_url: 'https://example.com/back' },
  );
  expect(intent.status).toBe('requires_action');
  await story.mark();
  return { subscription, intent };
}

// Only a person, or this test, can answer a challenge.
describe.skipIf(isSandbox)('a challenge', () => {
  test('that is passed makes the subscription active', async () => {
    const story = await beginStory(world);
    const { subscription, intent } = await challenged(story);
    const location = await answerChallenge(intent, 'complete');
    expect(location).toMatch(/^https:\/\/example\.com\/back\?.*payment_intent=pi_/);
    expect(await story.types()).toEqual(
      expect.arrayContaining([
        'charge.succeeded',
        'payment_intent.succeeded',
        'invoice.paid',
        'customer.subscription.updated',
      ]),
    );
    expect((await story.stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('that is failed can be tried again', async () => {
    const story = await beginStory(world);
    const { subscription, intent } = await challenged(story);
    await answerChallenge(intent, 'fail');
    const failed = await story.stripe.paymentIntents.retrieve(intent.id);
    expect(failed).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'payment_intent_authentication_failure' },
    });
    expect(await story.types()).toContain('payment_intent.payment_failed');
    const again = await story.stripe.paymentIntents.confirm(intent.id, {
      payment_method: 'pm_card_visa',
      return_url: 'https://example.com/back',
    });
    expect(again.status).toBe('succeeded');
    expect((await story.stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test.each([
    [true, 'complete', 'paid'],
    [false, 'open', 'unpaid'],
  ])('at Checkout, passed %s: %s and %s', async (authenticate, status, paymentStatus) => {
    const { id } = await world.stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: world.proMonthly.id, quantity: 1 }],
      success_url: 'https://example.com/done',
    });
    const last = (await world.stripe.events.list({ limit: 1 })).data[0]?.id;
    const body = { card: asks, email: 'owner@example.com', authenticate };
    const result = await control(world, `checkout_sessions/${id}/complete`, body);
    expect(result).toMatchObject({ status, paymentStatus });
    await world.local?.settled();
    const { data } = await world.stripe.events.list({ limit: 100, ending_before: last });
    const types = data.reverse().map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(['payment_intent.created', 'payment_intent.requires_action']);
    expect(types.includes('customer.subscription.created')).toBe(authenticate);
    expect(types.includes('payment_intent.payment_failed')).toBe(!authenticate);
  });
});
