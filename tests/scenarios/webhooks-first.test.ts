import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';

/** More than there are connections for those who wait for Stripe. */
const PEOPLE = 10;

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

const chaos = (failNext: object[]) => caller(app.stripeUrl).post('/_control/chaos', { failNext });

/** Stripe answers none of the calls that concern these customers. */
async function hangFor(people: Customer[]): Promise<void> {
  const ids = await Promise.all(people.map((one) => one.customerId()));
  const rules = ids.flatMap((customer) =>
    Array.from({ length: 20 }, () => ({ status: 'hang', when: 'before', match: { customer } })),
  );
  expect((await chaos(rules)).status).toBe(200);
}

test('10.17 a person whose call Stripe refuses with 429 is answered by the next try', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const path = '/v1/billing_portal/sessions';
  await chaos(Array.from({ length: 2 }, () => ({ status: 429, match: { method: 'POST', path } })));
  const answer = await customer.api.post('/api/subscription/portal');
  expect(answer).toMatchObject({ status: 200, body: { portalUrl: expect.any(String) } });
});

// Last, for those who waited are told only when their calls end.
test('10.17 however many people wait for Stripe, a webhook is worked on at its first try', async () => {
  const people = await Promise.all(Array.from({ length: PEOPLE }, () => signUp(app)));
  const quiet = await signUp(app);
  await Promise.all([...people, quiet].map((one) => one.subscribe('pro', 'month')));
  await hangFor(people);
  const patience = new AbortController();
  const statuses = new Set<number>();
  const waiting = people.map(async ({ session }) => {
    const headers = { Authorization: `Bearer ${session.accessToken}` };
    const request = { method: 'POST', headers, signal: patience.signal };
    for (;;) statuses.add((await fetch(`${app.url}/api/subscription/sync`, request)).status);
  });
  const ended = Promise.allSettled(waiting);
  try {
    const [subscription] = await quiet.subscriptionsAtStripe();
    await quiet.atStripe(`subscriptions/${subscription!.id}`, { cancel_at_period_end: 'true' });
    await settled(app);
  } finally {
    patience.abort();
    await chaos([]);
  }
  await ended;
  expect((await quiet.subscription()).cancelAtPeriodEnd).toBe(true);
  const { rows } = await app.database.pool.query(
    `select state, attempts, last_error from stripe_events
     where stripe_customer_id = $1 and type = 'customer.subscription.updated'`,
    [await quiet.customerId()],
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows)
    expect(row).toEqual({ state: 'processed', attempts: 1, last_error: null });
  // Those who waited were told so, and never that something broke.
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
});
