import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { control } from '../support/control.ts';
import { beginStory, day, hour, newYear } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { isSandbox, localOf } from '../support/subject.ts';
import { fresh, openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** A purchase that is charged while nobody is there: an invoice of its own, paid by the card on file. */
let world: World;
let pack: Stripe.Price;

beforeAll(async () => {
  world = await openWorld();
  pack = await world.stripe.prices.create({
    product: world.product.id,
    currency: 'cny',
    unit_amount: 6800,
  });
});
afterAll(() => world.close());

async function topUp({ stripe, customer }: Story, name = fresh('top_up')) {
  const key = (step: string) => ({ idempotencyKey: `${name}:${step}` });
  const { id } = await stripe.invoices.create(
    {
      customer: customer.id,
      currency: 'cny',
      auto_advance: false,
      discounts: '',
      pending_invoice_items_behavior: 'exclude',
      metadata: { purchase: name },
    },
    key('create'),
  );
  await stripe.invoiceItems.create(
    { customer: customer.id, invoice: id, pricing: { price: pack.id }, quantity: 1 },
    key('item'),
  );
  const open = await stripe.invoices.finalizeInvoice(id, { auto_advance: false }, key('finalize'));
  const pay = () => stripe.invoices.pay(id, { off_session: true }, key('pay'));
  return { open, pay };
}

async function refusalOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
const intentOf = async ({ stripe }: Story, invoice: string) => {
  const { data } = await stripe.invoicePayments.list({ invoice });
  return stripe.paymentIntents.retrieve(data[0]!.payment.payment_intent as string);
};

describe('12 an auto top-up', () => {
  test('is charged, and told of in order; the same key answers the same', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { open, pay } = await topUp(story);
    expect(open).toMatchObject({ status: 'open', amount_due: 6800, auto_advance: false });
    await story.mark();
    const paid = await pay();
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 6800, attempt_count: 1 });
    expect((await pay()).id).toBe(paid.id);
    if (!isSandbox) {
      expect(await story.types()).toEqual([
        'charge.succeeded',
        'payment_intent.succeeded',
        'invoice.paid',
        'invoice.payment_succeeded',
        'invoice_payment.paid',
      ]);
    }
    const { data } = await story.stripe.charges.list({ customer: story.customer.id });
    expect(data).toHaveLength(1);
    const again = await refusalOf(story.stripe.invoices.pay(open.id));
    expect(again).toMatchObject({ statusCode: 400, code: 'invoice_already_paid' });
  });

  test('that needs its owner waits for them, is not tried again by itself, and ends when voided', async () => {
    const story = await beginStory(world, { card: 'pm_card_authenticationRequired' });
    const { open, pay } = await topUp(story);
    await story.mark();
    const error = await refusalOf(pay());
    expect(error).toMatchObject({
      statusCode: 402,
      code: 'invoice_payment_intent_requires_action',
      payment_intent: { status: 'requires_action' },
    });
    if (!isSandbox) {
      expect(await story.types()).toEqual([
        'payment_intent.requires_action',
        'invoice.updated',
        'invoice.payment_failed',
        'invoice.payment_action_required',
      ]);
    }
    const waiting = await story.stripe.invoices.retrieve(open.id);
    expect(waiting).toMatchObject({
      status: 'open',
      attempted: true,
      attempt_count: 1,
      next_payment_attempt: null,
    });
    expect(waiting.hosted_invoice_url).toMatch(/^https?:/);
    // That is for payments which Stripe itself collects.
    const owner = await story.stripe.customers.retrieve(story.customer.id);
    expect(owner).toMatchObject({ delinquent: false });
    await story.mark();
    await story.advanceTo(newYear + day);
    if (!isSandbox) expect(await story.types()).toEqual([]);
    await story.stripe.invoices.voidInvoice(open.id);
    expect(await intentOf(story, open.id)).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'void_invoice',
    });
    const late = await refusalOf(story.stripe.invoices.pay(open.id));
    expect(late).toMatchObject({ statusCode: 400 });
  });

  test.skipIf(isSandbox)('is paid when its owner authenticates on the invoice’s page', async () => {
    const story = await beginStory(world, { card: 'pm_card_authenticationRequired' });
    const { open, pay } = await topUp(story);
    await refusalOf(pay());
    const page = await (await fetch(open.hosted_invoice_url!)).text();
    const challenge = new URL(/href="(\/3ds\/\w+)"/.exec(page)![1]!, localOf(world).url);
    await fetch(challenge, { method: 'POST', body: new URLSearchParams({ outcome: 'complete' }) });
    expect(await story.stripe.invoices.retrieve(open.id)).toMatchObject({
      status: 'paid',
      amount_paid: 6800,
    });
  });

  test('that is declined stays open and unpaid; another card pays it', async () => {
    const story = await beginStory(world, { card: 'pm_card_chargeCustomerFail' });
    const { open, pay } = await topUp(story);
    const declined = await refusalOf(pay());
    expect(declined).toMatchObject({ statusCode: 402, code: 'card_declined' });
    await story.advanceTo(newYear + 30 * day);
    expect(await story.stripe.invoices.retrieve(open.id)).toMatchObject({
      status: 'open',
      attempt_count: 1,
      amount_remaining: 6800,
    });
    const params = { payment_method: 'pm_card_visa', off_session: true };
    expect(await story.stripe.invoices.pay(open.id, params)).toMatchObject({ status: 'paid' });
  });

  test('is not charged to a card of somebody else, nor of nobody', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { open } = await topUp(story);
    const nobodys = await story.stripe.paymentMethods.create({
      type: 'card',
      card: { token: 'tok_visa' },
    });
    for (const payment_method of [world.card, nobodys.id]) {
      const error = await refusalOf(story.stripe.invoices.pay(open.id, { payment_method }));
      expect(error).toMatchObject({ statusCode: 400, param: 'payment_method' });
    }
    expect(await story.stripe.invoices.retrieve(open.id)).toMatchObject({ attempt_count: 0 });
  });

  test('without a card on file is refused, and nothing is tried', async () => {
    const story = await beginStory(world);
    const { open, pay } = await topUp(story);
    expect(await refusalOf(pay())).toMatchObject({ statusCode: 400 });
    expect(await story.stripe.invoices.retrieve(open.id)).toMatchObject({ attempt_count: 0 });
  });

  test('that credit covers is paid when it is final, and paying it is refused', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { stripe, customer } = story;
    await stripe.customers.createBalanceTransaction(customer.id, {
      amount: -7000,
      currency: 'cny',
    });
    const { open, pay } = await topUp(story);
    expect(open).toMatchObject({ status: 'paid', amount_due: 0, ending_balance: -200 });
    expect(await refusalOf(pay())).toMatchObject({ code: 'invoice_already_paid' });
    expect((await stripe.charges.list({ customer: customer.id })).data).toEqual([]);
  });
});

describe.skipIf(isSandbox)('12 retries of one-off invoices', () => {
  const settings = { attempts: 3, spacingSeconds: 2 * day };

  test.each(['open', 'uncollectible'] as const)(
    'end %s, whatever subscriptions do',
    async (final) => {
      await control(world, 'retry_settings', {
        attempts: 1,
        final: 'cancel',
        invoices: { ...settings, final },
      });
      const story = await beginStory(world, { card: 'pm_card_chargeCustomerFail' });
      const { stripe, customer } = story;
      const { id } = await stripe.invoices.create({ customer: customer.id, currency: 'cny' });
      const item = { customer: customer.id, invoice: id, amount: 900, currency: 'cny' };
      await stripe.invoiceItems.create(item);
      await stripe.invoices.finalizeInvoice(id, { auto_advance: true });
      const seen = [];
      for (const at of [hour, hour + 2 * day, hour + 4 * day, 40 * day]) {
        await story.advanceTo(newYear + at + 60);
        const { status, attempt_count, next_payment_attempt } = await stripe.invoices.retrieve(id);
        seen.push([status, attempt_count, next_payment_attempt !== null]);
      }
      expect(seen).toEqual([
        ['open', 1, true],
        ['open', 2, true],
        [final, 3, false],
        [final, 3, false],
      ]);
      const told = (await story.types()).filter((type) => type.startsWith('invoice.'));
      expect(told.filter((type) => type === 'invoice.payment_failed')).toHaveLength(3);
      expect(told.includes('invoice.marked_uncollectible')).toBe(final === 'uncollectible');
      // Whoever pays later has paid.
      const paid = await stripe.invoices.pay(id, { payment_method: 'pm_card_visa' });
      expect(paid).toMatchObject({ status: 'paid' });
    },
  );
});
