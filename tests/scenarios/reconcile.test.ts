import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noTrace } from '../../src/server/services/operations/tracing/trace.ts';
import { createLog } from '../../src/server/log.ts';
import { PlanCatalogue } from '../../src/server/services/plans/plan-catalogue.ts';
import { ReconcileService } from '../../src/server/services/billing/reconcile.service.ts';
import { createStripeClient } from '../../src/server/services/stripe/client/client.ts';
import { StripeService } from '../../src/server/services/stripe.service.ts';
import { HeldConnections } from '../../src/server/services/billing/locks/held-connections.ts';
import { KeyedQueue } from '../../src/server/services/billing/locks/keyed-queue.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { openStripeProxy, type StripeProxy } from '../support/stripe-proxy.ts';

let app: TestApp;
let proxy: StripeProxy;
/** The reconciler as it runs, with a proxy before Stripe that can fail for one customer alone. */
let reconcile: ReconcileService;
const customers: Customer[] = [];

beforeAll(async () => {
  app = await startTestApp();
  proxy = await openStripeProxy(app.stripeUrl);
  const {
    database,
    lockDatabase,
    clock,
    jobs,
    services,
    stripe: access,
    config,
  } = app.server.context;
  const client = createStripeClient(
    { ...access, apiBase: proxy.url, timeoutMs: 3_000 },
    { maxNetworkRetries: 0 },
  );
  reconcile = new ReconcileService({
    db: database.db,
    held: new HeldConnections(lockDatabase.db),
    queue: new KeyedQueue(),
    clock,
    log: createLog('silent', false),
    trace: noTrace,
    stripe: new StripeService({
      stripe: client,
      portalConfiguration: undefined,
      environment: config.environment,
      checkoutSettings: config.checkoutSettings,
    }),
    catalogue: services.catalogue,
    plans: new PlanCatalogue(database.db),
    graceDays: config.pastDueGraceDays,
    policies: config.policies,
    jobs,
    events: services.stripeEvents,
  });
  for (let i = 0; i < 5; i += 1) customers.push(await signUp(app));
  for (const one of customers) await one.subscribe('pro', 'month');
});
afterAll(async () => {
  await proxy?.close();
  await app?.stop();
});
beforeEach(async () => {
  proxy.guard = () => undefined;
  await app.database.pool.query('delete from sync_failures');
});

const failFor = (ids: string[], status: number) => {
  proxy.guard = ({ path }) => (ids.some((id) => path.includes(id)) ? status : undefined);
};
const failures = async () => {
  const { rows } = await app.database.pool.query<{ id: string; attempts: number; wait: number }>(
    `select stripe_customer_id as id, attempts,
       extract(epoch from retry_at - failed_at)::int as wait from sync_failures order by 1`,
  );
  return rows;
};
const openAlerts = async () => {
  const { rows } = await app.database.pool.query<{ kind: string }>(
    'select kind from alerts where resolved_at is null order by kind',
  );
  return rows.map((row) => row.kind);
};
const ids = () => Promise.all(customers.map((one) => one.customerId()));

describe('9.13 one customer for whom Stripe fails stops nobody', () => {
  test.each([
    ['500', 1, 500],
    ['429', 1, 429],
    ['500 for two in a row', 2, 500],
    ['500 for four in a row, while a bare call works', 4, 500],
  ])('%s', async (_, count, status) => {
    const failing = (await ids()).sort().slice(0, count);
    failFor(failing, status);
    const result = await reconcile.sweep();
    expect(result.synced).toBe(5 - count);
    expect(result.failed.map((one) => one.customerId).sort()).toEqual(failing);
    expect(await failures()).toEqual(failing.map((id) => ({ id, attempts: 1, wait: 60 })));
  });

  test('the schedule leaves it out until its next try is due, and tells an operator after five', async () => {
    const [one] = await ids();
    failFor([one!], 500);
    await reconcile.sweep();
    expect(await reconcile.sweep({ onlyDue: true })).toMatchObject({ synced: 4, failed: [] });
    expect(await reconcile.retryFailed()).toMatchObject({ synced: 0, failed: [] });
    for (const attempts of [2, 3, 4, 5]) {
      await reconcile.sweep();
      expect(await failures()).toEqual([{ id: one, attempts, wait: 60 * 2 ** (attempts - 1) }]);
    }
    expect(await openAlerts()).toContain('customer_not_synced');

    proxy.guard = () => undefined;
    await app.database.pool.query('update sync_failures set retry_at = failed_at');
    // The app's own schedule may be faster.
    expect(await reconcile.retryFailed()).toMatchObject({ failed: [] });
    expect(await failures()).toEqual([]);
    expect(await openAlerts()).not.toContain('customer_not_synced');
  });

  test('a Stripe that is away for everybody ends the sweep, and is nobody’s failure', async () => {
    proxy.guard = () => 503;
    proxy.calls.length = 0;
    await expect(reconcile.sweep()).rejects.toMatchObject({ code: 'stripe_unavailable' });
    expect(await failures()).toEqual([]);
    // Three customers and one bare call, not everybody.
    expect(new Set(proxy.calls).size).toBe(4);
  });

  test('a call that is refused for one customer stops nobody either', async () => {
    const [one] = await ids();
    failFor([one!], 400);
    expect(await reconcile.sweep()).toMatchObject({ synced: 4, failed: [{ customerId: one }] });
  });
});

describe('9.13 one malformed event does not block the catch-up', () => {
  test.each([
    ['of no shape that we know', { id: 'evt_odd', object: 'event' }],
    [
      'with text that the database cannot hold',
      {
        id: 'evt_nul',
        object: 'event',
        type: 'customer.updated',
        created: 1_799_539_200,
        livemode: false,
        data: { object: { id: 'cus_x', object: 'customer', name: '\u0000' } },
      },
    ],
  ])('%s', async (_, odd) => {
    const { clock, database, log, services } = app.server.context;
    const { catchUpEvents } =
      await import('../../src/server/services/billing/reconcile/catch-up.ts');
    const good = { ...odd, id: `${odd.id}_good`, type: 'customer.updated', created: 1_799_539_200 };
    const listed = [
      odd,
      { ...good, livemode: false, data: { object: { id: 'cus_nobody', object: 'customer' } } },
    ];
    const stripe = { listEventsSince: async () => listed } as unknown as StripeService;
    const deps = { db: database.db, clock, log, stripe, events: services.stripeEvents };
    expect(await catchUpEvents(deps)).toBe(1);
    expect(await openAlerts()).toContain('event_malformed');
    await settled(app);
  });
});

describe('9.13 refunds and disputes are read by the sweep, without their events', () => {
  const chaos = (body: object) => caller(app.stripeUrl).post('/_control/chaos', body);
  const chargeOf = async (customer: Customer) => {
    const { rows } = await app.database.pool.query<{ id: string }>(
      'select stripe_charge_id as id from payments where tenant_id = $1 and amount_paid_minor > 0',
      [customer.tenantId],
    );
    return rows[0]!.id;
  };

  test('a refund', async () => {
    const customer = customers[0]!;
    await chaos({ drop: 1 });
    await customer.atStripe('refunds', { charge: await chargeOf(customer), amount: '700' });
    await app.localStripe!.settled();
    await chaos({ drop: 0 });
    expect(await customer.payments()).toMatchObject([{ amountRefundedMinor: 0 }]);
    await reconcile.sweep();
    expect(await customer.payments()).toMatchObject([{ amountRefundedMinor: 700, dispute: null }]);
  });

  test('a dispute that is opened, and lost: in the payment list, and an alert', async () => {
    const customer = customers[1]!;
    await chaos({ drop: 1 });
    const charge = await chargeOf(customer);
    await customer.stripe.post('/_control/disputes', { charge, reason: 'fraudulent' });
    await app.localStripe!.settled();
    await reconcile.sweep();
    expect(await customer.payments()).toMatchObject([
      { status: 'paid', dispute: { outcome: 'open', amountMinor: 2900 } },
    ]);
    expect(await openAlerts()).toContain('charge.dispute.created');
    const { data } = await customer.atStripe<{ data: { id: string }[] }>(
      `disputes?charge=${charge}`,
    );
    await customer.atStripe(`disputes/${data[0]!.id}/close`, {});
    await app.localStripe!.settled();
    await chaos({ drop: 0 });
    await reconcile.sweep();
    expect(await customer.payments()).toMatchObject([
      { status: 'paid', dispute: { outcome: 'lost', amountMinor: 2900 } },
    ]);
    expect(await openAlerts()).toContain('dispute_lost');
    expect(await openAlerts()).not.toContain('charge.dispute.created');
  });
});

test('9.13 events of a customer who cannot be read wait longer each time, and crowd out nobody', async () => {
  const { stripeEvents } = app.server.context.services;
  const { pool } = app.database;
  await pool.query(
    `insert into stripe_events
       (id, type, livemode, payload, stripe_created_at, received_at, attempts)
     values ('evt_waits', 'charge.refunded', false, '{}', now() - interval '1 day',
       now() - interval '1 day', 18)`,
  );
  await stripeEvents.sweep();
  const { rows } = await pool.query<{ next_attempt_at: Date }>(
    `select next_attempt_at from stripe_events where id = 'evt_waits'`,
  );
  const waits = rows[0]!.next_attempt_at.getTime() - app.server.context.clock.now().getTime();
  expect(waits).toBeGreaterThan(15 * 60_000);
  expect(await stripeEvents.sweep()).toBe(0);
  await pool.query(`delete from stripe_events where id = 'evt_waits'`);
  await advanceDays(app, 0);
});
