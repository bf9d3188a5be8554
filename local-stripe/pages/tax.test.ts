import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import type { LocalStripe } from '../index.ts';

let local: LocalStripe;
let stripe: Stripe;
let price: string;

beforeAll(async () => {
  local = await startLocalStripe({ port: 0, checkResponses: true });
  stripe = new Stripe('sk_test_tax', { host: '127.0.0.1', port: local.port, protocol: 'http' });
  const made = await stripe.prices.create({
    currency: 'eur',
    unit_amount: 10_000,
    tax_behavior: 'exclusive',
    recurring: { interval: 'month' },
    product_data: { name: 'Pro' },
  });
  price = made.id;
});
afterAll(() => local.close());

const textOf = async (path: string, language = 'en') => {
  const headers = { 'accept-language': language };
  return (await fetch(new URL(path, local.url), { headers })).text();
};
const card = {
  email: 'wu@example.com',
  number: '4242424242424242',
  expiry: '12/40',
  cvc: '123',
  name: 'Wu',
};
const address = { line1: 'Weg 1', city: 'Berlin', postal_code: '10115', country: 'DE' };
const open = (params: Partial<Stripe.Checkout.SessionCreateParams>) =>
  stripe.checkout.sessions.create({
    mode: 'subscription',
    success_url: 'https://app.example/ok',
    line_items: [{ price, quantity: 1 }],
    locale: 'en',
    ...params,
  });
/** Presses the button, with the total that the page showed last. */
async function press(url: string, form: Record<string, string>) {
  const shown_total = /name="shown_total" value="(\d+)"/.exec(await textOf(url))![1]!;
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ ...form, shown_total }),
    redirect: 'manual',
  });
  return { status: response.status, text: await response.text() };
}

describe('8 tax: the Checkout page', () => {
  test('asks where the payer is, shows the tax, and charges nothing before it was seen', async () => {
    const { id, url } = await open({ automatic_tax: { enabled: true } });
    expect(await textOf(url!)).toMatch(/Enter your address to see the tax[^]*name="country"/);
    const missing = await press(url!, card);
    expect(missing.status).toBe(400);
    const told = await press(url!, { ...card, ...address });
    expect(told).toMatchObject({ status: 200 });
    expect(told.text).toContain('The total has changed');
    expect(told.text).toMatch(/VAT \(19%\)[^]*€19\.00[^]*€119\.00/);
    expect(told.text).toContain('to charge €119.00 per month until you cancel');
    expect(told.text).not.toContain('value="123"');
    expect(await stripe.checkout.sessions.retrieve(id)).toMatchObject({
      status: 'open',
      amount_total: 11_900,
    });
    expect((await press(url!, { ...card, ...address })).status).toBe(303);
    const paid = await stripe.checkout.sessions.retrieve(id, { expand: ['invoice'] });
    expect(paid.invoice).toMatchObject({ amount_paid: 11_900 });
    const invoice = (paid.invoice as Stripe.Invoice).id;
    expect(await textOf(`/i/${invoice}`)).toMatch(/VAT \(19%\)[^]*€19\.00/);
    expect(await textOf(`/i/${invoice}`, 'zh-CN')).toContain('VAT（19%）');
  });

  test('asks a business for its tax id, and takes none that cannot be one', async () => {
    const { id, url } = await open({
      automatic_tax: { enabled: true },
      tax_id_collection: { enabled: true },
    });
    expect(await textOf(url!)).toContain('name="tax_id"');
    const business = { business_name: 'Wu GmbH', tax_id_type: 'eu_vat' };
    const wrong = await press(url!, { ...card, ...address, ...business, tax_id: '12' });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('This is not a tax ID of that kind.');
    const nameless = await press(url!, { ...card, ...address, tax_id: 'DE123456789' });
    expect(nameless.status).toBe(400);
    const right = { ...card, ...address, ...business, tax_id: 'DE123456789' };
    // Nothing is added, so nothing has to be seen first.
    expect((await press(url!, right)).status).toBe(303);
    const paid = await stripe.checkout.sessions.retrieve(id);
    expect(paid).toMatchObject({
      amount_total: 10_000,
      customer_details: {
        name: 'Wu GmbH',
        tax_ids: [{ type: 'eu_vat', value: 'DE123456789' }],
      },
    });
    const invoice = await textOf(`/i/${paid.invoice as string}`);
    expect(invoice).toContain('EU VAT DE123456789');
    expect(invoice).toContain('Reverse charge: the customer accounts for the tax.');
    expect(await textOf(`/i/${paid.invoice as string}`, 'zh-CN')).toContain('反向征收');
  });

  test('shows rates by hand from the beginning, also those that are in the price', async () => {
    const plain = await stripe.prices.create({
      currency: 'eur',
      unit_amount: 1200,
      product_data: { name: 'Book' },
    });
    const rate = { display_name: 'VAT', percentage: 20, inclusive: true };
    const { id: vat } = await stripe.taxRates.create(rate);
    const { url } = await open({
      mode: 'payment',
      line_items: [{ price: plain.id, quantity: 1, tax_rates: [vat] }],
    });
    expect(await textOf(url!)).toMatch(
      /VAT \(20%\), included in the price[^]*€2\.00[^]*data-due>€12\.00/,
    );
  });
});

test('8 tax: the PDF of an invoice and of a credit note show it', async () => {
  const { id: vat } = await stripe.taxRates.create({
    display_name: 'VAT',
    percentage: 7,
    inclusive: false,
  });
  const { id: customer } = await stripe.customers.create({});
  const { id } = await stripe.invoices.create({
    customer,
    currency: 'eur',
    default_tax_rates: [vat],
  });
  await stripe.invoiceItems.create({ customer, invoice: id, amount: 10_000, currency: 'eur' });
  const { lines } = await stripe.invoices.finalizeInvoice(id, { auto_advance: false });
  const line = { type: 'invoice_line_item', invoice_line_item: lines.data[0]!.id } as const;
  const note = await stripe.creditNotes.create({ invoice: id, lines: [line] });
  for (const path of [`/i/${id}/pdf`, note.pdf]) {
    const pdf = await textOf(path);
    expect(pdf).toContain('(VAT \\(7%\\))');
  }
});
