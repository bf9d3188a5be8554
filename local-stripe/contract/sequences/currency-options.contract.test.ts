import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, beginStory, hour } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
let pro: Stripe.Price;
let team: Stripe.Price;
let setup: Stripe.Price;

beforeAll(async () => {
  world = await openWorld();
  const make = (params: Partial<Stripe.PriceCreateParams>) =>
    world.stripe.prices.create({ product: world.product.id, currency: 'cny', ...params });
  const recurring = { interval: 'month' as const };
  pro = await make({
    unit_amount: 2900,
    recurring,
    currency_options: { eur: { unit_amount: 500, tax_behavior: 'inclusive' } },
  });
  team = await make({
    unit_amount: 9900,
    recurring,
    currency_options: { eur: { unit_amount: 1500 } },
  });
  setup = await make({ unit_amount: 4000, currency_options: { eur: { unit_amount: 700 } } });
});
afterAll(() => world.close());

const subscribe = (
  { stripe, customer }: Story,
  params: Partial<Stripe.SubscriptionCreateParams> = {},
) =>
  stripe.subscriptions.create({
    customer: customer.id,
    currency: 'eur',
    items: [{ price: pro.id }],
    expand: ['latest_invoice'],
    ...params,
  });

const invoiceOf = ({ latest_invoice }: Stripe.Subscription) => latest_invoice as Stripe.Invoice;

const latest = async ({ stripe, customer }: Story) =>
  (await stripe.invoices.list({ customer: customer.id, limit: 1 })).data[0]!;

describe('8.18 a price in one of its currency_options', () => {
  test('is what a subscription in that currency is billed, first and at renewal', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const subscription = await subscribe(story, { add_invoice_items: [{ price: setup.id }] });
    expect(subscription.currency).toBe('eur');
    const first = invoiceOf(subscription);
    expect(first).toMatchObject({ currency: 'eur', amount_paid: 1200, status: 'paid' });
    expect(
      first.lines.data.map(({ amount, currency, pricing }) => [
        amount,
        currency,
        String(pricing?.unit_amount_decimal),
      ]),
    ).toEqual([
      [700, 'eur', '700'],
      [500, 'eur', '500'],
    ]);
    const preview = await story.stripe.invoices.createPreview({ subscription: subscription.id });
    expect(preview).toMatchObject({ currency: 'eur', total: 500 });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    expect(await latest(story)).toMatchObject({ currency: 'eur', amount_paid: 500 });
    const customer = (await story.stripe.customers.retrieve(story.customer.id)) as Stripe.Customer;
    expect(customer.currency).toBe('eur');
  });

  test('is what a change is prorated by', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const subscription = await subscribe(story);
    const changed = await story.stripe.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0]!.id, price: team.id }],
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice'],
    });
    expect(invoiceOf(changed)).toMatchObject({ currency: 'eur', total: 1000 });
  });

  test('says for itself whether tax is in it', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await world.stripe.taxRates.create({
      display_name: 'VAT',
      percentage: 25,
      inclusive: true,
    });
    const taxed = invoiceOf(await subscribe(story, { default_tax_rates: [id] }));
    expect(taxed).toMatchObject({ total: 500, total_taxes: [{ amount: 100 }] });
  });

  test('is refused in a currency that it has no amount in', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const refusal = { statusCode: 400, param: 'items[0][price]' };
    await expect(subscribe(story, { currency: 'jpy' })).rejects.toMatchObject(refusal);
    await expect(
      story.stripe.checkout.sessions.create({
        mode: 'subscription',
        currency: 'jpy',
        line_items: [{ price: pro.id, quantity: 1 }],
        success_url: 'https://example.com',
      }),
    ).rejects.toMatchObject({ statusCode: 400, param: 'line_items[0][price]' });
  });

  test('is what a preview and a Checkout session in that currency ask for', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const preview = await story.stripe.invoices.createPreview({
      customer: story.customer.id,
      currency: 'eur',
      subscription_details: { items: [{ price: pro.id, quantity: 2 }] },
    });
    expect(preview).toMatchObject({ currency: 'eur', total: 1000 });
    const session = await story.stripe.checkout.sessions.create({
      mode: 'subscription',
      customer: story.customer.id,
      currency: 'eur',
      line_items: [
        { price: pro.id, quantity: 2 },
        { price: setup.id, quantity: 1 },
      ],
      success_url: 'https://example.com',
      expand: ['line_items'],
    });
    expect(session).toMatchObject({ currency: 'eur', amount_total: 1700 });
    expect(session.line_items!.data.map((line) => [line.currency, line.amount_total])).toEqual([
      ['eur', 1000],
      ['eur', 700],
    ]);
  });

  test('may be on an invoice by hand', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const customer = story.customer.id;
    const { id } = await story.stripe.invoices.create({ customer, currency: 'eur' });
    await story.stripe.invoiceItems.create({
      customer,
      invoice: id,
      currency: 'eur',
      pricing: { price: setup.id },
    });
    expect(await story.stripe.invoices.retrieve(id)).toMatchObject({ currency: 'eur', total: 700 });
  });

  test('is what a schedule in that currency begins with, and goes on in', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const month = { interval: 'month' as const };
    await story.stripe.subscriptionSchedules.create({
      customer: story.customer.id,
      start_date: 'now',
      phases: [
        { currency: 'eur', items: [{ price: pro.id }], duration: month },
        { currency: 'eur', items: [{ price: team.id }], duration: month },
      ],
    });
    await story.advanceTo(at('2027-01-01') + 2 * hour);
    expect(await latest(story)).toMatchObject({ currency: 'eur', total: 500 });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    expect(await latest(story)).toMatchObject({ currency: 'eur', total: 1500 });
  });

  test('has tiers of its own', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const seats = await world.stripe.prices.create({
      product: world.product.id,
      currency: 'cny',
      recurring: { interval: 'month' },
      billing_scheme: 'tiered',
      tiers_mode: 'graduated',
      tiers: [
        { up_to: 2, unit_amount: 3000 },
        { up_to: 'inf', unit_amount: 2000 },
      ],
      currency_options: {
        eur: {
          tiers: [
            { up_to: 1, unit_amount: 900 },
            { up_to: 'inf', unit_amount: 600 },
          ],
        },
      },
    });
    const made = await subscribe(story, { items: [{ price: seats.id, quantity: 3 }] });
    expect(invoiceOf(made).lines.data.map(({ amount }) => amount)).toEqual([900, 1200]);
  });
});
