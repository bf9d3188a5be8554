import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectEvents } from '../support/expect-events.ts';
import { at, beginStory, day } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { isSandbox } from '../support/subject.ts';
import { eventually, openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A customer who paid CNY 29.00 for a month of Pro, and the payment. */
async function paid(card = 'pm_card_visa'): Promise<{ story: Story; intent: string; id: string }> {
  const story = await beginStory(world, { card });
  const { id, latest_invoice } = await story.stripe.subscriptions.create({
    customer: story.customer.id,
    items: [{ price: world.proMonthly.id }],
    expand: ['latest_invoice.payments'],
  });
  const { payments } = latest_invoice as Stripe.Invoice;
  const intent = payments?.data[0]?.payment.payment_intent as string;
  if (card === 'pm_card_visa') await story.mark();
  return { story, intent, id };
}

const chargeOf = async (story: Story, intent: string) => {
  const { latest_charge } = await story.stripe.paymentIntents.retrieve(intent, {
    expand: ['latest_charge'],
  });
  return latest_charge as Stripe.Charge;
};

describe('a refund', () => {
  test('in part, then the rest, leaves invoice and subscription as they are', async () => {
    const { story, intent, id } = await paid();
    const part = await story.stripe.refunds.create({ payment_intent: intent, amount: 900 });
    expect(part).toMatchObject({ status: 'succeeded', amount: 900, payment_intent: intent });
    await expectEvents(story, [
      'refund.created',
      'charge.refunded',
      'refund.updated',
      'charge.refund.updated',
    ]);
    expect(await chargeOf(story, intent)).toMatchObject({ refunded: false, amount_refunded: 900 });
    const rest = await story.stripe.refunds.create({ payment_intent: intent });
    expect(rest.amount).toBe(2000);
    expect(await chargeOf(story, intent)).toMatchObject({ refunded: true, amount_refunded: 2900 });
    const subscription = await story.stripe.subscriptions.retrieve(id, {
      expand: ['latest_invoice'],
    });
    expect(subscription).toMatchObject({ status: 'active', latest_invoice: { status: 'paid' } });
  });

  test.each([
    ['more than was paid', { amount: 2901 }],
    ['nothing', { amount: 0 }],
  ])('of %s is refused', async (_name, params) => {
    const { story, intent } = await paid();
    await expect(
      story.stripe.refunds.create({ payment_intent: intent, ...params }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });

  test('of what was refunded is refused with a code', async () => {
    const { story, intent } = await paid();
    await story.stripe.refunds.create({ payment_intent: intent });
    await expect(story.stripe.refunds.create({ payment_intent: intent })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    });
  });
});

describe('a dispute', () => {
  const disputed = async () => {
    const { story, intent, id } = await paid('pm_card_createDispute');
    const dispute = await eventually(world, async () => {
      return (await story.stripe.disputes.list({ payment_intent: intent })).data[0];
    });
    return { story, intent, id, dispute };
  };

  test('takes the money, and the subscription stays', async () => {
    const { story, intent, id, dispute } = await disputed();
    expect(dispute).toMatchObject({ status: 'needs_response', amount: 2900, reason: 'fraudulent' });
    const types = await story.types();
    expect(types).toEqual(
      expect.arrayContaining(['charge.dispute.created', 'charge.dispute.funds_withdrawn']),
    );
    expect(await chargeOf(story, intent)).toMatchObject({ disputed: true });
    expect((await story.stripe.subscriptions.retrieve(id)).status).toBe('active');
  });

  test.each([
    ['winning_evidence', 'won', ['charge.dispute.closed', 'charge.dispute.funds_reinstated']],
    ['losing_evidence', 'lost', ['charge.dispute.closed']],
  ])('with %s is %s', async (evidence, status, expected) => {
    const { story, dispute } = await disputed();
    await story.mark();
    await story.stripe.disputes.update(dispute.id, {
      evidence: { uncategorized_text: evidence },
      submit: true,
    });
    const closed = await eventually(world, async () => {
      const now = await story.stripe.disputes.retrieve(dispute.id);
      return now.status === status ? now : undefined;
    });
    expect(closed.status).toBe(status);
    expect(await story.types()).toEqual(expect.arrayContaining(expected));
  });
});

describe('a test clock', () => {
  test('tells that it advances and that it is ready, what fell due in between', async () => {
    const { story } = await paid();
    const since = await world.stripe.events.list({ limit: 1 });
    await story.advanceTo(at('2027-02-02'));
    const { data } = await world.stripe.events.list({
      limit: 100,
      ending_before: since.data[0]?.id,
    });
    const types = data.reverse().map(({ type }) => type);
    expect(types[0]).toBe('test_helpers.test_clock.advancing');
    expect(types).toContain('invoice.paid');
    if (!isSandbox) expect(types.at(-1)).toBe('test_helpers.test_clock.ready');
  });

  test('goes forwards alone, and by two intervals at most', async () => {
    const { story } = await paid();
    const { testClocks } = world.stripe.testHelpers;
    for (const frozen_time of [at('2026-12-31'), at('2027-06-01')]) {
      await expect(testClocks.advance(story.clock, { frozen_time })).rejects.toMatchObject({
        statusCode: 400,
      });
    }
  });

  test('deleted takes its customers along', async () => {
    const { story } = await paid();
    await world.stripe.testHelpers.testClocks.del(story.clock);
    const gone = await world.stripe.customers.retrieve(story.customer.id).catch((error) => error);
    expect(gone.deleted === true || gone.statusCode === 404).toBe(true);
  });
});

describe('money', () => {
  test('adds up over half a year of failing, paying, refunding and changing', async () => {
    const { story, id, intent } = await paid();
    await story.stripe.refunds.create({ payment_intent: intent, amount: 500 });
    await story.advanceTo(at('2027-02-10'));
    const { items } = await story.stripe.subscriptions.retrieve(id);
    await story.stripe.subscriptions.update(id, {
      items: [{ id: items.data[0]?.id, price: world.teamMonthly.id }],
      proration_behavior: 'always_invoice',
    });
    for (const next of ['2027-04-02', '2027-06-02']) await story.advanceTo(at(next));
    const customer = { customer: story.customer.id, limit: 100 };
    const invoices = (await story.stripe.invoices.list(customer)).data;
    const charges = (await story.stripe.charges.list(customer)).data;
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
    const succeeded = charges.filter(({ status }) => status === 'succeeded');
    expect(invoices.length).toBeGreaterThan(5);
    expect(sum(invoices.map(({ amount_paid }) => amount_paid))).toBe(
      sum(succeeded.map(({ amount }) => amount)),
    );
    expect(sum(succeeded.map(({ amount_refunded }) => amount_refunded))).toBe(500);
    for (const invoice of invoices) {
      expect(invoice.amount_due).toBe(invoice.amount_paid + invoice.amount_remaining);
      expect(sum(invoice.lines.data.map(({ amount }) => amount))).toBe(invoice.subtotal);
    }
    await story.advanceTo(at('2027-06-02') + day);
  });
});
