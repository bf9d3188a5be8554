import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, beginStory, day, hour, newYear } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { fresh, openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** Usage that is billed afterwards: an invoice of its own beside a subscription. */
let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const december = { start: at('2026-12-01'), end: at('2027-01-01') };

/** The draft of a statement over these lines, each step under its key. */
async function drafted({ stripe, customer }: Story, amounts: number[], name = fresh('statement')) {
  const invoice = await stripe.invoices.create(
    {
      customer: customer.id,
      currency: 'cny',
      discounts: '',
      auto_advance: false,
      collection_method: 'charge_automatically',
      pending_invoice_items_behavior: 'exclude',
      metadata: { statement: name, sha256: 'ab12' },
      footer: 'Proof: ab12',
    },
    { idempotencyKey: `${name}:invoice` },
  );
  for (const [n, amount] of amounts.entries()) {
    await stripe.invoiceItems.create(
      {
        customer: customer.id,
        invoice: invoice.id,
        amount,
        currency: 'cny',
        description: `Line ${n}`,
        period: december,
        metadata: { line: String(n) },
      },
      { idempotencyKey: `${name}:line:${n}` },
    );
  }
  return stripe.invoices.retrieve(invoice.id);
}

async function subscribed(card = 'pm_card_visa') {
  const story = await beginStory(world, { card });
  const { stripe, customer } = story;
  const { id } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: world.proMonthly.id }],
    default_payment_method: await workingCard(story),
  });
  return { story, id };
}
/** The subscription's own card works whatever the customer's does. */
const workingCard = async ({ stripe, customer }: Story) =>
  (await stripe.paymentMethods.attach('pm_card_mastercard', { customer: customer.id })).id;

describe('12 a statement', () => {
  test('has its lines and nothing else, and is charged an hour after it is final', async () => {
    const { story, id } = await subscribed();
    const { stripe, customer } = story;
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'forever' });
    await stripe.subscriptions.update(id, { discounts: [{ coupon: coupon.id }] });
    const waits = { customer: customer.id, amount: 700, currency: 'cny' };
    await stripe.invoiceItems.create(waits);
    const name = fresh('statement');
    const draft = await drafted(story, [1200, 34, 5], name);
    expect(draft).toMatchObject({
      status: 'draft',
      total: 1239,
      total_excluding_tax: 1239,
      footer: 'Proof: ab12',
      metadata: { statement: name, sha256: 'ab12' },
      parent: null,
    });
    expect(draft.lines.data.map((line) => [line.amount, line.period, line.metadata])).toEqual([
      [1200, december, { line: '0' }],
      [34, december, { line: '1' }],
      [5, december, { line: '2' }],
    ]);
    // The same steps again, as after a crash, make nothing new.
    expect((await drafted(story, [1200, 34, 5], name)).id).toBe(draft.id);
    const { data } = await stripe.invoices.list({ customer: customer.id, created: { gte: 1 } });
    expect(data.filter(({ metadata }) => metadata?.statement === name)).toHaveLength(1);

    const open = await stripe.invoices.finalizeInvoice(draft.id, { auto_advance: true });
    expect(open).toMatchObject({ status: 'open', next_payment_attempt: newYear + hour });
    await story.advanceTo(newYear + hour + 60);
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({
      status: 'paid',
      amount_paid: 1239,
    });
    expect((await stripe.customers.retrieve(customer.id)) as Stripe.Customer).toMatchObject({
      balance: 0,
    });
  });

  test('that is a draft leaves an upgrade what its preview said', async () => {
    const { story, id } = await subscribed();
    const { stripe } = story;
    const draft = await drafted(story, [1200]);
    await story.advanceTo(newYear + 10 * day);
    const subscription = await stripe.subscriptions.retrieve(id);
    const change = {
      items: [{ id: subscription.items.data[0]!.id, price: world.teamMonthly.id }],
      proration_date: newYear + 10 * day,
      proration_behavior: 'always_invoice' as const,
    };
    const preview = await stripe.invoices.createPreview({
      subscription: id,
      subscription_details: change,
    });
    const { latest_invoice } = await stripe.subscriptions.update(id, {
      ...change,
      expand: ['latest_invoice'],
    });
    expect(latest_invoice).toMatchObject({ status: 'paid', amount_paid: preview.amount_due });
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({
      status: 'draft',
      total: 1200,
    });
  });

  test('that cannot be charged leaves the subscription as it is, and is paid on its page later', async () => {
    const { story, id } = await subscribed('pm_card_chargeCustomerFail');
    const { stripe } = story;
    const draft = await drafted(story, [1200]);
    await stripe.invoices.finalizeInvoice(draft.id, { auto_advance: true });
    await story.mark();
    await story.advanceTo(newYear + 2 * hour);
    expect(await story.types()).toContain('invoice.payment_failed');
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({
      status: 'open',
      attempt_count: 1,
    });
    const { status } = await stripe.subscriptions.retrieve(id);
    expect(status).toBe('active');
    const written = await stripe.invoices.markUncollectible(draft.id);
    expect(written.status).toBe('uncollectible');
    const paid = await stripe.invoices.pay(draft.id, { payment_method: 'pm_card_visa' });
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 1200 });
  });

  test('that was paid is adjusted by a credit note, and the correction shows on both', async () => {
    const { story } = await subscribed();
    const { stripe } = story;
    const draft = await drafted(story, [1200, 300]);
    const paid = await stripe.invoices.pay(draft.id);
    const note = await stripe.creditNotes.create({
      invoice: paid.id,
      lines: [
        { type: 'invoice_line_item', invoice_line_item: paid.lines.data[1]!.id, amount: 120 },
      ],
      refund_amount: 120,
      memo: 'Counted twice',
      reason: 'order_change',
    });
    expect(note).toMatchObject({ total: 120, post_payment_amount: 120, type: 'post_payment' });
    expect(await stripe.invoices.retrieve(paid.id)).toMatchObject({
      status: 'paid',
      amount_paid: 1500,
      post_payment_credit_notes_amount: 120,
      pre_payment_credit_notes_amount: 0,
    });
  });
});
