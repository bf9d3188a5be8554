import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openCheckoutShop } from '../control/testing/checkout-shop.ts';
import type { CheckoutShop } from '../control/testing/checkout-shop.ts';

let shop: CheckoutShop;
let stripe: Stripe;
let customer: string;
let seen = 0;

beforeAll(async () => {
  shop = await openCheckoutShop();
  ({ stripe } = shop);
});
afterAll(() => shop.local.close());
beforeEach(async () => {
  customer = (await stripe.customers.create({ email: 'wu@example.com' })).id;
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  await stripe.customers.update(customer, {
    invoice_settings: { default_payment_method: card.id },
  });
  seen = shop.local.kernel.store.size('_event');
});

/** An open invoice over 1000: two of 300, and 400. */
async function openInvoice(params: Partial<Stripe.InvoiceCreateParams> = {}) {
  const { id } = await stripe.invoices.create({ customer, currency: 'cny', ...params });
  const price = await stripe.prices.create({
    currency: 'cny',
    unit_amount: 300,
    product_data: { name: 'Seat' },
  });
  await stripe.invoiceItems.create({
    customer,
    invoice: id,
    pricing: { price: price.id },
    quantity: 2,
  });
  await stripe.invoiceItems.create({ customer, invoice: id, amount: 400, currency: 'cny' });
  return stripe.invoices.finalizeInvoice(id, { auto_advance: false });
}
const paidInvoice = async () => stripe.invoices.pay((await openInvoice()).id);

describe('8 missing: credit notes', () => {
  test('on an open invoice take off what is owed', async () => {
    const invoice = await openInvoice();
    const note = await stripe.creditNotes.create({ invoice: invoice.id, amount: 300 });
    expect(note).toMatchObject({
      number: `${invoice.number}-CN-01`,
      amount: 300,
      total: 300,
      pre_payment_amount: 300,
      post_payment_amount: 0,
      type: 'pre_payment',
      status: 'issued',
      customer_balance_transaction: null,
      refunds: [],
    });
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({
      status: 'open',
      total: 1000,
      amount_due: 700,
      amount_remaining: 700,
      pre_payment_credit_notes_amount: 300,
    });
    expect(await stripe.invoices.pay(invoice.id)).toMatchObject({ amount_paid: 700 });
  });

  test('over all that is owed make an open invoice a paid one', async () => {
    const invoice = await openInvoice();
    await stripe.creditNotes.create({ invoice: invoice.id, amount: 1000 });
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({
      status: 'paid',
      amount_due: 0,
      amount_paid: 0,
      amount_remaining: 0,
    });
    const told = shop.eventsSince(seen);
    expect(told).toContain('credit_note.created');
    expect(told).toContain('invoice.paid');
    expect(told).toContain('payment_intent.canceled');
    expect(told).not.toContain('invoice.payment_succeeded');
  });

  test('on a paid invoice go back by card, balance and other means', async () => {
    const invoice = await paidInvoice();
    const note = await stripe.creditNotes.create({
      invoice: invoice.id,
      amount: 600,
      refund_amount: 300,
      credit_amount: 200,
      out_of_band_amount: 100,
      reason: 'order_change',
    });
    expect(note).toMatchObject({
      type: 'post_payment',
      post_payment_amount: 600,
      pre_payment_amount: 0,
      out_of_band_amount: 100,
    });
    const refund = note.refunds[0]!.refund as string;
    expect(await stripe.refunds.retrieve(refund)).toMatchObject({ amount: 300 });
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: -200 });
    const id = note.customer_balance_transaction as string;
    expect(await stripe.customers.retrieveBalanceTransaction(customer, id)).toMatchObject({
      amount: -200,
      credit_note: note.id,
      type: 'credit_note',
    });
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({
      status: 'paid',
      post_payment_credit_notes_amount: 600,
    });
    const pdf = await fetch(note.pdf);
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    expect((await pdf.text()).slice(0, 5)).toBe('%PDF-');
  });

  test('credit lines by quantity, by amount, and with words of their own', async () => {
    const invoice = await paidInvoice();
    const [seats, setup] = invoice.lines.data;
    const note = await stripe.creditNotes.create({
      invoice: invoice.id,
      lines: [
        { type: 'invoice_line_item', invoice_line_item: seats!.id, quantity: 1 },
        { type: 'invoice_line_item', invoice_line_item: setup!.id, amount: 150 },
        { type: 'custom_line_item', description: 'Patience', quantity: 2, unit_amount: 25 },
      ],
      credit_amount: 500,
    });
    expect(note).toMatchObject({ subtotal: 500, total: 500 });
    expect(note.lines.data.map(({ amount }) => amount)).toEqual([300, 150, 50]);
    const { data } = await stripe.creditNotes.listLineItems(note.id);
    expect(data.map(({ type }) => type)).toEqual([
      'invoice_line_item',
      'invoice_line_item',
      'custom_line_item',
    ]);
  });

  test('give back the part of a discount that a line had', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'once' });
    const invoice = await openInvoice({ discounts: [{ coupon: coupon.id }] });
    const [seats] = invoice.lines.data;
    const note = await stripe.creditNotes.create({
      invoice: invoice.id,
      lines: [{ type: 'invoice_line_item', invoice_line_item: seats!.id, quantity: 1 }],
    });
    expect(note).toMatchObject({ subtotal: 300, discount_amount: 150, total: 150 });
  });

  test('are previewed as they are made, and the preview leaves nothing', async () => {
    const invoice = await paidInvoice();
    const params = { invoice: invoice.id, amount: 400, credit_amount: 400 };
    const preview = await stripe.creditNotes.preview(params);
    const lines = await stripe.creditNotes.listPreviewLineItems(params);
    expect((await stripe.creditNotes.list({ invoice: invoice.id })).data).toEqual([]);
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: 0 });
    const made = await stripe.creditNotes.create(params);
    expect(preview).toMatchObject({ total: made.total, number: made.number, type: made.type });
    expect(lines.data).toHaveLength(1);
  });

  test('can be voided while the invoice is open, and labelled', async () => {
    const invoice = await openInvoice();
    const note = await stripe.creditNotes.create({ invoice: invoice.id, amount: 300 });
    await stripe.creditNotes.update(note.id, { memo: 'Sorry', metadata: { case: '7' } });
    const voided = await stripe.creditNotes.voidCreditNote(note.id);
    expect(voided).toMatchObject({ status: 'void', memo: 'Sorry', metadata: { case: '7' } });
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({
      amount_remaining: 1000,
      pre_payment_credit_notes_amount: 0,
    });
    expect(shop.eventsSince(seen)).toContain('credit_note.voided');
    await expect(stripe.creditNotes.voidCreditNote(note.id)).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  test.each([
    ['more than the invoice', { amount: 1001, credit_amount: 1001 }],
    ['nothing', { amount: 0 }],
    ['neither amount nor lines', {}],
    ['ways that do not add up', { amount: 500, credit_amount: 300 }],
    ['a line that is none', { lines: [{ type: 'invoice_line_item', invoice_line_item: 'il_0' }] }],
    ['shipping', { amount: 500, credit_amount: 500, shipping_cost: { shipping_rate: 'shr_1' } }],
  ])('are refused for %s', async (_name, params) => {
    const invoice = await paidInvoice();
    await expect(
      stripe.creditNotes.create({ invoice: invoice.id, ...(params as object) }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });

  test('count refunds beside them against what can be credited', async () => {
    const invoice = await paidInvoice();
    const { data } = await stripe.invoicePayments.list({ invoice: invoice.id });
    const refund = await stripe.refunds.create({
      payment_intent: data[0]!.payment.payment_intent as string,
      amount: 600,
    });
    const over = { invoice: invoice.id, amount: 500, credit_amount: 500 };
    await expect(stripe.creditNotes.create(over)).rejects.toMatchObject({ param: 'amount' });
    const linked = { invoice: invoice.id, amount: 400, credit_amount: 400 };
    expect(await stripe.creditNotes.create(linked)).toMatchObject({ total: 400 });
    expect(refund.status).toBe('succeeded');
  });

  test('of a draft are refused', async () => {
    const { id } = await stripe.invoices.create({ customer });
    await expect(stripe.creditNotes.create({ invoice: id, amount: 1 })).rejects.toMatchObject({
      param: 'invoice',
    });
  });
});

describe('8 missing: invoices by hand', () => {
  test('lines are added, changed, taken away and put back', async () => {
    const { id } = await stripe.invoices.create({ customer, currency: 'cny' });
    const waiting = await stripe.invoiceItems.create({ customer, amount: 100, currency: 'cny' });
    const added = await stripe.invoices.addLines(id, {
      lines: [{ amount: 400, description: 'Setup' }, { invoice_item: waiting.id }],
      invoice_metadata: { order: '7' },
    });
    expect(added).toMatchObject({ total: 500, metadata: { order: '7' } });
    const [setup, other] = added.lines.data;
    const changed = await stripe.invoices.updateLines(id, {
      lines: [{ id: setup!.id, amount: 700 }],
    });
    expect(changed.total).toBe(800);
    const rest = await stripe.invoices.removeLines(id, {
      lines: [{ id: other!.id, behavior: 'unassign' }],
    });
    expect(rest.total).toBe(700);
    expect(await stripe.invoiceItems.retrieve(waiting.id)).toMatchObject({ invoice: null });
    await stripe.invoices.finalizeInvoice(id, { auto_advance: false });
    await expect(
      stripe.invoices.addLines(id, { lines: [{ amount: 1, description: 'Late' }] }),
    ).rejects.toMatchObject({ code: 'invoice_not_editable' });
  });

  test('an invoice has the number it was given, which nobody else gets', async () => {
    const number = `INV-${customer.slice(-6)}`;
    const { id } = await stripe.invoices.create({ customer, currency: 'cny', number });
    await stripe.invoiceItems.create({ customer, invoice: id, amount: 400, currency: 'cny' });
    expect(await stripe.invoices.finalizeInvoice(id)).toMatchObject({ number });
    for (const wrong of [number, 'a b', 'x'.repeat(27)]) {
      await expect(stripe.invoices.create({ customer, number: wrong })).rejects.toMatchObject({
        param: 'number',
      });
    }
  });

  test('a payment made elsewhere is attached, and pays', async () => {
    const invoice = await openInvoice();
    const pay = (amount: number) =>
      stripe.paymentIntents.create({
        amount,
        currency: 'cny',
        customer,
        confirm: true,
        payment_method: 'pm_card_visa',
        return_url: 'https://app.example/',
      });
    const other = await pay(900);
    await expect(
      stripe.invoices.attachPayment(invoice.id, { payment_intent: other.id }),
    ).rejects.toMatchObject({ param: 'payment_intent' });
    const intent = await pay(1000);
    const paid = await stripe.invoices.attachPayment(invoice.id, { payment_intent: intent.id });
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 1000 });
    const { data } = await stripe.invoicePayments.list({ invoice: invoice.id, status: 'paid' });
    expect(data).toMatchObject([{ payment: { payment_intent: intent.id } }]);
  });
});
