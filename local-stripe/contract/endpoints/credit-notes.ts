import type { CallsOf } from './calls.ts';
import type { World } from '../support/world.ts';

const paidInvoice = async ({ stripe, customer }: World) => {
  const { id } = await stripe.invoices.create({
    customer: customer.id,
    currency: 'cny',
    auto_advance: false,
  });
  await stripe.invoiceItems.create({
    customer: customer.id,
    invoice: id,
    amount: 900,
    currency: 'cny',
    description: 'Setup',
  });
  return (await stripe.invoices.pay(id)).id;
};
const note = async (world: World) =>
  world.stripe.creditNotes.create({
    invoice: await paidInvoice(world),
    amount: 300,
    credit_amount: 100,
    refund_amount: 200,
    memo: 'Sorry',
  });
const rate = ({ stripe }: World) =>
  stripe.taxRates.create({ display_name: 'VAT', inclusive: false, percentage: 19 });
const warning = async ({ stripe }: World) => {
  await stripe.paymentIntents.create({
    amount: 1900,
    currency: 'cny',
    confirm: true,
    payment_method: 'pm_card_createIssuerFraudRecord',
    return_url: 'https://example.com/back',
  });
  return (await stripe.radar.earlyFraudWarnings.list({ limit: 1 })).data[0]!;
};

export const creditNoteCalls: CallsOf<'credit_notes'> = {
  'POST /v1/credit_notes': note,
  'GET /v1/credit_notes': async (world) => {
    await note(world);
    return world.stripe.creditNotes.list({ customer: world.customer.id });
  },
  'GET /v1/credit_notes/preview': async (world) =>
    world.stripe.creditNotes.preview({
      invoice: await paidInvoice(world),
      amount: 300,
      credit_amount: 300,
    }),
  'GET /v1/credit_notes/preview/lines': async (world) =>
    world.stripe.creditNotes.listPreviewLineItems({
      invoice: await paidInvoice(world),
      amount: 300,
      credit_amount: 300,
    }),
  'GET /v1/credit_notes/:id': async (world) =>
    world.stripe.creditNotes.retrieve((await note(world)).id, {
      expand: ['invoice', 'customer_balance_transaction', 'refunds.refund'],
    }),
  'POST /v1/credit_notes/:id': async (world) =>
    world.stripe.creditNotes.update((await note(world)).id, { memo: 'Sorry again' }),
  'GET /v1/credit_notes/:id/lines': async (world) =>
    world.stripe.creditNotes.listLineItems((await note(world)).id),
  'POST /v1/credit_notes/:id/void': async (world) => {
    const { stripe, customer } = world;
    const { id } = await stripe.invoices.create({
      customer: customer.id,
      currency: 'cny',
      auto_advance: false,
    });
    const item = { customer: customer.id, invoice: id, amount: 900, currency: 'cny' };
    await stripe.invoiceItems.create(item);
    await stripe.invoices.finalizeInvoice(id, { auto_advance: false });
    const { id: made } = await stripe.creditNotes.create({ invoice: id, amount: 300 });
    return stripe.creditNotes.voidCreditNote(made);
  },
};

export const taxCalls: CallsOf<'tax_rates' | 'tax_ids'> = {
  'POST /v1/tax_rates': rate,
  'GET /v1/tax_rates': ({ stripe }) => stripe.taxRates.list({ active: true }),
  'GET /v1/tax_rates/:id': async (world) => world.stripe.taxRates.retrieve((await rate(world)).id),
  'POST /v1/tax_rates/:id': async (world) =>
    world.stripe.taxRates.update((await rate(world)).id, { active: false }),
  'POST /v1/tax_ids': ({ stripe }) =>
    stripe.taxIds.create({ type: 'eu_vat', value: 'DE123456789' }),
  'GET /v1/tax_ids': ({ stripe }) => stripe.taxIds.list(),
  'GET /v1/tax_ids/:id': async ({ stripe, customer }) => {
    const owner = { type: 'customer', customer: customer.id } as const;
    const { id } = await stripe.taxIds.create({ type: 'gb_vat', value: 'GB123456789', owner });
    return stripe.taxIds.retrieve(id);
  },
  'DELETE /v1/tax_ids/:id': async ({ stripe }) => {
    const { id } = await stripe.taxIds.create({ type: 'gb_vat', value: 'GB123456789' });
    return stripe.taxIds.del(id);
  },
};

export const backfillCalls: Omit<
  CallsOf<'account' | 'balance' | 'plans' | 'radar'>,
  `GET /v1/balance_transactions${string}`
> = {
  'GET /v1/account': ({ stripe }) => stripe.accounts.retrieveCurrent(),
  'GET /v1/balance': ({ stripe }) => stripe.balance.retrieve(),
  'GET /v1/plans': ({ stripe }) => stripe.plans.list({ active: true }),
  'GET /v1/plans/:id': ({ stripe, proMonthly }) =>
    stripe.plans.retrieve(proMonthly.id, { expand: ['product'] }),
  'GET /v1/radar/early_fraud_warnings': ({ stripe }) => stripe.radar.earlyFraudWarnings.list(),
  'GET /v1/radar/early_fraud_warnings/:id': async (world) =>
    world.stripe.radar.earlyFraudWarnings.retrieve((await warning(world)).id, {
      expand: ['charge'],
    }),
};
