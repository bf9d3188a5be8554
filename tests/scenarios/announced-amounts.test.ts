import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangePreview, PaymentView, SubscriptionView } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, advanceTo, settled, signUp, type Customer } from '../support/customer.ts';

/**
 * The amount announced is the amount charged, whatever hangs on the subscription or its customer.
 * All customers live in one month: each case looks at what became of its own.
 */
let app: TestApp;

interface AtStripe {
  id: string;
  items: { data: { id: string }[] };
}
/** What staff, or a voucher, hang on a subscription; `form` is a form of Stripe's API. */
type Arrange = (
  customer: Customer,
  at: { id: string; item: string; owner: string },
) => Promise<unknown>;

const coupon = async (customer: Customer, values: Record<string, string>) =>
  (await customer.atStripe<{ id: string }>('coupons', values)).id;
const discounted =
  (values: Record<string, string>): Arrange =>
  async (customer, { id }) =>
    customer.atStripe(`subscriptions/${id}`, {
      'discounts[0][coupon]': await coupon(customer, values),
    });
const balance =
  (amount: number): Arrange =>
  (customer, { owner }) =>
    customer.atStripe(`customers/${owner}/balance_transactions`, {
      amount: String(amount),
      currency: 'cny',
    });
const addOn =
  (interval: string): Arrange =>
  async (customer, { id }) => {
    const price = await customer.atStripe<{ id: string }>('prices', {
      currency: 'cny',
      unit_amount: '1000',
      'recurring[interval]': interval,
      'product_data[name]': `Storage by ${interval}`,
    });
    await customer.atStripe(`subscriptions/${id}`, {
      'items[0][price]': price.id,
      proration_behavior: 'none',
    });
  };
const three: Arrange = (customer, { id, item }) =>
  customer.atStripe(`subscriptions/${id}`, {
    'items[0][id]': item,
    'items[0][quantity]': '3',
    proration_behavior: 'none',
  });
const pendingItem: Arrange = (customer, { owner }) =>
  customer.atStripe('invoiceitems', { customer: owner, amount: '700', currency: 'cny' });
const vat = async (customer: Customer, percentage: string, inclusive = false) =>
  (
    await customer.atStripe<{ id: string }>('tax_rates', {
      display_name: 'VAT',
      percentage,
      inclusive: String(inclusive),
    })
  ).id;
const taxed =
  (percentage: string, inclusive = false): Arrange =>
  async (customer, { id }) =>
    customer.atStripe(`subscriptions/${id}`, {
      'default_tax_rates[0]': await vat(customer, percentage, inclusive),
    });
const planTaxed: Arrange = async (customer, { id, item }) =>
  customer.atStripe(`subscriptions/${id}`, {
    'items[0][id]': item,
    'items[0][tax_rates][0]': await vat(customer, '7'),
  });
const trial: Arrange = (customer, { id }) => {
  const inTwentyDays = Math.floor(app.server.context.clock.now().getTime() / 1000) + 20 * 86_400;
  return customer.atStripe(`subscriptions/${id}`, {
    trial_end: String(inTwentyDays),
    proration_behavior: 'none',
  });
};
const halfForever = discounted({ percent_off: '50', duration: 'forever' });

const ARRANGEMENTS: Record<string, Arrange[]> = {
  nothing: [],
  'an amount off for ever': [
    discounted({ amount_off: '1500', currency: 'cny', duration: 'forever' }),
  ],
  'an amount off once': [discounted({ amount_off: '1500', currency: 'cny', duration: 'once' })],
  'a part off for three months': [
    discounted({ percent_off: '30', duration: 'repeating', duration_in_months: '3' }),
  ],
  'a part off that ends with the period': [
    discounted({ percent_off: '30', duration: 'repeating', duration_in_months: '1' }),
  ],
  'everything off': [discounted({ percent_off: '100', duration: 'forever' })],
  'a part off the plan alone': [
    addOn('month'),
    async (customer, { id, item }) =>
      customer.atStripe(`subscriptions/${id}`, {
        'items[0][id]': item,
        'items[0][discounts][0][coupon]': await coupon(customer, {
          percent_off: '25',
          duration: 'forever',
        }),
      }),
  ],
  'three, at half price': [three, halfForever],
  'an add-on': [addOn('month')],
  'an add-on by the year': [addOn('year')],
  'more credit than the invoice': [balance(-50_000)],
  'a debt on the balance': [balance(300)],
  'a charge that waits for the next invoice': [pendingItem],
  'a trial, at half price': [trial, halfForever],
  'a trial, and an amount off once': [
    trial,
    discounted({ amount_off: '1500', currency: 'cny', duration: 'once' }),
  ],
  'tax on top': [taxed('19')],
  'tax in the price': [taxed('19', true)],
  'tax on top, at half price': [taxed('8.875'), halfForever],
  'a tax of its own on the plan': [addOn('month'), taxed('19'), planTaxed],
  'tax on top, and a charge that waits': [taxed('19'), pendingItem],
};

interface Observed {
  preview: ChangePreview | null;
  changed: number;
  /** The page, right after the change. */
  page: SubscriptionView;
  /** What was taken at the change, and at the renewal. */
  now: number;
  renewal: PaymentView | undefined;
}

const VERBS = {
  renewal: ['pro', null],
  upgrade: ['pro', 'team'],
  downgrade: ['team', 'pro'],
} as const;
type Verb = keyof typeof VERBS;
const ALL = Object.keys(VERBS).flatMap((verb) =>
  Object.keys(ARRANGEMENTS).map((name) => [verb as Verb, name] as const),
);
/** What once was announced otherwise than it was charged; with `AMOUNTS_RUNS=2` all are tried. */
const SLICE: (readonly [Verb, string])[] = [
  ['renewal', 'an add-on by the year'],
  ['upgrade', 'a part off the plan alone'],
  ['upgrade', 'an add-on by the year'],
  ['upgrade', 'a charge that waits for the next invoice'],
  ['upgrade', 'a trial, at half price'],
  ['upgrade', 'tax in the price'],
  ['upgrade', 'tax on top, and a charge that waits'],
  ['downgrade', 'a tax of its own on the plan'],
  ['downgrade', 'a part off the plan alone'],
  ['downgrade', 'an add-on by the year'],
];
const CASES = Number(process.env.AMOUNTS_RUNS ?? 1) > 1 ? ALL : SLICE;
const observed = new Map<string, Observed>();
const customers = new Map<string, Customer>();
const keyOf = (verb: string, name: string) => `${verb}: ${name}`;

async function begin(verb: Verb, name: string): Promise<void> {
  const customer = await signUp(app);
  customers.set(keyOf(verb, name), customer);
  await customer.subscribe(VERBS[verb][0], 'month');
  const owner = await customer.customerId();
  for (const arrange of ARRANGEMENTS[name]!) {
    const [found] = (await customer.subscriptionsAtStripe()) as unknown as AtStripe[];
    await arrange(customer, { id: found!.id, item: found!.items.data[0]!.id, owner });
  }
}

async function change(verb: Verb, name: string): Promise<void> {
  const customer = customers.get(keyOf(verb, name))!;
  await customer.sync();
  const target = VERBS[verb][1];
  const before = await customer.payments();
  let preview: ChangePreview | null = null;
  let changed = 200;
  if (target) {
    const priceId = await customer.priceOf(target, 'month');
    const answer = await customer.api.post<ChangePreview>('/api/subscription/preview', { priceId });
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
    preview = answer.body;
    const { prorationDate } = preview;
    changed = (await customer.change(target, 'month', { prorationDate })).status;
  }
  const page = await customer.sync();
  const known = new Set(before.map((one) => one.id));
  const now = (await customer.payments())
    .filter((one) => !known.has(one.id))
    .reduce((sum, one) => sum + one.amountPaidMinor, 0);
  observed.set(keyOf(verb, name), { preview, changed, page, now, renewal: undefined });
}

/** A few at a time: people do not wait for each other. */
async function each(work: (verb: Verb, name: string) => Promise<void>): Promise<void> {
  const left = [...CASES];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) await work(...next);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

beforeAll(async () => {
  app = await startTestApp();
  await each(begin);
  await settled(app);
  await advanceDays(app, 10);
  await each(change);
  const ends = [...observed.values()].map((one) => one.page.currentPeriodEnd!).sort();
  await advanceTo(app, ends.at(-1)!);
  await advanceDays(app, 0.1);
  await each(async (verb, name) => {
    const customer = customers.get(keyOf(verb, name))!;
    await customer.sync();
    const [newest] = await customer.payments();
    observed.get(keyOf(verb, name))!.renewal = newest;
  });
}, 900_000);
afterAll(async () => app?.stop());

describe('9 the amount announced is the amount charged', () => {
  test.each(CASES)('%s, with %s', (verb, name) => {
    const { preview, changed, page, now, renewal } = observed.get(keyOf(verb, name))!;
    expect(changed).toBe(200);
    expect(renewal).toMatchObject({ reason: 'subscription_cycle' });
    const taken = renewal!.amountPaidMinor;
    expect(page.nextInvoice?.amountMinor ?? 0).toBe(taken);
    if (!preview) return;
    expect(preview.amountDueNowMinor).toBe(now);
    expect(preview.nextInvoice?.amountMinor ?? 0).toBe(taken);
    expect(preview.balanceUsedMinor).toBeGreaterThanOrEqual(0);
    if (!name.includes('tax') || preview.effective === 'period_end') return;
    // What the page lists adds up to what is due.
    const { chargeMinor, creditMinor, discountMinor, taxMinor } = preview;
    expect(chargeMinor - creditMinor - discountMinor + taxMinor).toBe(preview.amountDueNowMinor);
  });
});
