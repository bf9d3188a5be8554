import { afterAll, beforeAll, expect, test } from 'vitest';
import type {
  ReconcileRunsPage,
  ReconcileRunView,
} from '../../src/domain/accounts/reconcile-run.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { makeOperator, type SignedInOperator } from '../support/operator.ts';
import { setChaos } from '../support/stripe-chaos.ts';

let app: TestApp;
let operator: SignedInOperator;
let customer: Customer;
beforeAll(async () => {
  app = await startTestApp();
  operator = await makeOperator(app, await signUp(app, 'Operators'));
  customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await sweep();
});
afterAll(() => app?.stop());

const sweep = () => app.server.context.services.reconcile.sweep({ trigger: 'schedule' });
const page = async (query = '') =>
  (await operator.send<ReconcileRunsPage>('GET', `/api/admin/reconcile-runs${query}`)).body;
const newest = async (): Promise<ReconcileRunView> => (await page('?limit=1')).runs[0]!;
const chaos = (change: object) => setChaos(app.localStripe!, change);

test('14 a run tells what it looked at, what was not as at Stripe, and of whom', async () => {
  chaos({ drop: 1 });
  const ofCustomer = `customer=${await customer.customerId()}`;
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(
    `subscriptions?${ofCustomer}`,
  );
  await customer.atStripe(`subscriptions/${data[0]!.id}`, { cancel_at_period_end: 'true' });
  const charges = await customer.atStripe<{ data: { id: string }[] }>(`charges?${ofCustomer}`);
  await customer.atStripe('refunds', { charge: charges.data[0]!.id, amount: '500' });
  await sweep();
  const kinds = ['subscription', 'payment', 'refund'];
  expect(await newest()).toMatchObject({
    ...{ trigger: 'schedule', customers: 1, failedCount: 0, failed: [], error: null },
    ...{ mendedCount: 1, mended: [{ tenantId: customer.tenantId, kinds }] },
    ...{ begunAt: expect.any(String), endedAt: expect.any(String) },
  });
  await sweep();
  expect(await newest()).toMatchObject({ customers: 1, mendedCount: 0, mended: [] });
  chaos({ drop: 0 });
});

test('14 it tells whom it could not read, and why it ended early', async () => {
  const id = await customer.customerId();
  const rule = { nth: 1, status: 500, when: 'before', repeats: 100, shouldRetry: false } as const;
  chaos({ failNext: [{ ...rule, match: { customer: id } }] });
  await sweep();
  expect(await newest()).toMatchObject({
    ...{ customers: 1, mendedCount: 0, failedCount: 1, failed: [{ customerId: id }], error: null },
  });
  // Neither the customer nor the bare call after it is answered: Stripe is away.
  const away = [{ customer: id }, { path: '/v1/events' }].map((match) => ({ ...rule, match }));
  chaos({ failNext: away, fired: [] });
  await expect(sweep()).rejects.toMatchObject({ code: 'stripe_unavailable' });
  expect(await newest()).toMatchObject({ error: expect.stringContaining('cannot be reached') });
  chaos({ failNext: [], fired: [] });
  const stop = AbortSignal.abort();
  await app.server.context.services.reconcile.sweep({ signal: stop });
  expect(await newest()).toMatchObject({ trigger: 'hand', customers: 0, error: 'It was stopped.' });
});

test('14 runs stand in pages, and are forgotten after 90 days', async () => {
  const all = (await page()).runs.map(({ id }) => id);
  const paged: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const found: ReconcileRunsPage = await page(`?limit=2${cursor && `&cursor=${cursor}`}`);
    paged.push(...found.runs.map(({ id }) => id));
    cursor = found.nextCursor;
  }
  expect(paged).toEqual(all);
  expect((await operator.send('GET', '/api/admin/reconcile-runs?cursor=x')).status).toBe(400);
  await app.database.pool.query(`update reconcile_runs set begun_at = now() - interval '91 days'`);
  await sweep();
  expect((await page()).runs).toHaveLength(1);
});
