import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeCheckout } from '../support/control.ts';
import { beginStory } from '../support/story.ts';
import { isSandbox } from '../support/subject.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

type Created = Stripe.PaymentIntentCreateParams;

/** What the call was refused with. */
async function refusalOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

async function cardOf(name: string): Promise<{ customer: string; card: string }> {
  const customer = await world.stripe.customers.create();
  const card = await world.stripe.paymentMethods.attach(name, { customer: customer.id });
  return { customer: customer.id, card: card.id };
}

/** Every way to ask for the money without its owner. */
const ways: Record<string, (customer: string, card: string) => Promise<unknown>> = {
  'created and confirmed': (customer, card) =>
    world.stripe.paymentIntents.create(
      payment(customer, card, { off_session: true, confirm: true }),
    ),
  'created as one of a kind': (customer, card) =>
    world.stripe.paymentIntents.create(
      payment(customer, card, { off_session: 'one_off', confirm: true }),
    ),
  'created as recurring': (customer, card) =>
    world.stripe.paymentIntents.create(
      payment(customer, card, { off_session: 'recurring', confirm: true }),
    ),
  'confirmed later': async (customer, card) => {
    const { id } = await world.stripe.paymentIntents.create(payment(customer, card, {}));
    return world.stripe.paymentIntents.confirm(id, { off_session: true });
  },
  'confirmed later, with the card': async (customer, card) => {
    const { id } = await world.stripe.paymentIntents.create({
      amount: 2900,
      currency: 'usd',
      customer,
    });
    return world.stripe.paymentIntents.confirm(id, { off_session: true, payment_method: card });
  },
  error_on_requires_action: (customer, card) =>
    world.stripe.paymentIntents.create(
      payment(customer, card, { error_on_requires_action: true, confirm: true }),
    ),
  'tried again after a challenge that waits': async (customer, card) => {
    const { id, status } = await world.stripe.paymentIntents.create(
      payment(customer, card, { confirm: true, return_url: 'https://example.com' }),
    );
    expect(status).toBe('requires_action');
    return world.stripe.paymentIntents.confirm(id, { off_session: true });
  },
};

function payment(customer: string, card: string, more: Partial<Created>): Created {
  return { amount: 2900, currency: 'usd', customer, payment_method: card, ...more };
}

describe('8.7 a payment that needs its owner, who is not there', () => {
  test.each(Object.keys(ways))('%s: it is a decline', async (name) => {
    const { customer, card } = await cardOf('pm_card_authenticationRequired');
    const error = await refusalOf(ways[name]!(customer, card));
    expect(error).toMatchObject({
      type: 'StripeCardError',
      statusCode: 402,
      code: 'authentication_required',
      decline_code: 'authentication_required',
      payment_intent: { status: 'requires_payment_method', next_action: null },
      payment_method: { id: card },
    });
    const intent = await world.stripe.paymentIntents.retrieve(error.payment_intent!.id, {
      expand: ['latest_charge'],
    });
    expect(intent).toMatchObject({
      status: 'requires_payment_method',
      payment_method: null,
      last_payment_error: { code: 'authentication_required', payment_method: { id: card } },
      latest_charge: { status: 'failed', failure_code: 'authentication_required' },
    });
    // Its owner comes, and pays.
    const waiting = await world.stripe.paymentIntents.confirm(intent.id, {
      payment_method: card,
      return_url: 'https://example.com',
    });
    expect(waiting.status).toBe('requires_action');
  });

  test('with its owner there it waits for them', async () => {
    const { customer, card } = await cardOf('pm_card_authenticationRequired');
    const intent = await world.stripe.paymentIntents.create(
      payment(customer, card, { confirm: true, off_session: false, return_url: 'https://a.cn' }),
    );
    expect(intent.status).toBe('requires_action');
  });

  test('words that go with a confirmation alone', async () => {
    const { customer, card } = await cardOf('pm_card_visa');
    for (const early of [
      { off_session: true },
      { error_on_requires_action: true },
      { return_url: 'https://example.com' },
    ]) {
      const error = await refusalOf(
        world.stripe.paymentIntents.create(payment(customer, card, early)),
      );
      expect(error).toMatchObject({ statusCode: 400, param: Object.keys(early)[0] });
    }
  });

  test('that of an invoice goes on waiting', async () => {
    const { customer, card } = await cardOf('pm_card_authenticationRequired');
    const { latest_invoice } = await world.stripe.subscriptions.create({
      customer,
      items: [{ price: world.proMonthly.id }],
      payment_behavior: 'default_incomplete',
      expand: ['latest_invoice.payments'],
    });
    const invoice = latest_invoice as Stripe.Invoice;
    const id = invoice.payments!.data[0]!.payment.payment_intent as string;
    for (const call of [
      () => world.stripe.invoices.pay(invoice.id!, { payment_method: card, off_session: true }),
      () => world.stripe.paymentIntents.confirm(id, { payment_method: card, off_session: true }),
    ]) {
      const error = await refusalOf(call());
      expect(error).toMatchObject({
        statusCode: 402,
        code: 'invoice_payment_intent_requires_action',
      });
      expect((await world.stripe.paymentIntents.retrieve(id)).status).toBe('requires_action');
    }
  });
});

describe('8.13 a first payment that waits for its owner, under allow_incomplete', () => {
  test('is not counted yet, and goes on by itself', async () => {
    const story = await beginStory(world, { card: 'pm_card_authenticationRequired' });
    const { id, status, latest_invoice } = await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: world.proMonthly.id }],
      payment_behavior: 'allow_incomplete',
      expand: ['latest_invoice'],
    });
    expect(status).toBe('incomplete');
    const invoice = latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({
      status: 'open',
      attempt_count: 0,
      auto_advance: true,
      next_payment_attempt: null,
    });
    const paid = await story.stripe.invoices.pay(invoice.id!, { payment_method: 'pm_card_visa' });
    expect(paid).toMatchObject({ status: 'paid', attempt_count: 1, auto_advance: false });
    expect((await story.stripe.subscriptions.retrieve(id)).status).toBe('active');
  });

  test('a decline is counted', async () => {
    const story = await beginStory(world, { card: 'pm_card_chargeCustomerFail' });
    const { latest_invoice } = await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: world.proMonthly.id }],
      expand: ['latest_invoice'],
    });
    expect(latest_invoice).toMatchObject({ status: 'open', attempt_count: 1 });
  });
});

describe('8.10 the secret to confirm an invoice with', () => {
  test('stays when the invoice is paid, and belongs to its intent', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { latest_invoice } = await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: world.proMonthly.id }],
      expand: ['latest_invoice.confirmation_secret', 'latest_invoice.payments'],
    });
    const invoice = latest_invoice as Stripe.Invoice;
    expect(invoice.status).toBe('paid');
    const intent = invoice.payments!.data[0]!.payment.payment_intent as string;
    const { client_secret } = await story.stripe.paymentIntents.retrieve(intent);
    expect(invoice.confirmation_secret).toEqual({ client_secret, type: 'payment_intent' });
  });

  test('is null where there is no payment: a draft, nothing due, void, paid elsewhere', async () => {
    const { stripe, customer } = world;
    const secretOf = async (id: string) => {
      const params = { expand: ['confirmation_secret'] };
      return (await stripe.invoices.retrieve(id, params)).confirmation_secret;
    };
    const make = async (amount: number) => {
      const { id } = await stripe.invoices.create({ customer: customer.id, currency: 'cny' });
      const item = { customer: customer.id, invoice: id!, amount, currency: 'cny' };
      await stripe.invoiceItems.create(item);
      return id!;
    };
    const draft = await make(2900);
    expect(await secretOf(draft)).toBeNull();
    await stripe.invoices.finalizeInvoice(draft);
    expect(await secretOf(draft)).not.toBeNull();
    await stripe.invoices.voidInvoice(draft);
    expect(await secretOf(draft)).toBeNull();
    const free = await make(0);
    await stripe.invoices.finalizeInvoice(free);
    expect(await secretOf(free)).toBeNull();
    const elsewhere = await make(2900);
    await stripe.invoices.pay(elsewhere, { paid_out_of_band: true });
    expect(await secretOf(elsewhere)).toBeNull();
  });
});

describe('8.12 a session that sets a card up', () => {
  const open = (params: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
    world.stripe.checkout.sessions.create({
      mode: 'setup',
      currency: 'cny',
      customer: world.customer.id,
      success_url: 'https://example.com',
      setup_intent_data: { description: 'A card', metadata: { tenant: 't_1' } },
      ...params,
    });

  test('has its setup intent from the beginning, with what was given for it', async () => {
    const session = await open({ expand: ['setup_intent'] });
    expect(session.setup_intent).toMatchObject({
      object: 'setup_intent',
      status: 'requires_payment_method',
      customer: world.customer.id,
      description: 'A card',
      metadata: { tenant: 't_1' },
    });
  });

  test('that is canceled when the session expires', async () => {
    const { id, setup_intent } = await open();
    await world.stripe.checkout.sessions.expire(id);
    const { status } = await world.stripe.setupIntents.retrieve(setup_intent as string);
    expect(status).toBe('canceled');
  });

  test.skipIf(isSandbox)('and is the one that succeeds, after a decline too', async () => {
    const { id, setup_intent } = await open();
    const declined = await completeCheckout(world, id, { card: '4000000000000002' });
    expect(declined.error).toBeDefined();
    await completeCheckout(world, id, { card: '4242424242424242' });
    const done = await world.stripe.checkout.sessions.retrieve(id, { expand: ['setup_intent'] });
    expect(done).toMatchObject({
      status: 'complete',
      setup_intent: { id: setup_intent, status: 'succeeded' },
    });
  });
});
