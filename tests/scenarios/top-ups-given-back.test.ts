import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { mailsTo, outOfPocket, returnPromised } from '../support/money-back.ts';
import {
  balance,
  becomes,
  bought,
  chargeOf,
  purchases,
  refundByStaff,
  useCredits,
} from '../support/packs.ts';
import {
  agree,
  agreed,
  becomesOne,
  bySelf,
  saveCard,
  toppedUp,
  topUpOf,
  want,
} from '../support/top-ups.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());
const control = async (path: string, body: object) => {
  const { status } = await caller(app.stripeUrl).post(`/_control/${path}`, body);
  expect(status).toBe(200);
};
const giveBack = (customer: Customer, id: string) =>
  customer.api.post(`/api/credits/purchases/${id}/refund`);
const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 60_000, interval: 50 });
const pausesOf = async (customer: Customer) =>
  (await mailsTo(customer)).filter((kind) => kind === 'top_up_paused');

describe('12.5 credits that go with a pack are not bought again for it', () => {
  test.each<[string, (customer: Customer, id: string) => Promise<unknown>, string]>([
    ['given back by the button', giveBack, 'refunded'],
    ['refunded by staff', (customer) => refundByStaff(customer), 'refunded'],
    [
      'questioned at the bank',
      async (customer) => control('disputes', { charge: await chargeOf(customer) }),
      'disputed',
    ],
  ])('%s: nothing is charged until somebody agrees again', async (_name, go, state) => {
    const customer = await agreed(app);
    const { id } = await toppedUp(customer);
    await go(customer, id);
    await becomes(customer, state, 0);
    await want(app);
    expect(await bySelf(customer)).toHaveLength(1);
    expect(await topUpOf(customer)).toMatchObject({ enabled: true, paused: 'given_back' });
    await customer.sync();
    // Another card is no answer to it.
    await saveCard(customer, 'pm_card_mastercard');
    await settled(app);
    expect(await topUpOf(customer)).toMatchObject({ paused: 'given_back' });
    expect(await pausesOf(customer)).toHaveLength(1);
    expect(await agree(customer)).toMatchObject({ body: { autoTopUp: { paused: null } } });
    await customer.api.post(`/api/credits/purchases/${id}/sync`);
    expect(await topUpOf(customer)).toMatchObject({ paused: null });
    await toppedUp(customer);
    expect(await bySelf(customer)).toHaveLength(2);
  });

  test('a sum that staff gives back of a pack is no reason', async () => {
    const customer = await agreed(app);
    await toppedUp(customer);
    await refundByStaff(customer, 100);
    await becomes(customer, 'partly_refunded', 50);
    await want(app);
    expect(await topUpOf(customer)).toMatchObject({ paused: null });
    expect(await bySelf(customer)).toHaveLength(1);
  });

  test('nor is asking for what is used up, which changes nothing', async () => {
    const customer = await agreed(app);
    const { id } = await toppedUp(customer);
    await useCredits(customer, 60);
    expect(await giveBack(customer, id)).toMatchObject({
      ...{ status: 409, body: { code: 'nothing_to_refund' } },
    });
    expect(await topUpOf(customer)).toMatchObject({ paused: null });
  });

  test('one that waits for its owner then is withdrawn', async () => {
    const customer = await agreed(app, 'pm_card_authenticationRequired');
    const { id } = await bought(customer, 'small');
    await agree(customer, { lowCredits: 60 });
    const { usage } = app.server.context.services;
    await usage.trackUsage({
      ...{ tenantId: customer.tenantId, resourceType: 'images', amount: 11 },
    });
    await toppedUp(customer, 'needs_action');
    expect(await giveBack(customer, id)).toMatchObject({ status: 200 });
    await app.server.context.services.purchases.sweep();
    await becomesOne(customer, 'expired');
    expect(await outOfPocket(customer)).toBeLessThan(600);
  });
});

test('12.5 a maximum of the month that is lowered counts until the moment of the charge', async () => {
  const customer = await agreed(app, 'pm_card_visa', { monthMaxMinor: 1_200 });
  await toppedUp(customer);
  await saveCard(customer, 'pm_card_authenticationRequired');
  await agree(customer, { lowCredits: 60, monthMaxMinor: 1_200 });
  const { usage } = app.server.context.services;
  await usage.trackUsage({
    ...{ tenantId: customer.tenantId, resourceType: 'images', amount: 11 },
  });
  await toppedUp(customer, 'needs_action');
  await agree(customer, { monthMaxMinor: 600 });
  await advanceDays(app, 15 / 24 / 60);
  await app.server.context.services.purchases.sweep();
  await becomesOne(customer, 'expired');
  expect(await outOfPocket(customer)).toBe(600);
  expect(await topUpOf(customer)).toMatchObject({ paused: null, open: null });
});

test('12.3 what Stripe held for the customer has paid: it is used, and nothing can be given back', async () => {
  const customer = await agreed(app);
  const id = await customer.customerId();
  await customer.atStripe(`customers/${id}/balance_transactions`, {
    ...{ amount: '-5000', currency: 'cny' },
  });
  const topUp = await toppedUp(customer);
  expect(topUp).toMatchObject({ state: 'granted', refundUntil: null, returnableMinor: null });
  expect(await balance(customer)).toBe(60);
  expect(await outOfPocket(customer)).toBe(0);
  const answer = await giveBack(customer, topUp.id);
  expect(answer).toMatchObject({ status: 409, body: { code: 'nothing_charged' } });
  expect(await returnPromised(customer, 'top_up_bought')).toEqual([false]);
  // Asked for and refused: nothing was frozen, and nothing bought again.
  expect(await balance(customer)).toBe(60);
  expect((await purchases(customer))[0]).toMatchObject({ state: 'granted', refundedMinor: 0 });
  expect(await topUpOf(customer)).toMatchObject({ paused: null });
});

test.each([
  ['its share of what is left', 0, 20, 40],
  ['and of that no more than is unused', 50, 10, 0],
])('12.3 a sum that an operator gives back says what went with it: %s', async (...one) => {
  const [, used, revokedCredits, left] = one;
  const customer = await signUp(app);
  const { id } = await bought(customer, 'small');
  await useCredits(customer, used);
  const { purchases: service } = app.server.context.services;
  const wish = { purchaseId: id, reason: 'Goodwill.', by: 'staff', amountMinor: 200 };
  expect(await service.refundByOperator(wish)).toMatchObject({ refundMinor: 200, revokedCredits });
  await becomes(customer, 'partly_refunded', left);
  // What is left keeps its price: half of it is half of the rest.
  const again = { refundMinor: 200, revokedCredits: left / 2 };
  expect(await service.refundByOperator(wish)).toMatchObject(again);
  expect(await balance(customer)).toBe(left / 2);
});

describe('12.3 what the balance has paid of a pack and a note puts back on it is given back', () => {
  async function toppedUpFrom(held: number) {
    const customer = await agreed(app);
    const id = await customer.customerId();
    await customer.atStripe(`customers/${id}/balance_transactions`, {
      ...{ amount: String(-held), currency: 'cny' },
    });
    const topUp = await toppedUp(customer);
    const of = await customer.atStripe<{ data: { id: string }[] }>(`invoices?customer=${id}`);
    const note = (amount: number) =>
      customer.atStripe('credit_notes', {
        ...{ invoice: of.data[0]!.id, amount: String(amount), credit_amount: String(amount) },
      });
    return { customer, topUp, note };
  }
  const paymentBecomes = (customer: Customer, wanted: object) =>
    eventually(async () => expect((await customer.payments())[0]).toMatchObject(wanted));

  test('where it paid all', async () => {
    const { customer, topUp, note } = await toppedUpFrom(5_000);
    expect(topUp).toMatchObject({ chargedMinor: 600 });
    await note(200);
    await becomes(customer, 'partly_refunded', 40);
    await paymentBecomes(customer, {
      ...{ about: 'pack', amountPaidMinor: 0, fromBalanceMinor: 600, amountRefundedMinor: 200 },
    });
    await note(400);
    await becomes(customer, 'refunded', 0);
    expect(await giveBack(customer, topUp.id)).toMatchObject({ status: 409 });
    expect(await outOfPocket(customer)).toBe(0);
  });

  test('where it paid a part: what is left goes back as money, as far as money was paid', async () => {
    const { customer, topUp, note } = await toppedUpFrom(200);
    expect(topUp).toMatchObject({ chargedMinor: 600, returnableMinor: 400 });
    await note(500);
    await becomes(customer, 'partly_refunded', 10);
    expect((await bySelf(customer))[0]).toMatchObject({ refundedMinor: 500, returnableMinor: 100 });
    await paymentBecomes(customer, {
      ...{ amountPaidMinor: 400, fromBalanceMinor: 200, amountRefundedMinor: 500 },
    });
    expect(await giveBack(customer, topUp.id)).toMatchObject({ body: { refundMinor: 100 } });
    await becomes(customer, 'refunded', 0);
    expect(await outOfPocket(customer)).toBe(300);
  });
});
