import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { alertsOf } from '../support/money-back.ts';
import { balance, bought, chargeOf, openPack, purchases } from '../support/packs.ts';

/** What was paid as a customer who was deleted at Stripe, and whom another one has replaced. */
let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());
const control = (path: string, body: object) =>
  caller(app.stripeUrl).post(`/_control/${path}`, body);

/** Staff delete the customer, and the team goes on with a new one. */
async function replaced(customer: Customer): Promise<void> {
  const before = await customer.customerId();
  await fetch(`${app.stripeUrl}/v1/customers/${before}`, {
    method: 'DELETE',
    headers: { Authorization: 'Bearer sk_test_squaretable' },
  });
  await settled(app);
  await openPack(customer, 'large');
  const { id } = (await purchases(customer))[0]!;
  await customer.api.post(`/api/credits/purchases/${id}/cancel`);
  await settled(app);
  expect(await customer.customerId()).not.toBe(before);
}

const states = async (customer: Customer) => (await purchases(customer)).map(({ state }) => state);

describe('12.36 12.39 what happens to their charges is heard', () => {
  test('a dispute freezes the credits, and staff are told', async () => {
    const customer = await signUp(app);
    await bought(customer, 'small');
    const charge = await chargeOf(customer);
    await replaced(customer);
    await control('disputes', { charge, reason: 'fraudulent' });
    await settled(app);
    expect(await states(customer)).toEqual(['expired', 'disputed']);
    expect(await balance(customer)).toBe(0);
    expect(await alertsOf(customer)).toEqual(['charge.dispute.created']);
    expect((await customer.payments())[0]).toMatchObject({ dispute: { outcome: 'open' } });
  });

  test('a refund of staff takes its share', async () => {
    const customer = await signUp(app);
    await bought(customer, 'small');
    const charge = await chargeOf(customer);
    await replaced(customer);
    await customer.atStripe('refunds', { charge, amount: '300' });
    await settled(app);
    expect(await states(customer)).toEqual(['expired', 'partly_refunded']);
    expect(await balance(customer)).toBe(30);
  });
});
