import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseImport } from '../../src/server/services/billing/reconcile/import-customers.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp, type Customer } from '../support/customer.ts';

let before: TestApp;
/** The same account at Stripe, and a database that knows nobody. */
let empty: TestApp;
let paying: Customer;
let gone: Customer;
beforeAll(async () => {
  before = await startTestApp();
  [paying, gone] = [await signUp(before), await signUp(before)];
  await paying.subscribe('pro', 'month');
  await gone.subscribe('team', 'month');
  await gone.api.post('/api/subscription/cancel', { immediately: true });
  await settled(before);
  // A stranger on the same account, whom another program made.
  const { id } = await paying.atStripe<{ id: string }>('customers', { name: 'Somebody else' });
  await paying.atStripe(`customers/${id}`, { 'metadata[app]': 'another' });
  empty = await startTestApp({ STRIPE_API_BASE: before.stripeUrl });
});
afterAll(async () => {
  await empty?.stop();
  await before?.stop();
});

const openAlerts = async () => {
  const { rows } = await empty.database.pool.query<{ subject_id: string; tenant: string }>(
    `select subject_id, details->>'tenantId' as tenant from alerts
     where kind = 'unknown_tenant' and resolved_at is null`,
  );
  return rows;
};

test('14.8 who pays at Stripe and is unknown here is an alert, and listed', async () => {
  const { reconcile } = empty.server.context.services;
  const customerId = await paying.customerId();
  expect(await reconcile.meetStrangers()).toEqual([customerId]);
  expect(await openAlerts()).toEqual([{ subject_id: customerId, tenant: paying.tenantId }]);
});

test('14.8 its events alone raise it too', async () => {
  await empty.database.pool.query('delete from alerts');
  const { reconcile, stripeEvents } = empty.server.context.services;
  await empty.database.pool.query(`delete from settings where key = 'stripe.events.cursor'`);
  await empty.database.pool.query('delete from stripe_events');
  await reconcile.catchUpEvents();
  await stripeEvents.drain();
  expect(await openAlerts()).toMatchObject([{ subject_id: await paying.customerId() }]);
});

test('14.8 a backfill makes tenants anew from Stripe, once it is not a dry run', async () => {
  const { reconcile } = empty.server.context.services;
  const listed = await reconcile.backfill({ dryRun: true });
  expect(listed.map(({ tenantId, isLive, outcome }) => [tenantId, isLive, outcome])).toEqual(
    expect.arrayContaining([
      [paying.tenantId, true, 'not_done'],
      [gone.tenantId, false, 'not_done'],
    ]),
  );
  expect(listed).toHaveLength(2);
  const plans = async () => {
    const { rows } = await empty.database.pool.query<{ id: string; plan: string; paid: string }>(
      `select id, plan, (select count(*) from payments p where p.tenant_id = t.id and p.status = 'paid') as paid
       from tenants t where stripe_customer_id is not null`,
    );
    return rows;
  };
  expect(await plans()).toEqual([]);

  const done = await reconcile.backfill({ dryRun: false });
  expect(done.map(({ outcome }) => outcome)).toEqual(['synced', 'synced']);
  expect(await plans()).toEqual(
    expect.arrayContaining([
      { id: paying.tenantId, plan: 'pro', paid: '1' },
      { id: gone.tenantId, plan: 'free', paid: '1' },
    ]),
  );
  expect(await openAlerts()).toEqual([]);
  expect(await reconcile.backfill({ dryRun: false })).toEqual([]);
  expect(await reconcile.meetStrangers()).toEqual([]);
});

test('14.8 customers of another program are given to tenants here, by a list', async () => {
  const { reconcile } = before.server.context.services;
  const [mine, taken] = [await signUp(before), await signUp(before)];
  await taken.subscribe('pro', 'month');
  const { id } = await paying.atStripe<{ id: string }>('customers', { name: 'From before' });
  await paying.atStripe(`customers/${id}`, { 'metadata[crm]': '17' });
  const rows = parseImport(
    [
      'customer,tenant',
      `${id},${mine.tenantId}`,
      `cus_gone,${mine.tenantId}`,
      `${id},${crypto.randomUUID()}`,
      `${id},${taken.tenantId}`,
      `${await taken.customerId()},${mine.tenantId}`,
      'nobody,nothing',
      '',
    ].join('\r\n'),
  );
  expect(rows).toHaveLength(6);
  const problems = [
    null,
    'Stripe has no such customer.',
    'There is no such tenant.',
    expect.stringMatching(/^The tenant has the customer cus_/),
    expect.stringMatching(/^The customer belongs to the tenant/),
    'The first column must be a customer (cus_…).',
  ];
  const dry = await reconcile.importCustomers(rows, { dryRun: true });
  expect(dry.map(({ problem }) => problem)).toEqual(problems);
  expect(await paying.atStripe(`customers/${id}`)).toMatchObject({ metadata: { crm: '17' } });

  // What is said beforehand holds for the file as a whole.
  const { id: second } = await paying.atStripe<{ id: string }>('customers', { name: 'Too' });
  const twice = parseImport(
    `${id},${mine.tenantId}\n\n${second},${mine.tenantId}\n${id},${mine.tenantId}\n`,
  );
  const foreseen = await reconcile.importCustomers(twice, { dryRun: true });
  expect(foreseen.map(({ row, problem }) => [row, problem])).toEqual([
    [1, null],
    [3, `Row 1 gives ${mine.tenantId} away already.`],
    [4, null],
  ]);

  const [done] = await reconcile.importCustomers(rows.slice(0, 1), { dryRun: false });
  expect(done!.problem).toBeNull();
  expect(await paying.atStripe(`customers/${id}`)).toMatchObject({
    metadata: { crm: '17', app: 'small_squaretable', tenantId: mine.tenantId },
  });
  expect(await mine.customerId()).toBe(id);
  const again = await reconcile.importCustomers(rows.slice(0, 1), { dryRun: false });
  expect(again[0]!.problem).toBeNull();
});
