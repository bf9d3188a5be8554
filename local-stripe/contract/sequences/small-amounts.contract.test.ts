import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, beginStory, hour } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const priced = (currency: string, unit_amount: number, recurring = true) =>
  world.stripe.prices.create({
    product: world.product.id,
    currency,
    unit_amount,
    ...(recurring ? { recurring: { interval: 'month' } } : {}),
  });

/** By docs.stripe.com/currencies; for others about half a dollar. */
const minima: [string, number][] = [
  ['usd', 50],
  ['aed', 200],
  ['aud', 50],
  ['bgn', 100],
  ['brl', 50],
  ['cad', 50],
  ['chf', 50],
  ['cny', 400],
  ['czk', 1500],
  ['dkk', 250],
  ['eur', 50],
  ['gbp', 30],
  ['hkd', 400],
  ['huf', 17_500],
  ['inr', 50],
  ['jpy', 50],
  ['mxn', 1000],
  ['myr', 200],
  ['nok', 300],
  ['nzd', 50],
  ['pln', 200],
  ['ron', 200],
  ['sek', 300],
  ['sgd', 50],
  ['thb', 1000],
];

const balanceOf = async (story: Story) => {
  const customer = await story.stripe.customers.retrieve(story.customer.id);
  return (customer as Stripe.Customer).balance;
};
const latestOf = async (story: Story) => {
  return (await story.stripe.invoices.list({ customer: story.customer.id, limit: 1 })).data[0]!;
};
const bookedOf = async (story: Story) => {
  const { data } = await story.stripe.customers.listBalanceTransactions(story.customer.id);
  return data.map(({ type, amount, ending_balance }) => [type, amount, ending_balance]).reverse();
};

describe('8.6 what cannot be charged for being too little', () => {
  test.each(minima)('an invoice in %s is charged from %i on', async (currency, minimum) => {
    for (const amount of [0, minimum - 1, minimum]) {
      const customer = await world.stripe.customers.create({
        payment_method: 'pm_card_visa',
        invoice_settings: { default_payment_method: 'pm_card_visa' },
      });
      const { latest_invoice } = await world.stripe.subscriptions.create({
        customer: customer.id,
        items: [{ price: (await priced(currency, amount)).id }],
        expand: ['latest_invoice.payments'],
      });
      const isCharged = amount === minimum;
      const invoice = latest_invoice as Stripe.Invoice;
      expect(invoice).toMatchObject({
        status: 'paid',
        total: amount,
        amount_due: isCharged ? amount : 0,
        amount_paid: isCharged ? amount : 0,
        amount_remaining: 0,
        starting_balance: 0,
        ending_balance: isCharged ? 0 : amount,
      });
      expect(invoice.payments!.data).toHaveLength(isCharged ? 1 : 0);
      const after = await world.stripe.customers.retrieve(customer.id);
      expect(after).toMatchObject({ balance: isCharged ? 0 : amount, delinquent: false });
    }
  });

  test.each(minima)('a payment in %s of less than %i is refused', async (currency, minimum) => {
    const refused = { statusCode: 400, code: 'amount_too_small' };
    const intent = (amount: number) => world.stripe.paymentIntents.create({ amount, currency });
    await expect(intent(minimum - 1)).rejects.toMatchObject({ ...refused, param: 'amount' });
    const { id } = await intent(minimum);
    const lowered = world.stripe.paymentIntents.update(id, { amount: minimum - 1 });
    await expect(lowered).rejects.toMatchObject(refused);
    const session = async (amount: number) =>
      world.stripe.checkout.sessions.create({
        mode: 'payment',
        line_items: [{ price: (await priced(currency, amount, false)).id, quantity: 1 }],
        success_url: 'https://example.com',
      });
    await expect(session(minimum - 1)).rejects.toMatchObject(refused);
    expect((await session(minimum)).amount_total).toBe(minimum);
    expect((await session(0)).amount_total).toBe(0);
  });

  test('a payment changed to a currency in which it is too little', async () => {
    const { id } = await world.stripe.paymentIntents.create({ amount: 60, currency: 'usd' });
    const changed = world.stripe.paymentIntents.update(id, { currency: 'hkd' });
    await expect(changed).rejects.toMatchObject({ statusCode: 400, code: 'amount_too_small' });
  });

  test('a month of 0.30 each: the second is charged with the first', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await story.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: (await priced('usd', 30)).id }],
    });
    expect(await balanceOf(story)).toBe(30);
    const preview = await story.stripe.invoices.createPreview({ subscription: id });
    expect(preview).toMatchObject({ total: 30, starting_balance: 30, amount_due: 60 });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    expect(await latestOf(story)).toMatchObject({ total: 30, amount_due: 60, amount_paid: 60 });
    expect(await balanceOf(story)).toBe(0);
    await story.advanceTo(at('2027-03-01') + 2 * hour);
    expect(await latestOf(story)).toMatchObject({ total: 30, amount_due: 0, status: 'paid' });
    expect(await bookedOf(story)).toEqual([
      ['invoice_too_small', 30, 30],
      ['applied_to_invoice', -30, 0],
      ['invoice_too_small', 30, 30],
    ]);
  });

  test('what a credit leaves over, too little to charge', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { customer, stripe } = story;
    await stripe.customers.createBalanceTransaction(customer.id, {
      amount: -2890,
      currency: 'cny',
    });
    const { latest_invoice } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: world.proMonthly.id }],
      expand: ['latest_invoice'],
    });
    expect(latest_invoice).toMatchObject({
      status: 'paid',
      total: 2900,
      amount_due: 0,
      starting_balance: -2890,
      ending_balance: 10,
    });
    expect(await bookedOf(story)).toEqual([
      ['adjustment', -2890, -2890],
      ['applied_to_invoice', 2890, 0],
      ['invoice_too_small', 10, 10],
    ]);
  });

  test.each(['charge_automatically', 'send_invoice'] as const)('by hand, %s', async (method) => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { customer, stripe } = story;
    const { id } = await stripe.invoices.create({
      customer: customer.id,
      currency: 'cny',
      collection_method: method,
      ...(method === 'send_invoice' ? { days_until_due: 7 } : {}),
    });
    await stripe.invoiceItems.create({
      customer: customer.id,
      invoice: id,
      amount: 100,
      currency: 'cny',
    });
    const open = await stripe.invoices.finalizeInvoice(id);
    expect(open).toMatchObject({ status: 'paid', total: 100, amount_due: 0, ending_balance: 100 });
    expect(await balanceOf(story)).toBe(100);
  });

  test.each(['cny', 'jpy'])(
    'what a credit note leaves over, in %s, is not charged',
    async (currency) => {
      const story = await beginStory(world, { card: 'pm_card_visa' });
      const { customer, stripe } = story;
      const minimum = currency === 'cny' ? 400 : 50;
      const { id } = await stripe.invoices.create({ customer: customer.id, currency });
      const item = { customer: customer.id, invoice: id, amount: minimum + 100, currency };
      await stripe.invoiceItems.create(item);
      await stripe.invoices.finalizeInvoice(id, { auto_advance: true });
      const intentOf = async () => {
        const { data } = await stripe.invoicePayments.list({ invoice: id });
        return stripe.paymentIntents.retrieve(data[0]!.payment.payment_intent as string);
      };
      const note = await stripe.creditNotes.create({ invoice: id, amount: 101 });
      expect((await intentOf()).status).toBe('canceled');
      await expect(stripe.invoices.pay(id)).rejects.toMatchObject({
        statusCode: 400,
        code: 'amount_too_small',
      });
      await story.advanceTo(at('2027-01-20'));
      expect(await stripe.invoices.retrieve(id)).toMatchObject({
        status: 'open',
        amount_remaining: minimum - 1,
      });
      expect((await stripe.charges.list({ customer: customer.id })).data).toEqual([]);
      await stripe.creditNotes.voidCreditNote(note.id);
      expect(await stripe.invoices.pay(id)).toMatchObject({
        status: 'paid',
        amount_paid: minimum + 100,
      });
    },
  );

  test('in subscription mode, Checkout sets the card up and charges later', async () => {
    const session = await world.stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: (await priced('usd', 30)).id, quantity: 1 }],
      success_url: 'https://example.com',
    });
    expect(session.amount_total).toBe(30);
  });
});
