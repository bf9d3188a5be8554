import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { control } from '../support/control.ts';
import { isSandbox } from '../support/subject.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
let vat: string;
let book: string;
let plan: string;

beforeAll(async () => {
  world = await openWorld();
  const { stripe, product } = world;
  const rate = { display_name: 'VAT', percentage: 19, inclusive: false };
  vat = (await stripe.taxRates.create(rate)).id;
  const price = { product: product.id, currency: 'cny', unit_amount: 9900 };
  const taxed = { ...price, tax_behavior: 'exclusive' } as const;
  book = (await stripe.prices.create(taxed)).id;
  plan = (await stripe.prices.create({ ...taxed, recurring: { interval: 'month' } })).id;
});
afterAll(() => world.close());

type Params = Partial<Stripe.Checkout.SessionCreateParams>;

const open = (params: Params) =>
  world.stripe.checkout.sessions.create({ success_url: 'https://example.com/done', ...params });
const buy = (params: Params = {}) =>
  open({ mode: 'payment', line_items: [{ price: book, quantity: 1 }], ...params });
const subscribe = (params: Params = {}) =>
  open({ mode: 'subscription', line_items: [{ price: plan, quantity: 1 }], ...params });
const german = {
  country: 'DE',
  city: 'Berlin',
  line1: 'Weg 1',
  line2: null,
  postal_code: '10115',
  state: null,
};
async function complete(session: Stripe.Checkout.Session, body: object = {}) {
  const email = 'wu@example.com';
  const path = `checkout_sessions/${session.id}/complete`;
  await control(world, path, { card: 'pm_card_visa', email, ...body });
  return world.stripe.checkout.sessions.retrieve(session.id, {
    expand: ['invoice', 'payment_intent', 'subscription', 'total_details.breakdown', 'line_items'],
  });
}

describe.skipIf(isSandbox)('8 tax: Checkout', () => {
  test('rates by hand on what is bought once, and on its invoice', async () => {
    const { id: coupon } = await world.stripe.coupons.create({ percent_off: 50 });
    const session = await buy({
      line_items: [{ price: book, quantity: 2, tax_rates: [vat] }],
      discounts: [{ coupon }],
      invoice_creation: { enabled: true },
    });
    expect(session).toMatchObject({
      amount_subtotal: 19_800,
      amount_total: 11_781,
      total_details: { amount_discount: 9900, amount_tax: 1881 },
      automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    });
    // Recorded sessions that do not ask have no such field.
    expect(session).not.toHaveProperty('tax_id_collection');
    const paid = await complete(session);
    expect(paid.payment_intent).toMatchObject({ amount_received: 11_781 });
    expect(paid.invoice).toMatchObject({ total: 11_781, amount_paid: 11_781, status: 'paid' });
    expect(paid.total_details!.breakdown!.taxes).toMatchObject([
      { amount: 1881, rate: { id: vat }, taxability_reason: null, taxable_amount: 9900 },
    ]);
    expect(paid.line_items!.data).toMatchObject([
      { amount_subtotal: 19_800, amount_tax: 1881, amount_total: 11_781 },
    ]);
  });

  test('rates by hand on a subscription: of its lines and of all', async () => {
    const once = await world.stripe.prices.create({
      product: world.product.id,
      currency: 'cny',
      unit_amount: 1000,
    });
    const low = { display_name: 'VAT', percentage: 7, inclusive: false };
    const { id: reduced } = await world.stripe.taxRates.create(low);
    const session = await subscribe({
      line_items: [
        { price: plan, quantity: 1 },
        { price: once.id, quantity: 1, tax_rates: [reduced] },
      ],
      subscription_data: { default_tax_rates: [vat] },
    });
    expect(session).toMatchObject({
      amount_subtotal: 10_900,
      amount_total: 12_851,
      total_details: { amount_tax: 1951 },
    });
    const paid = await complete(session);
    expect(paid.invoice).toMatchObject({ total: 12_851, amount_paid: 12_851 });
    const subscription = paid.subscription as Stripe.Subscription;
    expect(subscription.default_tax_rates!.map(({ id }) => id)).toEqual([vat]);
    const next = await world.stripe.invoices.createPreview({ subscription: subscription.id });
    expect(next.total).toBe(11_781);
  });

  test.each(['payment', 'subscription'] as const)(
    'automatic tax in mode %s comes with the address',
    async (mode) => {
      const automatic = { automatic_tax: { enabled: true } } as const;
      const session = await (mode === 'payment'
        ? buy({ ...automatic, invoice_creation: { enabled: true } })
        : subscribe(automatic));
      expect(session).toMatchObject({
        amount_total: 9900,
        automatic_tax: {
          enabled: true,
          liability: { type: 'self' },
          provider: 'stripe',
          status: 'requires_location_inputs',
        },
      });
      const paid = await complete(session, { address: german });
      expect(paid).toMatchObject({
        amount_total: 11_781,
        automatic_tax: { status: 'complete' },
        total_details: { amount_tax: 1881 },
        customer_details: { address: { country: 'DE' }, tax_exempt: 'none', tax_ids: [] },
      });
      expect(paid.invoice).toMatchObject({
        amount_paid: 11_781,
        automatic_tax: { enabled: true, status: 'complete' },
        customer_address: { country: 'DE' },
      });
    },
  );

  test('a business abroad gives its tax id, and pays none', async () => {
    const session = await subscribe({
      automatic_tax: { enabled: true },
      tax_id_collection: { enabled: true, required: 'if_supported' },
    });
    expect(session.tax_id_collection).toEqual({ enabled: true, required: 'if_supported' });
    await expect(complete(session, { address: german })).rejects.toThrow('taxId');
    const taxId = { type: 'eu_vat', value: 'DE123456789' };
    const paid = await complete(session, { address: german, taxId, name: 'Wu GmbH' });
    expect(paid).toMatchObject({ amount_total: 9900, customer_details: { tax_ids: [taxId] } });
    const { data } = await world.stripe.customers.listTaxIds(paid.customer as string);
    expect(data).toMatchObject([{ ...taxId, country: 'DE' }]);
    const invoice = paid.invoice as Stripe.Invoice;
    expect(invoice.customer_tax_ids).toEqual([taxId]);
    expect(invoice.total_taxes).toMatchObject([{ taxability_reason: 'reverse_charge' }]);
  });

  test('a customer who is known is asked only where the session may change them', async () => {
    const { stripe, customer } = world;
    const automatic_tax = { enabled: true };
    await expect(subscribe({ customer: customer.id, automatic_tax })).rejects.toMatchObject({
      statusCode: 400,
      code: 'customer_tax_location_invalid',
    });
    const tax_id_collection = { enabled: true };
    await expect(subscribe({ customer: customer.id, tax_id_collection })).rejects.toMatchObject({
      statusCode: 400,
      param: 'customer_update[name]',
    });
    const session = await subscribe({
      customer: customer.id,
      automatic_tax,
      tax_id_collection,
      customer_update: { address: 'auto', name: 'auto' },
    });
    const taxId = { type: 'eu_vat', value: 'FR12345678901' };
    const paid = await complete(session, { address: { ...german, country: 'FR' }, taxId });
    expect(paid.amount_total).toBe(9900);
    const known = await stripe.customers.retrieve(customer.id, { expand: ['tax_ids'] });
    expect(known).toMatchObject({ address: { country: 'FR' }, tax_ids: { data: [taxId] } });
    const again = await subscribe({ customer: customer.id, automatic_tax });
    expect(again).toMatchObject({ amount_total: 9900, automatic_tax: { status: 'complete' } });
    await stripe.customers.update(customer.id, { address: '' });
  });

  test('a decline changes nothing of the customer', async () => {
    const { id: customer } = await world.stripe.customers.create({});
    const session = await subscribe({
      customer,
      automatic_tax: { enabled: true },
      customer_update: { address: 'auto' },
    });
    const declined = await complete(session, {
      card: '4000000000000002',
      address: german,
    });
    expect(declined).toMatchObject({ status: 'open', amount_total: 11_781 });
    expect(await world.stripe.customers.retrieve(customer)).toMatchObject({ address: null });
  });

  test('a price without a word of tax is refused', async () => {
    const line_items = [{ price: world.teamMonthly.id, quantity: 1 }];
    await expect(subscribe({ line_items, automatic_tax: { enabled: true } })).rejects.toMatchObject(
      { statusCode: 400 },
    );
    await expect(
      subscribe({ line_items, subscription_data: { default_tax_rates: ['txr_none'] } }),
    ).rejects.toMatchObject({ param: 'subscription_data[default_tax_rates]' });
  });
});
