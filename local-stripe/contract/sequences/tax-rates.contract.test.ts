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

const rate = async (percentage: number, inclusive = false): Promise<string> => {
  const made = { display_name: 'VAT', percentage, inclusive };
  return (await world.stripe.taxRates.create(made)).id;
};
const subscribe = (params: Partial<Stripe.SubscriptionCreateParams> = {}) =>
  world.stripe.subscriptions.create({
    customer: world.customer.id,
    items: [{ price: world.teamMonthly.id }],
    expand: ['latest_invoice'],
    ...params,
  });
const firstOf = async (params: Partial<Stripe.SubscriptionCreateParams>) =>
  (await subscribe(params)).latest_invoice as Stripe.Invoice;

/** An invoice over one amount of its own. */
async function draft(
  amount: number,
  invoice: Partial<Stripe.InvoiceCreateParams> = {},
  item: Partial<Stripe.InvoiceItemCreateParams> = {},
): Promise<Stripe.Invoice> {
  const customer = invoice.customer ?? world.customer.id;
  const { id } = await world.stripe.invoices.create({ customer, currency: 'cny', ...invoice });
  const currency = invoice.currency ?? 'cny';
  await world.stripe.invoiceItems.create({ customer, invoice: id, amount, currency, ...item });
  return world.stripe.invoices.retrieve(id);
}

const sums = (invoice: Stripe.Invoice) => ({
  subtotal: invoice.subtotal,
  subtotal_excluding_tax: invoice.subtotal_excluding_tax,
  total: invoice.total,
  total_excluding_tax: invoice.total_excluding_tax,
  taxes: (invoice.total_taxes ?? []).map(({ amount }) => amount),
});

describe('8 tax: rates by hand', () => {
  test('on top, in the shapes of the SDK', async () => {
    const vat = await rate(19);
    const invoice = await firstOf({ default_tax_rates: [vat] });
    expect(sums(invoice)).toEqual({
      subtotal: 9900,
      subtotal_excluding_tax: 9900,
      total: 11_781,
      total_excluding_tax: 9900,
      taxes: [1881],
    });
    const tax = {
      amount: 1881,
      tax_behavior: 'exclusive',
      tax_rate_details: { tax_rate: vat },
      taxability_reason: 'not_available',
      taxable_amount: 9900,
      type: 'tax_rate_details',
    };
    expect(invoice.total_taxes).toEqual([tax]);
    expect(invoice.lines.data[0]!.taxes).toEqual([tax]);
    expect(invoice.default_tax_rates.map(({ id }) => id)).toEqual([vat]);
    expect(invoice).toMatchObject({ status: 'paid', amount_paid: 11_781 });
  });

  test('within the price, which stays', async () => {
    const invoice = await firstOf({ default_tax_rates: [await rate(20, true)] });
    expect(sums(invoice)).toEqual({
      subtotal: 9900,
      subtotal_excluding_tax: 8250,
      total: 9900,
      total_excluding_tax: 8250,
      taxes: [1650],
    });
    expect(invoice.total_taxes![0]).toMatchObject({ tax_behavior: 'inclusive' });
  });

  test('several, with decimals, each rounded on its line', async () => {
    const rates = [await rate(5), await rate(9.975)];
    const { id } = await draft(43, { default_tax_rates: rates });
    const item = { customer: world.customer.id, invoice: id, amount: 484, currency: 'cny' };
    await world.stripe.invoiceItems.create(item);
    const invoice = await world.stripe.invoices.retrieve(id);
    // 2.15 and 24.2; 4.289… and 48.279…
    expect(invoice.lines.data.map((line) => line.taxes!.map(({ amount }) => amount))).toEqual([
      [2, 4],
      [24, 48],
    ]);
    expect(sums(invoice)).toMatchObject({ subtotal: 527, total: 605, taxes: [26, 52] });
  });

  test('of the line before those of the subscription item before those of the whole', async () => {
    const [whole, item, line] = [await rate(19), await rate(7), await rate(3)];
    const once = await world.stripe.prices.create({
      product: world.product.id,
      currency: 'cny',
      unit_amount: 10_000,
    });
    const subscription = await subscribe({
      default_tax_rates: [whole],
      items: [{ price: world.teamMonthly.id }, { price: world.proMonthly.id, tax_rates: [item] }],
      add_invoice_items: [{ price: once.id, tax_rates: [line] }],
    });
    const { data } = (subscription.latest_invoice as Stripe.Invoice).lines;
    const taxOn = (amount: number) => data.find((one) => one.amount === amount)!.taxes![0]!;
    expect(taxOn(9900)).toMatchObject({ amount: 1881, tax_rate_details: { tax_rate: whole } });
    expect(taxOn(2900)).toMatchObject({ amount: 203, tax_rate_details: { tax_rate: item } });
    expect(taxOn(10_000)).toMatchObject({ amount: 300, tax_rate_details: { tax_rate: line } });
    expect(subscription.items.data[1]!.tax_rates!.map(({ id }) => id)).toEqual([item]);
    expect(subscription.default_tax_rates!.map(({ id }) => id)).toEqual([whole]);
    const { data: items } = subscription.items;
    await world.stripe.subscriptions.update(subscription.id, {
      items: [{ id: items[1]!.id, tax_rates: '' }],
    });
    const next = await world.stripe.invoices.createPreview({ subscription: subscription.id });
    expect(sums(next)).toMatchObject({ subtotal: 12_800, taxes: [2432] });
  });

  test('a discount comes off before', async () => {
    const { id: coupon } = await world.stripe.coupons.create({ percent_off: 50 });
    const exclusive = await draft(1000, {
      default_tax_rates: [await rate(19)],
      discounts: [{ coupon }],
    });
    expect(sums(exclusive)).toMatchObject({ total: 595, total_excluding_tax: 500, taxes: [95] });
    const inclusive = await draft(1200, {
      default_tax_rates: [await rate(20, true)],
      discounts: [{ coupon }],
    });
    expect(sums(inclusive)).toEqual({
      subtotal: 1200,
      subtotal_excluding_tax: 1000,
      total: 600,
      total_excluding_tax: 500,
      taxes: [100],
    });
  });

  test.each([
    ['exempt', 'customer_exempt'],
    ['reverse', 'reverse_charge'],
  ] as const)('nothing of a customer who is %s', async (tax_exempt, reason) => {
    const { id: customer } = await world.stripe.customers.create({ tax_exempt });
    const invoice = await draft(1000, { customer, default_tax_rates: [await rate(19)] });
    expect(sums(invoice)).toMatchObject({ total: 1000, taxes: [0] });
    expect(invoice.total_taxes![0]).toMatchObject({ taxability_reason: reason });
    expect(invoice.customer_tax_exempt).toBe(tax_exempt);
    await world.stripe.customers.update(customer, { tax_exempt: 'none' });
    const final = await world.stripe.invoices.finalizeInvoice(invoice.id);
    expect(sums(final)).toMatchObject({ total: 1190, taxes: [190] });
  });

  test('the balance and the smallest charge count after it', async () => {
    const { id: customer } = await world.stripe.customers.create({ balance: -500 });
    const paid = await draft(1000, { customer, default_tax_rates: [await rate(19)] });
    expect(paid).toMatchObject({ total: 1190, amount_due: 690 });
    // Below 4.00 without tax, above it with.
    const little = await draft(390, { default_tax_rates: [await rate(19)] });
    expect(little).toMatchObject({ total: 464, amount_due: 464 });
    const none = await draft(300, { default_tax_rates: [await rate(19)] });
    expect(none).toMatchObject({ total: 357, amount_due: 0 });
  });

  test('in a currency without decimals', async () => {
    const { id: customer } = await world.stripe.customers.create({});
    const invoice = await draft(
      1235,
      { customer, currency: 'jpy', default_tax_rates: [await rate(10)] },
      { currency: 'jpy' },
    );
    // 123.5 yen
    expect(sums(invoice)).toMatchObject({ total: 1359, taxes: [124] });
  });

  test('on lines that are added, changed and moved', async () => {
    const [vat, low] = [await rate(19), await rate(7)];
    const made = await draft(1000, { default_tax_rates: [vat] });
    const added = await world.stripe.invoices.addLines(made.id, {
      lines: [{ amount: 2000, description: 'Books', tax_rates: [low] }],
    });
    expect(sums(added)).toMatchObject({ total: 3330, taxes: [190, 140] });
    const books = added.lines.data[1]!;
    const changed = await world.stripe.invoices.updateLines(made.id, {
      lines: [{ id: books.id, tax_rates: '' }],
    });
    expect(sums(changed)).toMatchObject({ total: 3570, taxes: [570] });
    expect(changed.lines.data.map(({ id }) => id)).toEqual(added.lines.data.map(({ id }) => id));
    const { id } = await world.stripe.invoices.update(made.id, { default_tax_rates: [low] });
    expect(sums(await world.stripe.invoices.retrieve(id))).toMatchObject({ taxes: [210] });
    await world.stripe.invoices.update(made.id, { default_tax_rates: '' });
    const final = await world.stripe.invoices.finalizeInvoice(made.id);
    expect(sums(final)).toMatchObject({ total: 3000, taxes: [] });
  });

  test('two lines of a subscription stay two when something is added', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await world.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [
        { price: world.teamMonthly.id },
        { price: world.proMonthly.id, tax_rates: [await rate(7)] },
      ],
      default_tax_rates: [await rate(19)],
    });
    await story.advanceTo(at('2027-02-01T00:10:00Z'));
    const subscription = await world.stripe.subscriptions.retrieve(id);
    const invoice = subscription.latest_invoice as string;
    const item = { customer: story.customer.id, invoice, amount: 100, currency: 'cny' };
    await world.stripe.invoiceItems.create(item);
    const added = await world.stripe.invoices.retrieve(invoice);
    expect(new Set(added.lines.data.map((line) => line.id)).size).toBe(3);
    expect(sums(added)).toMatchObject({ taxes: [1881 + 19, 203] });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    expect(await world.stripe.invoices.retrieve(invoice)).toMatchObject({
      status: 'paid',
      amount_paid: 12_900 + 1900 + 203,
    });
  });
});

describe('8 tax: is refused', () => {
  const refusal = async (work: Promise<unknown>) => {
    const error = (await work.catch((caught: unknown) => caught)) as Stripe.StripeRawError;
    return { status: error.statusCode, param: error.param, code: error.code, text: error.message };
  };

  test('where the rate is not there, is archived, or one too many', async () => {
    expect(await refusal(subscribe({ default_tax_rates: ['txr_none'] }))).toMatchObject({
      status: 400,
      code: 'resource_missing',
      param: 'default_tax_rates',
    });
    const old = await rate(19);
    await world.stripe.taxRates.update(old, { active: false });
    const items = [{ price: world.proMonthly.id, tax_rates: [old] }];
    expect(await refusal(subscribe({ items }))).toMatchObject({
      status: 400,
      param: 'items[0][tax_rates]',
    });
    const six = await Promise.all([1, 2, 3, 4, 5, 6].map((percentage) => rate(percentage)));
    expect(await refusal(subscribe({ default_tax_rates: six }))).toMatchObject({ status: 400 });
  });

  test('where the price says that tax is in it and the rate that it is not', async () => {
    const price = await world.stripe.prices.create({
      product: world.product.id,
      currency: 'cny',
      unit_amount: 900,
      recurring: { interval: 'month' },
      tax_behavior: 'inclusive',
    });
    const params = { items: [{ price: price.id }], default_tax_rates: [await rate(19)] };
    const { status, text } = await refusal(subscribe(params));
    expect(status).toBe(400);
    expect(text).toMatch(/`tax_behavior` that conflicts with the tax rates/);
    const fitting = await subscribe({ ...params, default_tax_rates: [await rate(19, true)] });
    expect(fitting.status).toBe('active');
  });

  test('nothing is left behind', async () => {
    const before = await world.stripe.subscriptions.list({ customer: world.customer.id });
    await refusal(subscribe({ default_tax_rates: ['txr_none'] }));
    const after = await world.stripe.subscriptions.list({ customer: world.customer.id });
    expect(after.data.length).toBe(before.data.length);
  });
});
