import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { caller } from '../support/http.ts';
import {
  advanceDays,
  FAILING_CARD,
  GOOD_CARD,
  settled,
  signUp,
  type Customer,
} from '../support/customer.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

const PRICES = [
  ['pro', 'month'],
  ['pro', 'year'],
  ['team', 'month'],
] as const;
const price: fc.Arbitrary<(typeof PRICES)[number]> = fc.constantFrom(...PRICES);

/** What people, cards, the portal and time do to one subscription, in any order. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('buy' as const), price }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('change' as const), price }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), now: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resume' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('portal cancel' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('card' as const), good: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      days: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const deliveryFaults = fc.record({
  duplicate: fc.constantFrom(0, 0.5, 1),
  shuffle: fc.constantFrom(0, 1),
  drop: fc.constantFrom(0, 0.5, 1),
});

const chaos = (body: object) => caller(app.stripeUrl).post('/_control/chaos', body);

async function take(customer: Customer, one: Step): Promise<void> {
  const statuses: number[] = [];
  const post = async (verb: string, body: object = {}) => {
    statuses.push((await customer.api.post(`/api/subscription/${verb}`, body)).status);
  };
  const live = async () =>
    (await customer.customerId()) === null
      ? undefined
      : (await customer.subscriptionsAtStripe()).find((sub) => isLive(sub.status));
  switch (one.kind) {
    case 'buy': {
      const answer = await customer.openCheckout(one.price[0], one.price[1]);
      statuses.push(answer.status);
      if (answer.status !== 200) break;
      const id = new URL(answer.body.checkoutUrl).pathname.split('/').at(-1)!;
      await customer.pay(id, GOOD_CARD);
      break;
    }
    case 'change': {
      const priceId = await customer.priceOf(one.price[0], one.price[1]);
      // Twice at once, as by a double click.
      await Promise.all([post('upgrade', { priceId }), post('upgrade', { priceId })]);
      break;
    }
    case 'cancel':
      await post('cancel', { immediately: one.now });
      break;
    case 'resume':
      await post('resume');
      break;
    case 'portal cancel': {
      const found = await live();
      if (!found || found.schedule) break;
      const cancel_at = String(found.items.data[0]!.current_period_end);
      await customer.atStripe(`subscriptions/${found.id}`, { cancel_at });
      break;
    }
    case 'card':
      if (await live()) await customer.useCard(one.good ? 'pm_card_visa' : FAILING_CARD);
      break;
    case 'wait':
      await advanceDays(app, one.days);
      break;
    case 'sync':
      await Promise.all([post('sync'), post('sync'), post('sync')]);
      break;
  }
  for (const status of statuses) expect([200, 402, 409]).toContain(status);
}

const isLive = (status: string) => !['canceled', 'incomplete_expired'].includes(status);

/** Our rows are what Stripe says, whatever became of the webhooks. */
async function assertConverged(customer: Customer): Promise<void> {
  const customerId = await customer.customerId();
  if (customerId === null) return;
  const { pool } = app.database;
  const ours = await pool.query(
    `select stripe_subscription_id as id, stripe_status as status, stripe_price_id as price
     from subscriptions where tenant_id = $1 order by 1`,
    [customer.tenantId],
  );
  const theirs = await customer.subscriptionsAtStripe();
  expect(ours.rows).toEqual(
    theirs
      .map((one) => ({ id: one.id, status: one.status, price: one.items.data[0]!.price.id }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
  const live = theirs.filter((one) => isLive(one.status));
  expect(live.length).toBeLessThanOrEqual(1);

  const paidUp = live.find((one) => one.status === 'active');
  const plan = paidUp?.items.data[0]!.price.lookup_key.split('_')[1] ?? 'free';
  const tenant = await pool.query<{ plan: string }>('select plan from tenants where id = $1', [
    customer.tenantId,
  ]);
  if (live[0]?.status !== 'past_due') expect(tenant.rows[0]!.plan).toBe(plan);

  const payments = await pool.query(
    `select stripe_invoice_id as id, status::text, amount_paid_minor::int as paid
     from payments where tenant_id = $1 and status <> 'draft' order by 1`,
    [customer.tenantId],
  );
  const invoices = await customer.atStripe<{
    data: { id: string; status: string; amount_paid: number }[];
  }>(`invoices?customer=${customerId}&limit=100`);
  expect(payments.rows).toEqual(
    invoices.data
      .filter((one) => one.status !== 'draft')
      .map((one) => ({ id: one.id, status: one.status, paid: one.amount_paid }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
}

test('whatever is done, and whatever becomes of the webhooks, we end where Stripe is', async () => {
  await fc.assert(
    fc.asyncProperty(
      price,
      fc.array(step, { minLength: 3, maxLength: 7 }),
      deliveryFaults,
      async (first, steps, sky) => {
        const customer = await signUp(app);
        await chaos(sky);
        for (const one of [{ kind: 'buy' as const, price: first }, ...steps])
          await take(customer, one);
        await chaos({ duplicate: 0, shuffle: 0, drop: 0 });
        const { reconcile } = app.server.context.services;
        await reconcile.catchUpEvents();
        // Stripe lists the events of thirty days; what is older is found by the comparison of each night.
        const days = steps.map((one) => (one.kind === 'wait' ? one.days : 0));
        if (days.reduce((all, some) => all + some, 0) >= 30) await reconcile.sweep();
        await settled(app);
        await assertConverged(customer);
      },
    ),
    { numRuns: Number(process.env.CONVERGENCE_RUNS ?? 5), endOnFailure: true },
  );
}, 300_000);
