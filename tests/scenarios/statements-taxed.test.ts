import { afterAll, beforeAll, expect, test } from 'vitest';
import { parsePeriod } from '../../src/domain/period.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, GOOD_CARD, settled, signUp, type Customer } from '../support/customer.ts';
import { outOfPocket } from '../support/money-back.ts';
import { overageOf } from '../support/overage.ts';
import {
  billed,
  done,
  draw,
  invoicesOf,
  overQuota,
  statement,
  subscriber,
} from '../support/statements.ts';

let automatic: TestApp;
let byHand: TestApp;
beforeAll(async () => {
  automatic = await startTestApp({ TRIAL_DAYS: '0', STRIPE_TAX: 'automatic' });
  byHand = await startTestApp({ TRIAL_DAYS: '0' });
});
afterAll(async () => {
  await automatic?.stop();
  await byHand?.stop();
});

const BERLIN = { country: 'DE', line1: 'Weg 1', city: 'Berlin', postal_code: '10115' };

/** On Pro with the address that tax is worked out by, and beyond the quota. */
async function taxed(app: TestApp): Promise<Customer> {
  const customer = await signUp(app);
  const path = `/_control/checkout_sessions/${await customer.checkout('pro', 'month')}/complete`;
  const paid = await customer.stripe.post(path, { card: GOOD_CARD, address: BERLIN });
  expect(paid.status, JSON.stringify(paid.body)).toBe(200);
  await settled(app);
  return overQuota(customer);
}

/** A rate of 19 %, as staff makes it. */
const rate = (customer: Customer, inclusive: boolean) =>
  customer.atStripe<{ id: string }>('tax_rates', {
    ...{ display_name: 'VAT', percentage: '19', inclusive: String(inclusive) },
  });

async function changeSubscription(customer: Customer, form: Record<string, string>) {
  const [one] = await customer.subscriptionsAtStripe();
  await customer.atStripe(`subscriptions/${one!.id}`, form);
  await settled(customer.app);
}

/** An hour later, when an invoice is charged. */
async function charged(customer: Customer): Promise<void> {
  await advanceDays(customer.app, 1 / 24);
  await done(customer);
}

interface Taxed {
  total: number;
  total_excluding_tax: number;
  automatic_tax: { enabled: boolean };
  lines: { data: { amount: number; description: string }[] };
}
const newest = async (customer: Customer) =>
  (await invoicesOf(customer))[0] as unknown as Taxed & { id: string };

async function takeBack(customer: Customer, amount: number): Promise<void> {
  const { clock, services } = customer.app.server.context;
  await services.usage.correct({
    ...{ tenantId: customer.tenantId, resourceType: 'images', amount: -amount },
    period: parsePeriod(clock.now().toISOString().slice(0, 7))!,
    ...{ reason: 'a fault', actor: { kind: 'service', name: 'test' } },
  });
}

test('12.14 where Stripe works the tax out a statement is invoiced as the subscription is: with the tax in it', async () => {
  const customer = await taxed(automatic);
  await draw(customer, 30);
  const { id } = await billed(customer);
  const invoice = await newest(customer);
  expect(invoice).toMatchObject({ total: 720, automatic_tax: { enabled: true } });
  expect(invoice.total_excluding_tax).toBe(605);
  await charged(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'paid', totalMinor: 720 });
});

test('12.54 what was taken back is taken off a line there, for Stripe takes none of less than nothing', async () => {
  const customer = await taxed(automatic);
  await draw(customer, 60);
  await billed(customer);
  await charged(customer);
  await takeBack(customer, 50);
  expect(await billed(customer)).toMatchObject({ state: 'carried', totalMinor: -1_200 });
  await draw(customer, 80);
  const { services } = customer.app.server.context;
  const tokens = { tenantId: customer.tenantId, resourceType: 'llm_tokens' } as const;
  await services.usage.trackUsage({ ...tokens, amount: 1_000_000 });
  await services.usage.trackUsage({ ...tokens, amount: 100_000 });
  const next = await billed(customer);
  expect(next).toMatchObject({ state: 'open', carriedInMinor: -1_200 });
  const { total, lines } = await newest(customer);
  expect(total).toBe(next.totalMinor);
  expect(lines.data.every(({ amount }) => amount > 0)).toBe(true);
  expect(lines.data.map(({ description }) => description).join()).toContain('(-12.00 CNY)');
  await charged(customer);
  expect(await statement(customer, next.id)).toMatchObject({ state: 'paid' });
  expect(await overageOf(automatic.database.pool, customer.tenantId)).toMatchObject({ unpaid: 0 });
});

test('12.14 a price that has tax come on top has it on top of the statement too', async () => {
  const app = await startTestApp({ TRIAL_DAYS: '0', STRIPE_TAX: 'automatic' });
  try {
    app.localStripe!.kernel.run(({ store }) => {
      for (const price of store.newestFirst('price')) {
        store.put('price', { ...price, tax_behavior: 'exclusive' });
      }
    });
    const customer = await taxed(app);
    await draw(customer, 30);
    const { id } = await billed(customer);
    expect(await newest(customer)).toMatchObject({ total: 857, total_excluding_tax: 720 });
    await charged(customer);
    expect(await statement(customer, id)).toMatchObject({ state: 'paid', totalMinor: 720 });
  } finally {
    await app.stop();
  }
});

test('12.14 who takes their address away pays all the same: the invoice is without tax, as a renewal is', async () => {
  const customer = await taxed(automatic);
  const details = { name: 'Ada', address: null, taxIds: [] };
  expect((await customer.api.put('/api/billing/details', details)).status).toBe(200);
  await draw(customer, 30);
  const { id } = await billed(customer);
  expect(await newest(customer)).toMatchObject({ total: 720, automatic_tax: { enabled: false } });
  await charged(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'paid' });
});

test.each([
  ['in the amount, of the subscription', true, 'default_tax_rates[0]', 720, 605],
  ['on top, of the subscription', false, 'default_tax_rates[0]', 857, 720],
  ['on top, of its item', false, 'items[0][tax_rates][0]', 857, 720],
])('12.14 a rate by hand: %s', async (_name, inclusive, param, total, untaxed) => {
  const customer = await subscriber(byHand);
  const { id: rateId } = await rate(customer, inclusive);
  const [one] = await customer.subscriptionsAtStripe();
  await changeSubscription(customer, {
    ...(param.startsWith('items') && { 'items[0][id]': one!.items.data[0]!.id }),
    [param]: rateId,
  });
  await draw(customer, 30);
  const { id } = await billed(customer);
  expect(await newest(customer)).toMatchObject({ total, total_excluding_tax: untaxed });
  const before = await outOfPocket(customer);
  await charged(customer);
  expect((await outOfPocket(customer)) - before).toBe(total);
  expect(await statement(customer, id)).toMatchObject({ state: 'paid', totalMinor: 720 });
  const { rows } = await byHand.database.pool.query(
    `select data ->> 'amountMinor' as minor from mail_outbox
     where tenant_id = $1 and kind = 'statement_paid'`,
    [customer.tenantId],
  );
  expect(rows).toEqual([{ minor: String(total) }]);
});

test('12.28 cap and floor are before tax that comes on top', async () => {
  const customer = await signUp(byHand);
  await customer.subscribe('pro', 'month');
  await overQuota(customer, 720);
  await changeSubscription(customer, {
    'default_tax_rates[0]': (await rate(customer, false)).id,
  });
  // ¥4.80 is below ¥5; with the tax it would be ¥5.71.
  await draw(customer, 20);
  expect(await billed(customer)).toMatchObject({ state: 'carried', totalMinor: 480 });
  await draw(customer, 10);
  await expect(draw(customer, 1)).rejects.toMatchObject({ data: { reason: 'cap' } });
  const { id } = await billed(customer);
  const invoice = await newest(customer);
  expect(invoice).toMatchObject({ total: 857, total_excluding_tax: 720 });
  expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([480, 240]);
  await charged(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'paid', totalMinor: 720 });
});
