import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays } from '../support/customer.ts';
import { outOfPocket } from '../support/money-back.ts';
import { overageOf } from '../support/overage.ts';
import {
  billed,
  done,
  draw,
  failing,
  invoicesOf,
  list,
  lookAgain,
  monthIsOver,
  service,
  stripeIsAway,
  subscriber,
} from '../support/statements.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());

test('12.20 Stripe is away for a day at a month’s end: statements wait, use goes on to the exposure, and then it comes right', async () => {
  const customer = await subscriber(app, 'year');
  const paid = await outOfPocket(customer);
  await draw(customer, 30);
  await stripeIsAway(app, true);
  await monthIsOver(customer);
  const waits = { kind: 'month', state: 'closed', totalMinor: 720, invoice: null };
  expect(await list(customer)).toMatchObject([waits]);

  // The quota of the new month, and ¥50 that may be unpaid less the ¥7.20: 178 pictures of 24 fen.
  await draw(customer, 500);
  await draw(customer, 177);
  await draw(customer, 1);
  await expect(draw(customer, 1)).rejects.toMatchObject({ data: { reason: 'unpaid' } });
  await service(customer).closeDue();
  await advanceDays(app, 1);
  await service(customer).sweep();
  const grown = { kind: 'threshold', state: 'closed', totalMinor: 178 * 24, invoice: null };
  expect(await list(customer)).toMatchObject([grown, waits]);
  await expect(draw(customer, 1)).rejects.toMatchObject({ data: { reason: 'unpaid' } });

  await stripeIsAway(app, false);
  for (const { id } of await list(customer)) await lookAgain(customer, id);
  expect((await invoicesOf(customer)).map(({ total }) => total)).toEqual([720, 178 * 24]);
  await advanceDays(app, 1 / 24);
  await done(customer);
  expect(await list(customer)).toMatchObject([{ state: 'paid' }, { state: 'paid' }]);
  expect((await outOfPocket(customer)) - paid).toBe(720 + 178 * 24);
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({ unpaid: 0 });
  await draw(customer, 1);
});

test.each([
  ['the draft', '/v1/invoices'],
  ['a line', '/v1/invoiceitems'],
  ['the end of a draft', '/v1/invoices/:id/finalize'],
])(
  '12.19 the answer about %s is lost, and its key has aged out when it is asked again: one invoice',
  async (_what, path) => {
    const customer = await subscriber(app);
    await draw(customer, 30);
    await failing(customer, 'POST', path, 'after');
    const { id } = await billed(customer);
    // Stripe forgets a key after a day.
    await advanceDays(app, 2);
    const from = app.localStripe!.kernel.calls.last;
    await lookAgain(customer, id);
    const made = await invoicesOf(customer);
    expect(made).toMatchObject([{ total: 720 }]);
    expect(made[0]!.status).not.toBe('draft');
    const asked = app.localStripe!.kernel.calls.since(from, 10_000);
    expect(asked.map(({ endpoint }) => endpoint)).not.toContain(`POST ${path}`);
    await advanceDays(app, 1 / 24);
    await done(customer);
    expect(await list(customer)).toMatchObject([{ id, state: 'paid', totalMinor: 720 }]);
  },
);
