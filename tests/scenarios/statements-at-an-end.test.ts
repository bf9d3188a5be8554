import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, settled, signUp, type Customer } from '../support/customer.ts';
import { outOfPocket } from '../support/money-back.ts';
import { overageOf } from '../support/overage.ts';
import {
  alertsOf,
  billed,
  done,
  draw,
  failing,
  invoicesOf,
  list,
  lookAgain,
  mailsOf,
  payHosted,
  service,
  statement,
  stripeIsAway,
  subscriber,
} from '../support/statements.ts';
import { addFault } from '../support/stripe-chaos.ts';

let app: TestApp;
beforeAll(
  async () => void (app = await startTestApp({ TRIAL_DAYS: '0', STRIPE_TIMEOUT_SECONDS: '3' })),
);
afterAll(async () => app?.stop());

const hour = () => advanceDays(app, 1 / 24);

/** The statements as the database has them, also of a team in which nobody is left to ask. */
const statementsOf = async ({ tenantId }: Customer) =>
  (
    await app.database.pool.query<{ kind: string; state: string; minor: number }>(
      `select kind, state, (amount_minor + carried_in_minor)::int as minor from statements
       where tenant_id = $1 order by seq_from`,
      [tenantId],
    )
  ).rows;

async function deletedAtStripe(customer: Customer): Promise<void> {
  // What was ordered before is done: nothing but the deletion has anybody look.
  await done(customer);
  await fetch(`${app.stripeUrl}/v1/customers/${await customer.customerId()}`, {
    ...{ method: 'DELETE', headers: { Authorization: 'Bearer sk_test_squaretable' } },
  });
  await done(customer);
}

const deleted = ({ api }: Customer) => api.delete('/api/tenant', { confirm: 'Round table' });

test('12.22 a bank that wants a confirmation: a mail leads to the page where it is given, and overage is on again', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  await customer.useCard('pm_card_authenticationRequired');
  const { id } = await billed(customer);
  await hour();
  await done(customer);
  const asked = await statement(customer, id);
  expect(asked).toMatchObject({ state: 'failed', actionRequired: true });
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({
    suspended: 'unpaid',
  });
  await expect(draw(customer, 1)).rejects.toMatchObject({ data: { reason: 'unpaid' } });
  expect((await customer.subscription()).status).toBe('active');
  const [mail] = (await app.server.context.services.mails.show(100)).filter(
    ({ kind, recipient }) =>
      kind === 'statement_failed' && recipient === customer.session.user.email,
  );
  expect(mail!.text).toContain(asked.payUrl);
  // It is asked for once, however often it is looked at.
  await lookAgain(customer, id);
  expect(await mailsOf(customer)).toEqual(['statement_failed']);
  const paid = await outOfPocket(customer);
  await payHosted(customer, asked.payUrl!, '4000002760003184');
  await done(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'paid', actionRequired: false });
  expect((await outOfPocket(customer)) - paid).toBe(720);
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({
    ...{ suspended: null, isOn: true, unpaid: 0 },
  });
  await draw(customer, 1);
  expect(await mailsOf(customer)).toEqual(['statement_failed', 'statement_paid']);
});

test('12.24 a customer who is deleted at Stripe while a statement is open: it is not collected, and staff is told', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const { id } = await billed(customer);
  await deletedAtStripe(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'uncollectible' });
  expect(await alertsOf(customer)).toContain('statement_uncollectible');
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({
    ...{ suspended: 'unpaid', isOn: false },
  });
  expect(await customer.subscription()).toMatchObject({ plan: 'free', status: 'canceled' });
  // Nothing more is tried, and what it was is not forgotten.
  await lookAgain(customer, id);
  expect(await statementsOf(customer)).toEqual([
    { kind: 'threshold', state: 'uncollectible', minor: 720 },
  ]);
  // Their next customer at Stripe pays for what they buy then.
  await customer.subscribe('pro', 'month');
  expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
});

test('12.24 a customer who is deleted at Stripe while the invoice is a draft: the same', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  await failing(customer, 'POST', '/v1/invoiceitems', 'before');
  const { id } = await billed(customer);
  expect(await invoicesOf(customer)).toMatchObject([{ status: 'draft' }]);
  await deletedAtStripe(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'uncollectible' });
  expect(await alertsOf(customer)).toContain('statement_uncollectible');
});

test('12 a team that is deleted: its last statement is closed and invoiced before its subscription ends, and paid', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const paid = await outOfPocket(customer);
  const at = await customer.customerId();
  expect((await deleted(customer)).status).toBe(204);
  await settled(app);
  const [invoice] = await invoicesOf(customer);
  expect(invoice).toMatchObject({ status: 'open', total: 720 });
  const { data: events } = await customer.atStripe<{
    data: { type: string; data: { object: { customer: string; metadata?: object } } }[];
  }>('events?limit=100');
  const theirs = events.filter(({ data }) => data.object.customer === at).map(({ type }) => type);
  // The newest is first.
  const ended = theirs.indexOf('customer.subscription.deleted');
  expect(ended).toBeGreaterThanOrEqual(0);
  expect(theirs.indexOf('invoice.finalized')).toBeGreaterThan(ended);
  await service({ app }).closeDue();
  await hour();
  await done(customer);
  expect(await statementsOf(customer)).toEqual([{ kind: 'final', state: 'paid', minor: 720 }]);
  expect((await outOfPocket(customer)) - paid).toBe(720);
  expect(await service({ app }).verify()).toEqual([]);
});

const FAULTS = [
  { name: 'fails before', status: 500, when: 'before' },
  { name: 'fails after it took effect', status: 500, when: 'after' },
  { name: 'hangs before', status: 'hang', when: 'before' },
  { name: 'hangs after it took effect', status: 'hang', when: 'after' },
] as const;

/** The next invoice that is made for the customer meets the fault. */
async function aim(customer: Customer, { status, when }: (typeof FAULTS)[number]) {
  const id = await customer.customerId();
  const match = { method: 'POST', path: '/v1/invoices', customer: id } as const;
  addFault(app.localStripe!, {
    ...{ status, when, match },
    ...(status === 500 ? { shouldRetry: false } : {}),
  });
}

/** As the task does every minute, until there is an invoice. */
async function carriedOn(customer: Customer): Promise<void> {
  await vi.waitFor(
    async () => {
      await app.database.pool.query(
        `update statements set look_at = closed_at where tenant_id = $1`,
        [customer.tenantId],
      );
      await service({ app }).sweep();
      const open = [{ kind: 'final', state: 'open', minor: 720 }];
      expect(await statementsOf(customer)).toEqual(open);
    },
    { timeout: 60_000, interval: 50 },
  );
  expect(await invoicesOf(customer)).toMatchObject([{ status: 'open', total: 720 }]);
}

test('12.17 12.18 12.19 a team is deleted whatever comes of its last invoice, within the time of a request, and billed once', async () => {
  await Promise.all(
    FAULTS.map(async (fault) => {
      const customer = await subscriber(app);
      await draw(customer, 30);
      await aim(customer, fault);
      const begin = performance.now();
      expect((await deleted(customer)).status, fault.name).toBe(204);
      expect(performance.now() - begin, fault.name).toBeLessThan(15_000);
      await carriedOn(customer);
    }),
  );
  await service({ app }).closeDue();
  expect(await service({ app }).verify()).toEqual([]);
});

test('12.17 cut between the closing and the deletion, and asked for again: billed once', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  await service({ app }).close(customer.tenantId, { kind: 'final' });
  expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
  expect((await deleted(customer)).status).toBe(204);
  await carriedOn(customer);
});

test('12.29 a deletion that does not come about writes nothing off; one that does, what is too little', async () => {
  const customer = await subscriber(app);
  await draw(customer, 5);
  await stripeIsAway(app, true);
  expect((await deleted(customer)).status).toBe(503);
  await stripeIsAway(app, false);
  await done(customer);
  const small = { kind: 'final', state: 'carried', minor: 120 };
  expect(await statementsOf(customer)).toEqual([small]);
  await draw(customer, 30);
  await billed(customer);
  await draw(customer, 5);
  expect((await deleted(customer)).status).toBe(204);
  await settled(app);
  await service({ app }).closeDue();
  await done(customer);
  expect(await statementsOf(customer)).toMatchObject([
    small,
    { state: 'open', minor: 840 },
    { kind: 'final', state: 'written_off', minor: 120 },
  ]);
  expect((await invoicesOf(customer)).map(({ total }) => total)).toEqual([840]);
});

test('12 a name that is not the team’s deletes nothing and closes nothing', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const answer = await customer.api.delete('/api/tenant', { confirm: 'Another' });
  expect(answer.status).toBe(400);
  expect(await list(customer)).toEqual([]);
  const nobody = await signUp(app);
  expect((await deleted(nobody)).status).toBe(204);
  expect(await statementsOf(nobody)).toEqual([]);
});
