import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, beginStory, hour } from '../support/story.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const rate = async (percentage: number): Promise<string> => {
  const made = { display_name: 'VAT', percentage, inclusive: false };
  return (await world.stripe.taxRates.create(made)).id;
};
const subscribe = (params: Partial<Stripe.SubscriptionCreateParams> = {}) =>
  world.stripe.subscriptions.create({
    customer: world.customer.id,
    items: [{ price: world.teamMonthly.id }],
    ...params,
  });
const sums = (invoice: Stripe.Invoice) => ({
  total: invoice.total,
  total_excluding_tax: invoice.total_excluding_tax,
  taxes: (invoice.total_taxes ?? []).map(({ amount }) => amount),
});

describe('8 tax: of a change', () => {
  test('what is given back carries its tax, and the preview says what is charged', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id, items } = await world.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: world.proMonthly.id }],
      default_tax_rates: [await rate(19)],
    });
    await story.advanceTo(at('2027-01-16T12:00:00Z'));
    const change = { items: [{ id: items.data[0]!.id, price: world.teamMonthly.id }] };
    const preview = await world.stripe.invoices.createPreview({
      subscription: id,
      subscription_details: {
        ...change,
        proration_behavior: 'always_invoice',
        proration_date: at('2027-01-16T12:00:00Z'),
      },
    });
    const after = await world.stripe.subscriptions.update(id, {
      ...change,
      proration_behavior: 'always_invoice',
      proration_date: at('2027-01-16T12:00:00Z'),
      expand: ['latest_invoice'],
    });
    const charged = after.latest_invoice as Stripe.Invoice;
    expect(charged.lines.data.map(({ amount }) => amount)).toEqual([-1450, 4950]);
    expect(charged.lines.data.map((line) => line.taxes![0]!.amount)).toEqual([-276, 941]);
    expect(sums(charged)).toEqual(sums(preview));
    expect(charged).toMatchObject({ total: 4165, amount_paid: 4165 });
    const next = await world.stripe.invoices.createPreview({ subscription: id });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    const { latest_invoice: renewal } = await world.stripe.subscriptions.retrieve(id, {
      expand: ['latest_invoice'],
    });
    expect(renewal).toMatchObject({ amount_paid: 11_781 });
    expect(sums(renewal as Stripe.Invoice)).toEqual(sums(next));
  });

  test('other rates count from the next invoice on', async () => {
    const [before, after] = [await rate(16), await rate(19)];
    const { id } = await subscribe({ default_tax_rates: [before] });
    await world.stripe.taxRates.update(before, { active: false });
    // What it has already it may keep.
    await world.stripe.subscriptions.update(id, { default_tax_rates: [before] });
    const updated = await world.stripe.subscriptions.update(id, { default_tax_rates: [after] });
    expect(updated.default_tax_rates!.map((one) => one.percentage)).toEqual([19]);
    const next = await world.stripe.invoices.createPreview({ subscription: id });
    expect(sums(next)).toMatchObject({ taxes: [1881] });
    const other = await world.stripe.invoices.createPreview({
      subscription: id,
      subscription_details: { default_tax_rates: '' },
    });
    expect(sums(other)).toMatchObject({ taxes: [] });
    const untouched = await world.stripe.subscriptions.retrieve(id);
    expect(untouched.default_tax_rates!.map((one) => one.id)).toEqual([after]);
  });

  test('items that are added and changed by themselves have their own', async () => {
    const [whole, own] = [await rate(19), await rate(7)];
    const { id } = await subscribe({ default_tax_rates: [whole] });
    const added = await world.stripe.subscriptionItems.create({
      subscription: id,
      price: world.proMonthly.id,
      tax_rates: [own],
      proration_behavior: 'none',
    });
    expect(added.tax_rates!.map((one) => one.percentage)).toEqual([7]);
    const next = () => world.stripe.invoices.createPreview({ subscription: id });
    expect(sums(await next()).taxes).toEqual([1881, 203]);
    const changed = await world.stripe.subscriptionItems.update(added.id, { tax_rates: [whole] });
    expect(changed.tax_rates!.map((one) => one.percentage)).toEqual([19]);
    expect(sums(await next()).taxes).toEqual([2432]);
  });

  test('phases of a schedule say it for themselves', async () => {
    const [now, later] = [await rate(19), await rate(7)];
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id, items } = await world.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: world.teamMonthly.id, tax_rates: [now] }],
      default_tax_rates: [now],
    });
    const schedule = await world.stripe.subscriptionSchedules.create({ from_subscription: id });
    const [phase] = schedule.phases;
    expect(phase!.default_tax_rates!.map((one) => one.id)).toEqual([now]);
    expect(phase!.items[0]!.tax_rates!.map((one) => one.id)).toEqual([now]);
    await world.stripe.subscriptionSchedules.update(schedule.id, {
      phases: [
        {
          items: [{ price: world.teamMonthly.id, tax_rates: [now] }],
          default_tax_rates: [now],
          start_date: phase!.start_date,
          end_date: phase!.end_date,
        },
        {
          items: [{ price: world.proMonthly.id }],
          default_tax_rates: [later],
          duration: { interval: 'month' },
        },
      ],
    });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    const after = await world.stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] });
    expect(after.default_tax_rates!.map((one) => one.id)).toEqual([later]);
    expect(after.items.data[0]).toMatchObject({ id: items.data[0]!.id, tax_rates: [] });
    expect(after.latest_invoice).toMatchObject({ subtotal: 2900, total: 3103 });
  });

  test('a schedule begins with the rates of its first phase', async () => {
    const vat = await rate(19);
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await world.stripe.subscriptionSchedules.create({
      customer: story.customer.id,
      start_date: 'now',
      phases: [
        {
          items: [{ price: world.teamMonthly.id }],
          default_tax_rates: [vat],
          duration: { interval: 'month' },
        },
      ],
    });
    const { subscription } = await world.stripe.subscriptionSchedules.retrieve(id, {
      expand: ['subscription.latest_invoice'],
    });
    const { latest_invoice: invoice } = subscription as Stripe.Subscription;
    expect(invoice).toMatchObject({ total: 11_781, amount_paid: 11_781 });
  });
});
