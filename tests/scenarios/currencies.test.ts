import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LimitsView } from '../../src/domain/billing/spending/limits-view.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { FAILING_CARD, settled, signUp, type Customer } from '../support/customer.ts';
import { becomes, buy, payPack, purchases, sessionOf } from '../support/packs.ts';
import { billed, done, draw, list, payHosted, subscriber } from '../support/statements.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
});
afterAll(async () => app?.stop());

/** The currency of a small pack that is asked for without one. */
async function untold(customer: Customer): Promise<string> {
  const { usualCurrency } = await customer.overview();
  expect(await buy(customer, 'small')).toMatchObject({ status: 200 });
  const [open] = await purchases(customer);
  await customer.api.post(`/api/credits/purchases/${open!.id}/cancel`);
  // What pages offer it in first.
  expect(usualCurrency ?? 'cny').toBe(open!.currency);
  return open!.currency;
}

async function boughtIn(currency: string): Promise<Customer> {
  const customer = await signUp(app);
  const { body } = await buy(customer, 'small', { currency });
  await payPack(customer, sessionOf(body.checkoutUrl));
  await becomes(customer, 'granted', 60);
  await settled(app);
  return customer;
}

const setRules = ({ api }: Customer, rules: object) =>
  api.put<LimitsView>('/api/billing/limits', { rules });

describe('12.3 a pack without a currency is sold in', () => {
  test('the first of its own to who was never billed', async () => {
    const customer = await signUp(app);
    expect(await customer.overview()).toMatchObject({ currency: null, usualCurrency: null });
    expect(await untold(customer)).toBe('cny');
  });

  test.each(['cny', 'usd'])('%s to who bought in it before', async (currency) => {
    expect(await untold(await boughtIn(currency))).toBe(currency);
  });

  test('what is open and can be paid: the same page again', async () => {
    const customer = await signUp(app);
    const first = await buy(customer, 'small', { currency: 'usd' });
    expect(await buy(customer, 'small')).toMatchObject({ status: 200, body: first.body });
  });

  test('that of the spending rule, though another was paid in', async () => {
    const customer = await boughtIn('cny');
    const own = { preset: 'own', dayMaxMinor: 5_000, currency: 'usd' };
    expect((await setRules(customer, own)).status).toBe(200);
    expect(await untold(customer)).toBe('usd');
  });
});

test('12.47 a rule without a currency is in what the team was billed in', async () => {
  const set = await setRules(await boughtIn('usd'), { preset: 'minor_8_15' });
  expect(set.body).toMatchObject({ rules: { currency: 'usd', singleMaxMinor: 700 } });
});

test('12.3 who owes in one currency may buy a pack in another, and pays both', async () => {
  const customer = await subscriber(app);
  expect(await customer.overview()).toMatchObject({ currency: 'cny', usualCurrency: 'cny' });
  await draw(customer, 30);
  await customer.useCard(FAILING_CARD);
  const { id } = await billed(customer);
  expect(await buy(customer, 'small', { currency: 'usd' })).toMatchObject({
    status: 409,
    body: { code: 'currency_conflict', details: { currency: 'cny' } },
  });
  await customer.api.post('/api/subscription/cancel', { immediately: true });
  await settled(app);
  expect(await untold(customer)).toBe('cny');
  const { body } = await buy(customer, 'small', { currency: 'usd' });
  await payPack(customer, sessionOf(body.checkoutUrl));
  await becomes(customer, 'granted', 60);
  // Paid in the other one meanwhile, and this is still owed.
  expect(await untold(customer)).toBe('cny');
  const owed = (await list(customer)).find((one) => one.id === id)!;
  await payHosted(customer, owed.payUrl!);
  await done(customer);
  expect((await list(customer)).find((one) => one.id === id)).toMatchObject({
    ...{ state: 'paid', currency: 'cny', totalMinor: 720 },
  });
});
