import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setRetrySettings } from '../support/control.ts';
import { expectEvents } from '../support/expect-events.ts';
import { at, beginStory, day, hour, useCard } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { isSandbox } from '../support/subject.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const firstTry = at('2027-02-01') + 2 * hour;

/** Subscribed with a good card that has been replaced by one that fails when charged. */
async function failing(): Promise<{ story: Story; id: string }> {
  const story = await beginStory(world, { card: 'pm_card_visa' });
  const { id } = await story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: [{ price: world.proMonthly.id }],
  });
  await useCard(story.stripe, story.customer.id, 'pm_card_chargeCustomerFail');
  await story.advanceTo(at('2027-02-01'));
  await story.mark();
  return { story, id };
}

const subscriptionOf = (story: Story, id: string) =>
  story.stripe.subscriptions.retrieve(id, { expand: ['latest_invoice', 'customer'] });

describe('a renewal that fails', () => {
  test('is told in order, and the subscription is past due', async () => {
    const { story, id } = await failing();
    await story.advanceTo(firstTry);
    await expectEvents(story, [
      'invoice.finalized',
      'payment_intent.created',
      'charge.failed',
      'payment_intent.payment_failed',
      'invoice.updated',
      'invoice.payment_failed',
      'customer.subscription.updated',
      'customer.updated',
    ]);
    const subscription = await subscriptionOf(story, id);
    expect(subscription.status).toBe('past_due');
    expect(subscription.customer).toMatchObject({ delinquent: true });
    expect(subscription.latest_invoice).toMatchObject({
      status: 'open',
      attempted: true,
      attempt_count: 1,
      next_payment_attempt: expect.any(Number),
    });
  });

  test('recovers when a better card pays', async () => {
    const { story, id } = await failing();
    await story.advanceTo(firstTry);
    await useCard(story.stripe, story.customer.id, 'pm_card_visa');
    await story.mark();
    const { latest_invoice } = await subscriptionOf(story, id);
    const paid = await story.stripe.invoices.pay((latest_invoice as Stripe.Invoice).id);
    expect(paid.status).toBe('paid');
    await expectEvents(story, [
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
      'customer.subscription.updated',
      'customer.updated',
      'invoice_payment.paid',
    ]);
    const subscription = await subscriptionOf(story, id);
    expect(subscription.status).toBe('active');
    expect(subscription.customer).toMatchObject({ delinquent: false });
  });

  test('a payment by hand that fails is a card error and counts as no attempt', async () => {
    const { story, id } = await failing();
    await story.advanceTo(firstTry);
    await story.mark();
    const { latest_invoice } = await subscriptionOf(story, id);
    const invoice = latest_invoice as Stripe.Invoice;
    await expect(story.stripe.invoices.pay(invoice.id)).rejects.toMatchObject({
      type: 'StripeCardError',
      code: 'card_declined',
    });
    expect(await story.types()).toContain('invoice.payment_failed');
    expect((await story.stripe.invoices.retrieve(invoice.id)).attempt_count).toBe(1);
  });

  test('is retried, and the card that works by then pays', async () => {
    const { story, id } = await failing();
    await story.advanceTo(firstTry);
    const { latest_invoice } = await subscriptionOf(story, id);
    const invoice = latest_invoice as Stripe.Invoice;
    await useCard(story.stripe, story.customer.id, 'pm_card_visa');
    await story.advanceTo((invoice.next_payment_attempt ?? 0) + hour);
    expect(await story.stripe.invoices.retrieve(invoice.id)).toMatchObject({
      status: 'paid',
      attempt_count: 2,
    });
    expect((await subscriptionOf(story, id)).status).toBe('active');
  });
});

describe.skipIf(isSandbox)('after the last retry', () => {
  const spacingSeconds = 2 * day;

  test('each failure is told; the last one ends as the settings say: canceled', async () => {
    await setRetrySettings(world, { attempts: 3, spacingSeconds, final: 'cancel' });
    const { story, id } = await failing();
    await story.advanceTo(firstTry);
    await story.mark();

    await story.advanceTo(firstTry + spacingSeconds);
    await expectEvents(story, [
      'charge.failed',
      'payment_intent.payment_failed',
      'invoice.updated',
      'invoice.payment_failed',
    ]);

    await story.advanceTo(firstTry + 2 * spacingSeconds);
    const events = await story.events();
    expect(events.map(({ type }) => type).slice(0, 5)).toEqual([
      'charge.failed',
      'payment_intent.payment_failed',
      'invoice.updated',
      'invoice.payment_failed',
      'customer.subscription.deleted',
    ]);
    const failed = events.find(({ type }) => type === 'invoice.payment_failed');
    expect(failed?.data.object).toMatchObject({ attempt_count: 3, next_payment_attempt: null });
    const subscription = await subscriptionOf(story, id);
    expect(subscription).toMatchObject({
      status: 'canceled',
      cancellation_details: { reason: 'payment_failed' },
      latest_invoice: { status: 'open', auto_advance: false },
    });
  });

  test.each([
    ['unpaid', 'unpaid', 'customer.subscription.updated'],
    ['pause', 'paused', 'customer.subscription.paused'],
  ] as const)('%s makes it %s', async (final, status, event) => {
    await setRetrySettings(world, { attempts: 1, spacingSeconds, final });
    const { story, id } = await failing();
    await story.advanceTo(firstTry);
    expect((await subscriptionOf(story, id)).status).toBe(status);
    expect(await story.types()).toContain(event);
  });

  test('past_due leaves it there', async () => {
    await setRetrySettings(world, { attempts: 1, spacingSeconds, final: 'past_due' });
    const { story, id } = await failing();
    await story.advanceTo(firstTry + 10 * day);
    expect((await subscriptionOf(story, id)).status).toBe('past_due');
  });

  test('an unpaid subscription goes on drafting, and charges nothing', async () => {
    await setRetrySettings(world, { attempts: 1, spacingSeconds, final: 'unpaid' });
    const { story, id } = await failing();
    await story.advanceTo(at('2027-03-01') + 2 * hour);
    const { latest_invoice, status } = await subscriptionOf(story, id);
    expect(status).toBe('unpaid');
    expect(latest_invoice).toMatchObject({ status: 'draft', auto_advance: false });
  });
});

describe.skipIf(isSandbox)('a card that wants its owner', () => {
  test('asks for them off-session and leaves the subscription past due', async () => {
    await setRetrySettings(world, { attempts: 3, spacingSeconds: day, final: 'cancel' });
    const { story, id } = await failing();
    await useCard(story.stripe, story.customer.id, 'pm_card_authenticationRequired');
    await story.mark();
    await story.advanceTo(firstTry);
    expect(await story.types()).toContain('invoice.payment_action_required');
    expect((await subscriptionOf(story, id)).status).toBe('past_due');
  });
});
