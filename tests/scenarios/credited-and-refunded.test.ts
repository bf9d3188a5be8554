import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ActResult } from '../../src/domain/accounts/operator-act.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { mailsTo, outOfPocket, remedied, secondSubscription } from '../support/money-back.ts';
import { makeOperator, type SignedInOperator } from '../support/operator.ts';
import { balance, becomes, bought, purchases, refundByStaff } from '../support/packs.ts';

vi.setConfig({ testTimeout: 120_000 });

let app: TestApp;
let operator: SignedInOperator;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0', STRIPE_TIMEOUT_SECONDS: '2' });
  operator = await makeOperator(app, await signUp(app, 'Operators'));
});
afterAll(async () => app?.stop());

interface Paid {
  customer: Customer;
  /** At Stripe. */
  invoice: string;
}
const newestInvoice = async (customer: Customer) => {
  const of = `invoices?customer=${await customer.customerId()}`;
  return (await customer.atStripe<{ data: { id: string }[] }>(of)).data[0]!.id;
};
/** A plan of ¥29 that was paid by card. */
async function payer(): Promise<Paid> {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  return { customer, invoice: await newestInvoice(customer) };
}
const note = ({ customer, invoice }: Paid, amount: number, way: object) =>
  customer.atStripe('credit_notes', { invoice, amount: String(amount), ...way });
const refund = ({ customer, invoice }: Paid, wish: object = {}) =>
  operator.send<ActResult & { code?: string; details?: object }>(
    'POST',
    `/api/admin/tenants/${customer.tenantId}/acts`,
    { act: 'refund_invoice', invoice, ref: 'T-1', reason: 'TICKET-1', ...wish },
  );
const factsOf = ({ body }: { body: ActResult }) =>
  Object.fromEntries(body.facts.map(({ name, value }) => [name, value]));

/** Refunds by staff, and the credit note that names that refund. */
async function namedRefund(one: Paid, amount: number): Promise<void> {
  const { customer } = one;
  const charges = `charges?customer=${await customer.customerId()}`;
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(charges);
  const values = { charge: data[0]!.id, amount: String(amount) };
  const { id } = await customer.atStripe<{ id: string }>('refunds', values);
  await note(one, amount, { 'refunds[0][refund]': id });
}

const WAYS: [string, (one: Paid) => Promise<unknown>, number][] = [
  ['put on the balance', (one) => note(one, 900, { credit_amount: '900' }), 2000],
  ['given beside Stripe', (one) => note(one, 900, { out_of_band_amount: '900' }), 2000],
  ['refunded by the note', (one) => note(one, 900, { refund_amount: '900' }), 2000],
  ['refunded, which a note names', (one) => namedRefund(one, 900), 2000],
  [
    'given in every way',
    (one) =>
      note(one, 900, { credit_amount: '300', refund_amount: '400', out_of_band_amount: '200' }),
    2000,
  ],
  ['put on the balance wholly', (one) => note(one, 2900, { credit_amount: '2900' }), 0],
  ['given wholly beside Stripe', (one) => note(one, 2900, { out_of_band_amount: '2900' }), 0],
];

describe('14 what a credit note has given is not given back as money once more', () => {
  test.each(WAYS)('%s: an operator gives back the rest', async (_way, give, left) => {
    const one = await payer();
    await give(one);
    await settled(app);
    const pocket = await outOfPocket(one.customer);
    const preview = await refund(one, { dryRun: true });
    const more = await refund(one, { amountMinor: left + 1 });
    expect(more.body).toMatchObject({ code: 'nothing_to_refund', details: { leftMinor: left } });
    const all = await refund(one, { ref: 'T-2' });
    if (left === 0) {
      for (const { status, body } of [preview, all]) {
        expect([status, body.code]).toEqual([409, 'nothing_to_refund']);
      }
    } else {
      expect(factsOf(preview)).toMatchObject({ refundable: left, refund: left });
      expect(factsOf(all)).toMatchObject({ refund: left });
    }
    expect(await outOfPocket(one.customer)).toBe(pocket - left);
    await settled(app);
    expect(await one.customer.payments()).toMatchObject([{ amountRefundedMinor: 2900 }]);
  });

  test('a second subscription ends, and of what it cost the rest goes back', async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const chaos = (drop: number) => caller(app.stripeUrl).post('/_control/chaos', { drop });
    await chaos(1);
    await secondSubscription(customer, 'team');
    await note({ customer, invoice: await newestInvoice(customer) }, 4000, {
      ...{ credit_amount: '3000', out_of_band_amount: '1000' },
    });
    await app.localStripe!.settled();
    await chaos(0);
    await app.server.context.services.reconcile.sweep();
    await remedied(customer);
    expect(await outOfPocket(customer)).toBe(2900 + 4000);
    const { data } = await customer.atStripe<{ data: { amount: number }[] }>('refunds?limit=1');
    expect(data).toMatchObject([{ amount: 5900 }]);
  });
});

async function refuseRefunds(refused: boolean): Promise<void> {
  const match = { method: 'POST', path: '/v1/refunds' };
  const rule = { status: 500, when: 'before', repeats: 5, match, shouldRetry: false };
  const failNext = refused ? [rule] : [];
  await caller(app.stripeUrl).post('/_control/chaos', { failNext });
}

describe('14 a credit note comes while a refund is on its way', () => {
  /** The sum is stored, and Stripe does not take it yet. */
  async function ordered(amountMinor: number): Promise<Paid> {
    const one = await payer();
    await refuseRefunds(true);
    expect((await refund(one, { amountMinor })).body.code).toBe('outcome_unknown');
    await refuseRefunds(false);
    return one;
  }

  test.each([
    ['all: nothing goes back', 2900, 2900, 0],
    ['a part: the rest goes back', 2900, 1000, 1900],
    ['what leaves enough: the sum goes back', 1000, 1900, 1000],
  ])('%s', async (_name, wanted, credited, back) => {
    const one = await ordered(wanted);
    await note(one, credited, { credit_amount: String(credited) });
    await settled(app);
    const again = await refund(one, { amountMinor: wanted });
    if (back === 0) {
      expect([again.status, again.body.code]).toEqual([409, 'nothing_to_refund']);
    } else expect(factsOf(again)).toMatchObject({ refund: back });
    expect(await outOfPocket(one.customer)).toBe(2900 - back);
    const mails = await mailsTo(one.customer);
    expect(mails.filter((kind) => kind === 'payment_refunded')).toHaveLength(back === 0 ? 0 : 1);
  });
});

describe('12.3 of a pack that was credited', () => {
  const button = (customer: Customer, id: string) =>
    customer.api.post<{ refundMinor: number; code?: string }>(
      `/api/credits/purchases/${id}/refund`,
    );

  test('while its refund was on its way: the rest goes back', async () => {
    const customer = await signUp(app);
    const { id } = await bought(customer, 'medium');
    const one = { customer, invoice: await newestInvoice(customer) };
    await refuseRefunds(true);
    expect((await button(customer, id)).body.code).toBe('outcome_unknown');
    await note(one, 1000, { credit_amount: '1000' });
    await refuseRefunds(false);
    await customer.api.post(`/api/credits/purchases/${id}/sync`);
    await becomes(customer, 'refunded', 0);
    expect(await outOfPocket(customer)).toBe(1000);
  });

  test('staff gives back no sum that a note has given', async () => {
    const customer = await signUp(app);
    const { id } = await bought(customer, 'small');
    const one = { customer, invoice: await newestInvoice(customer) };
    await note(one, 500, { credit_amount: '500' });
    await becomes(customer, 'partly_refunded', 10);
    const { purchases: service } = app.server.context.services;
    const wish = { purchaseId: id, reason: 'Goodwill.', by: 'staff' };
    await expect(service.refundByOperator({ ...wish, amountMinor: 101 })).rejects.toMatchObject({
      code: 'nothing_to_refund',
    });
    expect(await service.refundByOperator(wish)).toMatchObject({ refundMinor: 100 });
    await becomes(customer, 'refunded', 0);
    expect(await balance(customer)).toBe(0);
    expect((await purchases(customer))[0]).toMatchObject({ refundedMinor: 600 });
  });
});

describe('14 more goes back than was paid, as Stripe lets staff do', () => {
  const told = async ({ tenantId }: Customer) => {
    const { rows } = await app.database.pool.query<{ open: boolean; details: object }>(
      `select resolved_at is null as open, details from alerts
       where tenant_id = $1 and kind = 'returned_too_much' order by raised_at`,
      [tenantId],
    );
    return rows.map(({ open, details }) => [open, details]);
  };
  const becomesTold = (customer: Customer, wanted: unknown[]) =>
    vi.waitFor(async () => expect(await told(customer)).toMatchObject(wanted), 60_000);
  const walletRefunds = (body: object) =>
    caller(app.stripeUrl).post('/_control/wallet_refunds', body);

  test('the operator is told once a sum, whatever was done about it', async () => {
    const one = await payer();
    const { customer } = one;
    await note(one, 2000, { credit_amount: '2000' });
    await refundByStaff(customer, 900);
    await settled(app);
    expect(await told(customer)).toEqual([]);
    await refundByStaff(customer, 100);
    const sum = (amountMinor: number) => ({ amountMinor, currency: 'cny' });
    await becomesTold(customer, [[true, sum(100)]]);
    await app.database.pool.query('update alerts set resolved_at = now() where tenant_id = $1', [
      customer.tenantId,
    ]);
    await customer.sync();
    await app.server.context.services.reconcile.sweep();
    await becomesTold(customer, [[false, sum(100)]]);
    await refundByStaff(customer, 50);
    await becomesTold(customer, [
      [false, sum(100)],
      [true, sum(150)],
    ]);
    expect(await customer.payments()).toMatchObject([{ amountRefundedMinor: 2900 }]);
  });

  test('told no more when the bank does not take the refund', async () => {
    const customer = await signUp(app);
    await bought(customer, 'small', { method: 'wechat_pay' });
    const one = { customer, invoice: await newestInvoice(customer) };
    await walletRefunds({ seconds: 7_200, outcome: 'failed' });
    await note(one, 500, { credit_amount: '500' });
    await refundByStaff(customer, 300);
    await becomesTold(customer, [[true, { amountMinor: 200 }]]);
    await advanceDays(app, 0.1);
    await becomesTold(customer, [[false, {}]]);
    await walletRefunds({ seconds: null, outcome: 'succeeded' });
  });
});
