import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parsePeriod } from '../../src/domain/period.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, type Customer } from '../support/customer.ts';
import { creditFaults } from '../support/metered-tenant.ts';
import { overageOf } from '../support/overage.ts';
import {
  alertsOf,
  billed,
  done,
  draw,
  invoicesOf,
  service,
  statement,
  subscriber,
} from '../support/statements.ts';

vi.setConfig({ testTimeout: 120_000 });

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());

const unpaidOf = async ({ tenantId }: Customer) =>
  (await overageOf(app.database.pool, tenantId)).unpaid;
const later = async (customer: Customer, days: number) => {
  await advanceDays(app, days);
  await service(customer).sweep();
  await done(customer);
};

test('12.54 what nothing was taken off for 35 days is told, and refunded once', async () => {
  const customer = await subscriber(app, 'year');
  await draw(customer, 60);
  const { id } = await billed(customer);
  await later(customer, 1 / 24);
  expect(await statement(customer, id)).toMatchObject({ state: 'paid', amountMinor: 1_440 });
  const period = parsePeriod(app.server.context.clock.now().toISOString().slice(0, 7))!;
  await app.server.context.services.usage.correct({
    ...{ tenantId: customer.tenantId, resourceType: 'images', period, amount: -50 },
    ...{ reason: 'a fault', actor: { kind: 'service', name: 'test' } },
  });
  const owed = await billed(customer);
  expect(owed).toMatchObject({ state: 'carried', totalMinor: -1_200 });
  await later(customer, 34.9);
  expect(await alertsOf(customer)).toEqual([]);
  await later(customer, 0.2);
  expect(await alertsOf(customer)).toEqual(['statement_credit']);
  // Refunded by hand and written off, it is not taken off again.
  const wish = { reason: 'refunded on the invoice', by: 'test' };
  await service(customer).operate({ ...wish, statementId: owed.id, act: 'write-off' });
  expect(await unpaidOf(customer)).toBe(0);
  await draw(customer, 500);
  await draw(customer, 50);
  expect(await billed(customer)).toMatchObject({ amountMinor: 1_200, carriedInMinor: 0 });
  await later(customer, 1 / 24);
  expect((await invoicesOf(customer)).map(({ total }) => total).toSorted()).toEqual([1_200, 1_440]);
  expect(await unpaidOf(customer)).toBe(0);
});

test('12.28 what costs less than the smallest coin is carried too, and settled with the next', async () => {
  const customer = await subscriber(app);
  const { usage } = app.server.context.services;
  const tokens = { tenantId: customer.tenantId, resourceType: 'llm_tokens' } as const;
  await usage.trackUsage({ ...tokens, amount: 1_000_000 });
  // 0.08 credits, at 12 fen: less than one.
  await usage.trackUsage({ ...tokens, amount: 400 });
  expect(await billed(customer)).toMatchObject({ state: 'carried', totalMinor: 0 });
  await draw(customer, 60);
  const { id } = await billed(customer);
  await later(customer, 1 / 24);
  expect(await statement(customer, id)).toMatchObject({
    ...{ state: 'paid', amountMinor: 1_440, carriedInMinor: 0 },
  });
  expect((await invoicesOf(customer)).map(({ total }) => total)).toEqual([1_440]);
  // Nothing stays that would wait for a statement for ever.
  expect(await unpaidOf(customer)).toBe(0);
  expect(await creditFaults(app.database.pool)).toEqual([]);
});
