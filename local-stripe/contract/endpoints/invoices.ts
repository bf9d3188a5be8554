import type { CallsOf } from './calls.ts';
import type { World } from '../support/world.ts';

const item = ({ stripe, customer }: World, invoice?: string) =>
  stripe.invoiceItems.create({
    customer: customer.id,
    amount: 700,
    currency: 'cny',
    description: 'Setup',
    ...(invoice === undefined ? {} : { invoice }),
  });
const draft = async (world: World) => {
  const { stripe, customer } = world;
  const invoice = await stripe.invoices.create({
    customer: customer.id,
    currency: 'cny',
    auto_advance: false,
  });
  await item(world, invoice.id);
  return invoice.id;
};
const open = async (world: World) => {
  const { id } = await world.stripe.invoices.finalizeInvoice(await draft(world), {
    auto_advance: false,
  });
  return id;
};
const paid = async (world: World) => world.stripe.invoices.pay(await open(world));

export const invoiceCalls: CallsOf<'invoices' | 'invoice_payments' | 'invoiceitems'> = {
  'POST /v1/invoices': draft,
  'GET /v1/invoices': ({ stripe, customer }) =>
    stripe.invoices.list({ customer: customer.id, expand: ['data.payments'] }),
  'GET /v1/invoices/search': ({ stripe }) => stripe.invoices.search({ query: 'status:"paid"' }),
  'POST /v1/invoices/create_preview': ({ stripe, customer, proMonthly }) =>
    stripe.invoices.createPreview({
      customer: customer.id,
      subscription_details: { items: [{ price: proMonthly.id, quantity: 2 }] },
    }),
  'GET /v1/invoices/:id': async (world) =>
    world.stripe.invoices.retrieve((await paid(world)).id, {
      expand: ['payments.data.payment.payment_intent', 'customer'],
    }),
  'POST /v1/invoices/:id': async (world) =>
    world.stripe.invoices.update(await draft(world), { description: 'Thank you', footer: 'F' }),
  'DELETE /v1/invoices/:id': async (world) => world.stripe.invoices.del(await draft(world)),
  'POST /v1/invoices/:id/finalize': open,
  'POST /v1/invoices/:id/mark_uncollectible': async (world) =>
    world.stripe.invoices.markUncollectible(await open(world)),
  'POST /v1/invoices/:id/pay': paid,
  'POST /v1/invoices/:id/send': async (world) => {
    const { stripe, customer } = world;
    const { id } = await stripe.invoices.create({
      customer: customer.id,
      collection_method: 'send_invoice',
      days_until_due: 30,
    });
    await item(world, id);
    return stripe.invoices.sendInvoice(id);
  },
  'POST /v1/invoices/:id/void': async (world) =>
    world.stripe.invoices.voidInvoice(await open(world)),
  'POST /v1/invoices/:id/add_lines': async (world) =>
    world.stripe.invoices.addLines(await draft(world), {
      lines: [{ amount: 300, description: 'More' }],
    }),
  'POST /v1/invoices/:id/update_lines': async (world) => {
    const { id, lines } = await world.stripe.invoices.retrieve(await draft(world));
    const [line] = lines.data;
    return world.stripe.invoices.updateLines(id, { lines: [{ id: line!.id, amount: 400 }] });
  },
  'POST /v1/invoices/:id/remove_lines': async (world) => {
    const { id, lines } = await world.stripe.invoices.retrieve(await draft(world));
    const [line] = lines.data;
    return world.stripe.invoices.removeLines(id, {
      lines: [{ id: line!.id, behavior: 'delete' }],
    });
  },
  'POST /v1/invoices/:id/attach_payment': async (world) => {
    const id = await open(world);
    const intent = await world.stripe.paymentIntents.create({
      amount: 700,
      currency: 'cny',
      confirm: true,
      customer: world.customer.id,
      payment_method: 'pm_card_visa',
      return_url: 'https://example.com/back',
    });
    return world.stripe.invoices.attachPayment(id, { payment_intent: intent.id });
  },
  'GET /v1/invoices/:id/lines': async (world) =>
    world.stripe.invoices.listLineItems(await draft(world), { limit: 100 }),
  'GET /v1/invoice_payments': async (world) =>
    world.stripe.invoicePayments.list({ invoice: (await paid(world)).id }),
  'GET /v1/invoice_payments/:id': async (world) => {
    const { id } = await paid(world);
    const { data } = await world.stripe.invoicePayments.list({ invoice: id });
    return world.stripe.invoicePayments.retrieve(data[0]?.id ?? '');
  },
  'POST /v1/invoiceitems': (world) => item(world),
  'GET /v1/invoiceitems': ({ stripe, customer }) =>
    stripe.invoiceItems.list({ customer: customer.id }),
  'GET /v1/invoiceitems/:id': async (world) =>
    world.stripe.invoiceItems.retrieve((await item(world)).id),
  'POST /v1/invoiceitems/:id': async (world) =>
    world.stripe.invoiceItems.update((await item(world)).id, { amount: 800 }),
  'DELETE /v1/invoiceitems/:id': async (world) =>
    world.stripe.invoiceItems.del((await item(world)).id),
};
