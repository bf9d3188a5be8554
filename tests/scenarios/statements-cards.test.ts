import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, FAILING_CARD, type Customer } from '../support/customer.ts';
import { overageOf } from '../support/overage.ts';
import { billed, done, draw, mailsOf, statement, subscriber } from '../support/statements.ts';

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
