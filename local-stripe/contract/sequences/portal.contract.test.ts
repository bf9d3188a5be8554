import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectEvents } from '../support/expect-events.ts';
import { at, beginStory, hour, useCard } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { isSandbox } from '../support/subject.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
  await world.stripe.billingPortal.configurations.create({
    features: {
      invoice_history: { enabled: true },
      payment_method_update: { enabled: true },
      subscription_cancel: { enabled: true, mode: 'at_period_end' },
    },
  });
});
afterAll(() => world.close());

async function subscribed(): Promise<{ story: Story; subscription: Stripe.Subscription }> {
  const story = await beginStory(world, { card: 'pm_card_visa' });
  const subscription = await story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: [{ price: world.proMonthly.id }],
  });
  return { story, subscription };
}

/** Opens the portal, and sends one of its forms as a browser would. */
async function submit(story: Story, path: string, form: Record<string, string>) {
  const [configuration] = (await story.stripe.billingPortal.configurations.list({ limit: 1 })).data;
  const { url } = await story.stripe.billingPortal.sessions.create({
    customer: story.customer.id,
    configuration: configuration?.id,
    return_url: 'https://example.com/account',
  });
  const response = await fetch(`${url}/${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  });
  expect([response.status, await response.text()]).toEqual([303, expect.any(String)]);
}

// Only a person, or this test, walks the pages.
describe.skipIf(isSandbox)('in the portal', () => {
  test('a new card is kept for what comes, and the open invoice waits to be paid', async () => {
    const { story, subscription } = await subscribed();
    await useCard(story.stripe, story.customer.id, 'pm_card_chargeCustomerFail');
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    await story.mark();
    await submit(story, 'payment_methods/new', {
      number: '4242424242424242',
      expiry: '12 / 30',
      cvc: '123',
      name: 'Wu',
    });
    await expectEvents(story, [
      'billing_portal.session.created',
      'setup_intent.created',
      'setup_intent.succeeded',
      'payment_method.attached',
      'customer.updated',
    ]);
    const after = await story.stripe.subscriptions.retrieve(subscription.id, {
      expand: ['latest_invoice'],
    });
    const invoice = after.latest_invoice as Stripe.Invoice;
    expect([after.status, invoice.status]).toEqual(['past_due', 'open']);
    expect((await story.stripe.invoices.pay(invoice.id)).status).toBe('paid');
  });

  test('canceling sets a time and leaves the boolean alone', async () => {
    const { story, subscription } = await subscribed();
    await story.mark();
    await submit(story, `subscriptions/${subscription.id}/cancel`, {});
    await expectEvents(story, ['billing_portal.session.created', 'customer.subscription.updated']);
    expect(await story.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      cancel_at: at('2027-02-01'),
      cancel_at_period_end: false,
      cancellation_details: { reason: 'cancellation_requested' },
    });
    await submit(story, `subscriptions/${subscription.id}/resume`, {});
    expect((await story.stripe.subscriptions.retrieve(subscription.id)).cancel_at).toBeNull();
  });
});
