import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, FAILING_CARD, type Customer } from '../support/customer.ts';
import { overageOf } from '../support/overage.ts';
import {
  alertsOf,
  billed,
  done,
  draw,
  invoicesOf,
  list,
  lookAgain,
  mailsOf,
  service,
  statement,
  subscriber,
} from '../support/statements.ts';
import { setChaos } from '../support/stripe-chaos.ts';

const MINUTE_MS = 60_000;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
});
afterAll(async () => app?.stop());

test('12.22 one for which there is no card has failed too', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const of = `customers/${await customer.customerId()}/payment_methods`;
  const cards = await customer.atStripe<{ data: { id: string }[] }>(of);
  for (const card of cards.data) await customer.atStripe(`payment_methods/${card.id}/detach`, {});
  const { id } = await billed(customer);
  await advanceDays(app, 1 / 24);
  await done(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'failed' });
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({
    suspended: 'unpaid',
  });
  expect(await mailsOf(customer)).toEqual(['statement_failed']);
});

/** Where the portal saves a card: with the subscription, and with the customer who has none any more. */
const SAVES: [where: string, save: (customer: Customer) => Promise<unknown>][] = [
  ['with the subscription', (customer) => customer.useCard('pm_card_visa')],
  [
    'with the customer, after the end',
    async (customer) => {
      await customer.api.post('/api/subscription/cancel', { immediately: true });
      const id = await customer.customerId();
      const values = { customer: id };
      const card = await customer.atStripe<{ id: string }>(
        `payment_methods/pm_card_visa/attach`,
        values,
      );
      await customer.atStripe(`customers/${id}`, {
        'invoice_settings[default_payment_method]': card.id,
      });
    },
  ],
];

test.each(SAVES)(
  '12.22 what failed is tried again with the card that is saved %s',
  async (_, save) => {
    const customer = await subscriber(app);
    await draw(customer, 30);
    await customer.useCard(FAILING_CARD);
    const { id } = await billed(customer);
    await advanceDays(app, 1 / 24);
    await done(customer);
    expect(await statement(customer, id)).toMatchObject({ state: 'failed' });
    await save(customer);
    await done(customer);
    const { nextAttemptAt } = await statement(customer, id);
    const waitsMs = Date.parse(nextAttemptAt!) - app.server.context.clock.now().getTime();
    await advanceDays(app, (waitsMs + MINUTE_MS) / 86_400_000);
    await done(customer);
    expect(await statement(customer, id)).toMatchObject({ state: 'paid' });
    expect(await mailsOf(customer)).toEqual(['statement_failed', 'statement_paid']);
  },
);

const takeCards = async (customer: Customer) => {
  const id = await customer.customerId();
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(
    `customers/${id}/payment_methods`,
  );
  for (const card of data) await customer.atStripe(`payment_methods/${card.id}/detach`, {});
};

test.each([
  ['another is saved', true, 'paid'],
  ['there is none', false, 'failed'],
])(
  '12.22 a last statement is not charged to a card that was taken away after the end: %s',
  async (_, isSaved, state) => {
    const customer = await subscriber(app);
    await draw(customer, 30);
    await customer.api.post('/api/subscription/cancel', { immediately: true });
    await done(customer);
    await takeCards(customer);
    if (isSaved) await SAVES[1]![1](customer);
    await service(customer).closeDue();
    await service(customer).sweep();
    const [last] = await list(customer);
    expect(last).toMatchObject({ kind: 'final', state: 'open', totalMinor: 720 });
    await advanceDays(app, 1 / 24);
    await done(customer);
    expect(await statement(customer, last!.id)).toMatchObject({ state });
    expect(await alertsOf(customer)).toEqual([]);
  },
);

test('12.24 that something is missing at Stripe does not say that the customer is', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const match = { method: 'POST', path: '/v1/invoices', customer: await customer.customerId() };
  const missing = { status: 400, code: 'resource_missing', when: 'before', match };
  setChaos(app.localStripe!, { failNext: [missing] });
  const { id, state } = await billed(customer);
  expect(state).toBe('closed');
  expect(await alertsOf(customer)).toEqual([]);
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({ isOn: true });
  await lookAgain(customer, id);
  expect(await statement(customer, id)).toMatchObject({ state: 'open' });
  expect(await invoicesOf(customer)).toHaveLength(1);
});
