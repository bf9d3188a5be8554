import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { MonthCostView } from '../../src/domain/billing/payment-view.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, type Customer } from '../support/customer.ts';
import { bought, refundByStaff } from '../support/packs.ts';
import { agreeWith, toppedUp } from '../support/top-ups.ts';
import {
  billed,
  done,
  draw,
  invoicesOf,
  paymentOf,
  service,
  subscriber,
} from '../support/statements.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());

/** Plan, overage and packs of the running month, in fen. */
async function month({ api }: Customer): Promise<number[]> {
  const { body } = await api.get<MonthCostView>('/api/subscription/month');
  return body.costs.flatMap((one) => [one.planMinor, one.overageMinor, one.packsMinor]);
}

async function costs(customer: Customer, wanted: number[]): Promise<void> {
  await done(customer);
  await vi.waitFor(async () => expect(await month(customer)).toEqual(wanted), {
    timeout: 60_000,
    interval: 100,
  });
}

/** All that Pro has of a month, beside its pictures. */
const QUOTAS = [
  ['messages', 10_000],
  ['api_calls', 1_000],
  ['llm_tokens', 1_000_000],
] as const;
const BESIDE = [
  ['messages', 3],
  ['api_calls', 7],
  ['llm_tokens', 300],
] as const;

interface Bill {
  customer: Customer;
  id: string;
  invoice: string;
}

/** A bill of ¥7.20, and its invoice; before it is made, something is done. */
async function bill(before?: (customer: Customer) => Promise<unknown>): Promise<Bill> {
  const customer = await subscriber(app);
  await before?.(customer);
  await draw(customer, 30);
  const { id } = await billed(customer);
  const [invoice] = await invoicesOf(customer);
  return { customer, id, invoice: invoice!.id };
}

async function paidBill(before?: Parameters<typeof bill>[0]): Promise<Bill> {
  const one = await bill(before);
  await advanceDays(app, 1 / 24);
  await done(one.customer);
  return one;
}

/** 19 % come on top: of ¥7.20 it is ¥8.57. */
async function tax(customer: Customer): Promise<void> {
  const { id } = await customer.atStripe<{ id: string }>('tax_rates', {
    ...{ display_name: 'VAT', percentage: '19', inclusive: 'false' },
  });
  const [one] = await customer.subscriptionsAtStripe();
  await customer.atStripe(`subscriptions/${one!.id}`, { 'default_tax_rates[0]': id });
  await done(customer);
}

/** Somebody gives it to the customer, to be used by whichever invoice comes next. */
const present = (amount: number) => async (customer: Customer) =>
  customer.atStripe(`customers/${await customer.customerId()}/balance_transactions`, {
    ...{ amount: String(-amount), currency: 'cny' },
  });

const note = ({ customer, invoice }: Bill, amount: number, way: object = {}) =>
  customer.atStripe('credit_notes', { invoice, amount: String(amount), ...way });
const refund = async ({ customer, invoice }: Bill, amount: number) => {
  const { payment_intent: intent } = await paymentOf(customer, invoice);
  await customer.atStripe('refunds', { payment_intent: intent, amount: String(amount) });
};

test.each<[string, () => Promise<Bill>, (one: Bill) => Promise<unknown>, number]>([
  ['nothing', bill, () => Promise.resolve(), 720],
  ['a part is credited before it is paid', bill, (one) => note(one, 220), 500],
  ['all is credited before it is paid', bill, (one) => note(one, 720), 0],
  ['it is voided', bill, (one) => one.customer.atStripe(`invoices/${one.invoice}/void`, {}), 0],
  [
    'it is written off',
    bill,
    ({ customer, id }) =>
      service(customer).operate({ statementId: id, act: 'write-off', reason: 'a', by: 'test' }),
    0,
  ],
  ['a part is refunded', paidBill, (one) => refund(one, 200), 520],
  ['a part goes to the balance', paidBill, (one) => note(one, 220, { credit_amount: '220' }), 500],
  [
    'all goes back beside Stripe',
    paidBill,
    (one) => note(one, 720, { out_of_band_amount: '720' }),
    0,
  ],
  ['a part is credited, with its tax on top', () => bill(tax), (one) => note(one, 357), 420],
  ['less is credited than the tax on top', () => bill(tax), (one) => note(one, 119), 620],
  [
    'a part goes to the balance, with its tax on top',
    () => paidBill(tax),
    (one) => note(one, 357, { credit_amount: '357' }),
    420,
  ],
  ['the balance paid a part', () => paidBill(present(300)), () => Promise.resolve(), 420],
  [
    'the balance paid a part, and some of the rest goes to it',
    () => paidBill(present(300)),
    (one) => note(one, 200, { credit_amount: '200' }),
    220,
  ],
  [
    'the balance paid a part, and all but a little goes to it',
    () => paidBill(present(300)),
    (one) => note(one, 700, { credit_amount: '700' }),
    0,
  ],
  [
    'the balance paid all, and a part goes back to it',
    () => paidBill(present(1000)),
    (one) => note(one, 500, { credit_amount: '500' }),
    0,
  ],
])('what the month costs when of its bill %s', async (_what, begin, act, overage) => {
  const one = await begin();
  const [plan] = await month(one.customer);
  await act(one);
  await costs(one.customer, [plan!, overage, 0]);
});

test('what the balance had of one bill and pays for the next is taken off once', async () => {
  const one = await paidBill();
  const { customer } = one;
  const [plan] = await month(customer);
  await note(one, 720, { credit_amount: '720' });
  await costs(customer, [plan!, 0, 0]);
  await draw(customer, 30);
  await billed(customer);
  await advanceDays(app, 1 / 24);
  await done(customer);
  const [planAfter, overage] = await month(customer);
  expect(planAfter! + overage!).toBe(plan! + 720);
});

test('what the balance had of one bill, paid for the next and had of that again is taken off once', async () => {
  const one = await paidBill();
  const { customer } = one;
  const [plan] = await month(customer);
  await note(one, 720, { credit_amount: '720' });
  await draw(customer, 30);
  await billed(customer);
  await advanceDays(app, 1 / 24);
  await done(customer);
  const invoice = (await invoicesOf(customer)).find(({ id }) => id !== one.invoice)!.id;
  await note({ ...one, invoice }, 500, { credit_amount: '500' });
  await done(customer);
  const [planAfter, overage] = await month(customer);
  expect(planAfter! + overage!).toBe(plan! + 220);
});

test('a pack that the balance paid costs no money, but what had come back of a bill', async () => {
  const one = await paidBill();
  const { customer } = one;
  const [plan] = await month(customer);
  await note(one, 720, { credit_amount: '720' });
  await costs(customer, [plan!, 0, 0]);
  await agreeWith(customer);
  await toppedUp(customer);
  await costs(customer, [plan! + 600, 0, 0]);
});

test('a pack that was refunded, or is on its way back, costs what is left of it', async () => {
  const customer = await subscriber(app);
  const [plan] = await month(customer);
  await bought(customer, 'small');
  await costs(customer, [plan!, 0, 600]);
  await refundByStaff(customer, 200);
  await costs(customer, [plan!, 0, 400]);
  await refundByStaff(customer);
  await costs(customer, [plan!, 0, 0]);
});

test('what is billed costs what its lines ask for, each rounded down, and the rest what it comes to', async () => {
  const customer = await subscriber(app);
  const [plan] = await month(customer);
  const use = async () => {
    // 720, 3.6, 0.84 and 0.72 fen beyond the quotas.
    await draw(customer, 30);
    for (const [resourceType, amount] of BESIDE) {
      await customer.app.server.context.services.usage.trackUsage({
        ...{ tenantId: customer.tenantId, resourceType, amount },
      });
    }
  };
  const { usage } = app.server.context.services;
  for (const [resourceType, amount] of QUOTAS) {
    await usage.trackUsage({ tenantId: customer.tenantId, resourceType, amount });
  }
  await use();
  await costs(customer, [plan!, 725, 0]);
  expect(await billed(customer)).toMatchObject({ totalMinor: 723 });
  await costs(customer, [plan!, 723, 0]);
  await use();
  await costs(customer, [plan!, 723 + 725, 0]);
});
