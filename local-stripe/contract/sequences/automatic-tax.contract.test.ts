import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { control } from '../support/control.ts';
import { at, beginStory, hour } from '../support/story.ts';
import { isSandbox } from '../support/subject.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
/** CNY 99.00 a month: with tax on top, with tax in it, and without a word of tax. */
let exclusive: string;
let inclusive: string;

beforeAll(async () => {
  world = await openWorld();
  const price = async (tax_behavior: 'exclusive' | 'inclusive') => {
    const { id } = await world.stripe.prices.create({
      product: world.product.id,
      currency: 'cny',
      unit_amount: 9900,
      recurring: { interval: 'month' },
      tax_behavior,
    });
    return id;
  };
  exclusive = await price('exclusive');
  inclusive = await price('inclusive');
});
afterAll(() => world.close());

const german = { country: 'DE', city: 'Berlin', line1: 'Weg 1', postal_code: '10115' };
const on = { automatic_tax: { enabled: true } } as const;

async function payer(params: Stripe.CustomerCreateParams = { address: german }): Promise<string> {
  const { id } = await world.stripe.customers.create({
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
    ...params,
  });
  return id;
}

async function firstInvoice(customer: string, price = exclusive): Promise<Stripe.Invoice> {
  const { latest_invoice } = await world.stripe.subscriptions.create({
    customer,
    items: [{ price }],
    ...on,
    expand: ['latest_invoice'],
  });
  return latest_invoice as Stripe.Invoice;
}

const refusal = async (work: Promise<unknown>) => {
  const error = (await work.catch((caught: unknown) => caught)) as Stripe.StripeRawError;
  return { status: error.statusCode, code: error.code, text: error.message };
};
const tellControl = (path: string, body: object) => control(world, path, body);

// A sandbox has registrations of its own.
describe.skipIf(isSandbox)('8 tax: automatic', () => {
  test('by where the customer is, on top or within', async () => {
    const invoice = await firstInvoice(await payer());
    expect(invoice.automatic_tax).toEqual({
      disabled_reason: null,
      enabled: true,
      liability: { type: 'self' },
      provider: 'stripe',
      status: 'complete',
    });
    expect(invoice).toMatchObject({ subtotal: 9900, total: 11_781, amount_paid: 11_781 });
    const [tax] = invoice.total_taxes!;
    expect(tax).toMatchObject({
      amount: 1881,
      taxability_reason: 'standard_rated',
      taxable_amount: 9900,
    });
    const rate = await world.stripe.taxRates.retrieve(tax!.tax_rate_details!.tax_rate);
    expect(rate).toMatchObject({
      active: false,
      country: 'DE',
      display_name: 'VAT',
      inclusive: false,
      percentage: 19,
    });
    expect(await firstInvoice(await payer(), inclusive)).toMatchObject({
      total: 9900,
      total_excluding_tax: 8319,
    });
  });

  test.each([
    ['nowhere known', {}, 'unrecognized_location'],
    ['in the US without a ZIP code', { address: { country: 'US' } }, 'unrecognized_location'],
    ['in Canada without a province', { address: { country: 'CA' } }, 'unrecognized_location'],
    ['in Germany', { address: german }, 'supported'],
    ['in Oregon', { address: { country: 'US', postal_code: '97201' } }, 'not_collecting'],
    ['in Brazil', { address: { country: 'BR' } }, 'not_collecting'],
  ] as [string, Stripe.CustomerCreateParams, string][])(
    'a customer %s',
    async (_name, params, automatic_tax) => {
      const customer = await payer(params);
      const { tax } = (await world.stripe.customers.retrieve(customer, {
        expand: ['tax'],
      })) as Stripe.Customer;
      expect(tax).toMatchObject({ automatic_tax, provider: 'stripe' });
      if (automatic_tax === 'unrecognized_location') {
        expect(await refusal(firstInvoice(customer))).toEqual({
          status: 400,
          code: 'customer_tax_location_invalid',
          text: "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.",
        });
        return;
      }
      const invoice = await firstInvoice(customer);
      const reason = automatic_tax === 'supported' ? 'standard_rated' : 'not_collecting';
      expect(invoice.total_taxes![0]).toMatchObject({ taxability_reason: reason });
    },
  );

  test('the address of delivery comes before that of the bill', async () => {
    const shipping = { name: 'Wu', address: { country: 'FR', city: 'Paris', line1: 'Rue 1' } };
    const customer = await payer({ address: german, shipping });
    const { tax } = (await world.stripe.customers.retrieve(customer, {
      expand: ['tax'],
    })) as Stripe.Customer;
    expect(tax!.location).toEqual({
      country: 'FR',
      source: 'shipping_destination',
      state: null,
    });
    expect((await firstInvoice(customer)).total_taxes![0]!.amount).toBe(1980);
  });

  test('a price has to say whether tax is in it, and rates by hand have no place', async () => {
    const customer = await payer();
    const plain = await refusal(firstInvoice(customer, world.teamMonthly.id));
    expect(plain.status).toBe(400);
    expect(plain.text).toMatch(
      /does not have a `tax_behavior` set which is required for automatic tax/,
    );
    const made = { display_name: 'VAT', percentage: 19, inclusive: false };
    const { id: rate } = await world.stripe.taxRates.create(made);
    const both = world.stripe.subscriptions.create({
      customer,
      items: [{ price: exclusive }],
      default_tax_rates: [rate],
      ...on,
    });
    expect(await refusal(both)).toMatchObject({ status: 400 });
  });

  test.each([
    ['a business elsewhere in the union', 'FR', 'eu_vat', 'FR12345678901', 'reverse_charge'],
    ['with the id of another country', 'FR', 'eu_vat', 'DE123456789', 'standard_rated'],
    ['a business in Britain', 'GB', 'gb_vat', 'GB123456789', 'reverse_charge'],
    ['with an id that is none of VAT', 'GB', 'us_ein', '12-3456789', 'standard_rated'],
  ] as const)('%s', async (_name, country, type, value, reason) => {
    const customer = await payer({ address: { country }, tax_id_data: [{ type, value }] });
    const invoice = await firstInvoice(customer);
    expect(invoice.customer_tax_ids).toEqual([{ type, value }]);
    expect(invoice.total_taxes).toMatchObject([{ taxability_reason: reason }]);
    expect(invoice.total === 9900).toBe(reason === 'reverse_charge');
  });

  test('at home a business pays the tax like anybody', async () => {
    await tellControl('tax_registrations', { country: 'DE' });
    const tax_id_data = [{ type: 'eu_vat', value: 'DE123456789' }] as const;
    const customer = await payer({ address: german, tax_id_data: [...tax_id_data] });
    expect((await firstInvoice(customer)).total).toBe(11_781);
    await tellControl('tax_registrations', { country: 'US' });
  });

  test('where it is collected is for a test to say', async () => {
    const registrations = [
      { country: 'US', state: 'NY', percentage: 8.875, tax: 'sales_tax' },
      { country: 'US', percentage: 1, tax: 'sales_tax' },
    ];
    await tellControl('tax_registrations', { registrations });
    const inState = (state: string) =>
      payer({ address: { country: 'US', postal_code: '10001', state } });
    expect((await firstInvoice(await inState('NY'))).total).toBe(10_779);
    expect((await firstInvoice(await inState('OR'))).total).toBe(9999);
    expect((await firstInvoice(await payer())).total_taxes).toMatchObject([
      { amount: 0, taxability_reason: 'not_collecting' },
    ]);
    const wrong = [{ country: 'US', percentage: 101 }];
    await expect(tellControl('tax_registrations', { registrations: wrong })).rejects.toThrow('400');
    await tellControl('tax_registrations', { registrations: null });
    expect((await firstInvoice(await payer())).total).toBe(11_781);
  });

  test.each([
    [{ tax_exempt: 'exempt' }, 'customer_exempt'],
    [{ tax_exempt: 'reverse' }, 'reverse_charge'],
  ] as const)('of a customer with %o nothing', async (exempt, reason) => {
    const invoice = await firstInvoice(await payer({ address: german, ...exempt }));
    expect(invoice).toMatchObject({ total: 9900, total_taxes: [{ taxability_reason: reason }] });
  });

  test('of what is not taxable nothing', async () => {
    const { id: price } = await world.stripe.prices.create({
      product_data: { name: 'Deposit', tax_code: 'txcd_00000000' },
      currency: 'cny',
      unit_amount: 9900,
      recurring: { interval: 'month' },
      tax_behavior: 'exclusive',
    });
    const invoice = await firstInvoice(await payer(), price);
    expect(invoice).toMatchObject({
      total: 9900,
      total_taxes: [{ taxability_reason: 'not_subject_to_tax' }],
    });
  });

  test('a preview before anybody is there, with and without an address', async () => {
    const preview = (customer_details?: Stripe.InvoiceCreatePreviewParams.CustomerDetails) =>
      world.stripe.invoices.createPreview({
        customer_details: customer_details ?? { tax_exempt: 'none' },
        subscription_details: { items: [{ price: exclusive }] },
        ...on,
      });
    const nowhere = await preview();
    expect(nowhere).toMatchObject({ total: 9900, customer: null });
    expect(nowhere.automatic_tax.status).toBe('requires_location_inputs');
    const somewhere = await preview({ address: german });
    expect(somewhere).toMatchObject({ total: 11_781, automatic_tax: { status: 'complete' } });
    // What it names can be read.
    const [tax] = somewhere.total_taxes!;
    await world.stripe.taxRates.retrieve(tax!.tax_rate_details!.tax_rate);
    const business = await preview({
      address: { country: 'FR' },
      tax_ids: [{ type: 'eu_vat', value: 'FR12345678901' }],
    });
    expect(business).toMatchObject({ total: 9900 });
  });

  test('an address that is lost: the renewal is billed without, and says so', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    await world.stripe.customers.update(story.customer.id, { address: german });
    const { id } = await world.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: exclusive }],
      ...on,
    });
    await world.stripe.customers.update(story.customer.id, { address: '' });
    await story.advanceTo(at('2027-02-01T00:10:00Z'));
    const drafted = await world.stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] });
    expect(drafted.latest_invoice).toMatchObject({
      automatic_tax: { enabled: true, status: 'requires_location_inputs' },
      total: 9900,
    });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    const after = await world.stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] });
    expect(after.latest_invoice).toMatchObject({
      status: 'paid',
      amount_paid: 9900,
      automatic_tax: {
        enabled: false,
        disabled_reason: 'finalization_requires_location_inputs',
      },
    });
    expect(after.automatic_tax).toEqual({
      disabled_reason: 'requires_location_inputs',
      enabled: false,
      liability: null,
    });
    expect(await refusal(world.stripe.subscriptions.update(id, on))).toMatchObject({
      code: 'customer_tax_location_invalid',
    });
  });

  test('one that is moved while the renewal is a draft decides', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    await world.stripe.customers.update(story.customer.id, { address: german });
    const { id } = await world.stripe.subscriptions.create({
      customer: story.customer.id,
      items: [{ price: exclusive }],
      ...on,
    });
    await story.advanceTo(at('2027-02-01T00:10:00Z'));
    await world.stripe.customers.update(story.customer.id, { address: { country: 'FR' } });
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    const { latest_invoice } = await world.stripe.subscriptions.retrieve(id, {
      expand: ['latest_invoice'],
    });
    expect(latest_invoice).toMatchObject({ amount_paid: 11_880 });
  });

  test('an invoice by hand takes what can be taxed, and nothing else', async () => {
    const customer = await payer();
    const { id } = await world.stripe.invoices.create({ customer, currency: 'cny', ...on });
    const item = { customer, invoice: id, currency: 'cny', amount: 1000 };
    const vat = { display_name: 'VAT', percentage: 19, inclusive: false };
    const { id: rate } = await world.stripe.taxRates.create(vat);
    for (const wrong of [
      item,
      { ...item, tax_behavior: 'exclusive', tax_rates: [rate] },
      { ...item, tax_behavior: 'exclusive', amount: -1000 },
    ] as Stripe.InvoiceItemCreateParams[]) {
      expect(await refusal(world.stripe.invoiceItems.create(wrong))).toMatchObject({ status: 400 });
    }
    await world.stripe.invoiceItems.create({ ...item, tax_behavior: 'exclusive' });
    await world.stripe.invoiceItems.create({ ...item, tax_behavior: 'inclusive' });
    const invoice = await world.stripe.invoices.finalizeInvoice(id);
    expect(invoice.lines.data.map((line) => line.taxes![0]!.amount)).toEqual([190, 160]);
    expect(invoice).toMatchObject({ subtotal: 2000, total: 2190 });
  });

  test('a tax id has the form of one', async () => {
    const create = (value: string) =>
      world.stripe.customers.createTaxId(world.customer.id, { type: 'eu_vat', value });
    expect(await refusal(create('123'))).toMatchObject({ status: 400, code: 'tax_id_invalid' });
    expect(await create('EL123456789')).toMatchObject({ country: 'GR' });
  });
});
