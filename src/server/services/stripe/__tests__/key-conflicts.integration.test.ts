import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { parsePeriod } from '../../../../domain/period.ts';
import { createMovableClock } from '../../../clock.ts';
import { LOCAL_SECRET_KEY } from '../../../config/stripe.config.ts';
import { createStripeClient, STEP_TIMEOUTS } from '../client/client.ts';
import { addStatementLines, createStatementInvoice } from '../invoices/statement-invoice.ts';
import { createPackCheckout } from '../packs/pack-checkout.ts';
import { refundPurchase } from '../packs/purchase-facts.ts';
import { TopUpInvoices } from '../packs/top-up-invoices.ts';
import { InvoiceRefunds } from '../refunds.ts';
import { Changes } from '../setup/changes.ts';
import { ensurePrices } from '../setup/products.ts';

/**
 * A first request took effect after its maker had looked for it, and is repeated with other parameters:
 * Stripe refuses the key, and what the first one made is the answer.
 */
let local: LocalStripe;
const clock = createMovableClock();
beforeAll(async () => void (local = await startLocalStripe({ port: 0, clock })));
afterAll(async () => local?.close());

/** A client that does not try again by itself: we do, after a crash say. */
const open = () =>
  createStripeClient(
    { secretKey: LOCAL_SECRET_KEY, apiBase: new URL(local.url) },
    { maxNetworkRetries: 0 },
  );

/** Stripe does what it is asked next, and the answer never arrives. */
async function loseAnswer(match = {}, nth = 1): Promise<void> {
  const body = JSON.stringify({ failNext: [{ status: 500, when: 'after', match, nth }] });
  expect((await fetch(`${local.url}/_control/chaos`, { method: 'POST', body })).status).toBe(200);
}

/** How often Stripe has refused a key since the call of that number. */
const conflictsSince = (from: number) =>
  local.kernel.calls
    .since(from, 10_000)
    .filter(({ status, idempotencyKey }) => status === 400 && idempotencyKey !== null).length;

const newCustomer = async () => (await open().customers.create({ name: 'Ada' })).id;
const MONTH = parsePeriod('2026-11')!;

function statementOf(description = 'Overage of November') {
  const id = crypto.randomUUID();
  const line = {
    ...{ statementId: id, n: 1, period: MONTH, resourceType: 'images' as const },
    ...{
      micro: 60_000_000,
      microBefore: 0,
      rateMicro: 2_000_000,
      units: 30,
      minorPerCredit: '12',
      amountMinor: 720,
      description,
    },
  };
  return {
    id,
    tenantId: 't',
    currency: 'cny',
    sha256: 'abc',
    closedAt: clock.now(),
    lines: [line],
  };
}
const withCard = (customerId: string, footer: string) => ({
  ...{ environment: 'test', customerId, footer },
  terms: { taxRateIds: [], automaticTax: false, taxBehavior: null, paymentMethodId: null },
});

test('a statement has one draft and each line once, though its terms and words have changed', async () => {
  const stripe = open();
  const customer = await newCustomer();
  const statement = statementOf();
  await loseAnswer();
  await expect(
    createStatementInvoice(stripe, statement, withCard(customer, 'one')),
  ).rejects.toThrow();
  const from = local.kernel.calls.last;
  const draft = await createStatementInvoice(stripe, statement, withCard(customer, 'two'));
  const { id } = draft;
  expect(conflictsSince(from)).toBe(1);
  const made = await stripe.invoices.list({ customer });
  expect(made.data.map((one) => [one.id, one.footer])).toEqual([[id, 'one']]);

  // Both have looked before either has written.
  const [line] = statement.lines;
  const other = { ...statement, lines: [{ ...line!, description: '十一月的超额用量' }] };
  await Promise.all(
    [statement, other].map((one) => addStatementLines(open(), draft, one, { taxBehavior: null })),
  );
  const items = await stripe.invoiceItems.list({ invoice: id });
  expect(items.data.map(({ amount }) => amount)).toEqual([720]);
});

test('where the first request has left nothing, a fresh key is used', async () => {
  const stripe = open();
  const customer = await newCustomer();
  const statement = statementOf();
  const first = await createStatementInvoice(stripe, statement, withCard(customer, 'one'));
  await stripe.invoices.del(first.id);
  const second = await createStatementInvoice(stripe, statement, withCard(customer, 'two'));
  expect(second.id).not.toBe(first.id);
  expect((await stripe.invoices.list({ customer })).data).toHaveLength(1);
});

test('a top-up has one draft, though another card is charged by now', async () => {
  const stripe = open();
  const customer = await newCustomer();
  const installation = {
    environment: 'test' as const,
    checkoutSettings: { automaticTax: false, promotionCodes: false },
  };
  const topUps = new TopUpInvoices(stripe, installation);
  const topUp = {
    ...{ id: crypto.randomUUID(), tenantId: 't', stripeCustomerId: customer, packId: 'small' },
    ...{ stripePriceId: 'price_x', currency: 'cny', createdAt: clock.now() },
  };
  const cards = [];
  for (const name of ['pm_card_visa', 'pm_card_mastercard']) {
    cards.push((await stripe.paymentMethods.attach(name, { customer })).id);
  }
  await loseAnswer();
  await expect(topUps.create(topUp, cards[0]!)).rejects.toThrow();
  const { id } = await topUps.create(topUp, cards[1]!);
  expect((await stripe.invoices.list({ customer })).data.map((one) => one.id)).toEqual([id]);
});

test('where nobody knows the customer’s address an invoice is made without tax, once though its answer is lost', async () => {
  const stripe = open();
  const customer = await newCustomer();
  const statement = statementOf();
  const { terms, ...values } = withCard(customer, 'one');
  const make = () =>
    createStatementInvoice(stripe, statement, {
      ...values,
      terms: { ...terms, automaticTax: true },
    });
  // Refused for want of the address, and then made.
  await loseAnswer({ method: 'POST', path: '/v1/invoices' }, 2);
  await expect(make()).rejects.toThrow();
  const { id, isTaxAutomatic } = await make();
  expect(isTaxAutomatic).toBe(false);
  expect((await stripe.invoices.list({ customer })).data.map((one) => one.id)).toEqual([id]);

  const topUps = new TopUpInvoices(stripe, {
    environment: 'test',
    checkoutSettings: { automaticTax: true, promotionCodes: false },
  });
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  const topUp = {
    ...{ id: crypto.randomUUID(), tenantId: 't', stripeCustomerId: customer, packId: 'small' },
    ...{ stripePriceId: 'price_x', currency: 'cny', createdAt: clock.now() },
  };
  expect(await topUps.create(topUp, card.id)).toMatchObject({ isTaxAutomatic: false });
});

test('a purchase has one page that can be paid, and is given back once a wish', async () => {
  const stripe = open();
  const customerId = await newCustomer();
  const product = await stripe.products.create({ name: 'Pack' });
  const price = { product: product.id, currency: 'cny', unit_amount: 600 };
  const { id: priceId } = await stripe.prices.create(price);
  const purchaseId = crypto.randomUUID();
  const values = {
    ...{ environment: 'test', checkoutSettings: { automaticTax: false, promotionCodes: false } },
    ...{ tenantId: 't', customerId, purchaseId, packId: 'small', priceId, currency: 'cny' },
    ...{ locale: 'en', successUrl: 'http://localhost/a', cancelUrl: 'http://localhost/b' },
    expiresAt: new Date(clock.now().getTime() + 3_600_000),
  };
  await loseAnswer();
  await expect(createPackCheckout(stripe, values)).rejects.toThrow();
  const page = await createPackCheckout(stripe, { ...values, locale: 'zh-CN' });
  const sessions = await stripe.checkout.sessions.list({ customer: customerId });
  expect(sessions.data.map(({ id }) => id)).toEqual([page.id]);

  const path = `${local.url}/_control/checkout_sessions/${page.id}/complete`;
  const body = JSON.stringify({ card: '4242424242424242' });
  expect((await fetch(path, { method: 'POST', body })).status).toBe(200);
  const { payment_intent } = await stripe.checkout.sessions.retrieve(page.id);
  const paymentIntentId = payment_intent as string;
  const wish = { ...values, paymentIntentId, micro: null, tag: `${purchaseId}:1` };
  await loseAnswer();
  await expect(
    refundPurchase(stripe, { ...wish, amountMinor: 100 }, STEP_TIMEOUTS),
  ).rejects.toThrow();
  await refundPurchase(stripe, { ...wish, amountMinor: 200 }, STEP_TIMEOUTS);
  const { data } = await stripe.refunds.list({ payment_intent: paymentIntentId });
  expect(data.map(({ amount }) => amount)).toEqual([100]);
});

test('a sum of an invoice goes back once, and what went is told; another cause gives the rest', async () => {
  const stripe = open();
  const [pro] = await ensurePrices(stripe, new Changes(false));
  const customer = await newCustomer();
  const { id: card } = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  const items = [{ price: pro!.priceId }];
  await stripe.subscriptions.create({ customer, items, default_payment_method: card });
  const [invoice] = (await stripe.invoices.list({ customer })).data;
  const refunds = new InvoiceRefunds(stripe);
  const sum = { invoiceId: invoice!.id!, sumId: crypto.randomUUID() };
  // Both have looked before either has written.
  const done = await Promise.all(
    [500, 700].map((amountMinor) => new InvoiceRefunds(open()).giveBack({ ...sum, amountMinor })),
  );
  const amounts = async () => (await stripe.refunds.list()).data.map(({ amount }) => amount);
  const [first, ...more] = (await amounts()).filter((one) => one >= 500);
  expect(more).toEqual([]);
  expect(done.map(({ returnedMinor }) => returnedMinor)).toEqual([first, first]);

  const all = { invoiceId: invoice!.id!, reason: 'requested_by_customer' as const };
  await loseAnswer();
  await expect(refunds.giveAllBack({ ...all, cause: 'one' })).rejects.toThrow();
  await refunds.giveAllBack({ ...all, cause: 'two' });
  const { data } = await stripe.refunds.list();
  const back = data.filter(({ metadata }) => metadata?.invoice === invoice!.id);
  expect(back.reduce((total, { amount }) => total + amount, 0)).toBe(invoice!.amount_paid);
});
