import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ApiKeyCreated } from '../../src/domain/api.ts';
import { KEPT_DAYS } from '../../src/domain/accounts/retention.ts';
import { forgetOld } from '../../src/server/services/operations/forget-old.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { buy, lookedAt, openPack, payPack, purchases } from '../support/packs.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(() => app?.stop());

const later = (days: number) => {
  const { clock } = app.server.context;
  return { now: () => new Date(clock.now().getTime() + days * 86_400_000) };
};
const forgetAfter = (days: number) => forgetOld({ database: app.database, clock: later(days) });

async function countOf(table: string, customer: Customer, also = 'true'): Promise<number> {
  const { rows } = await app.database.pool.query<{ n: number }>(
    `select count(*)::int as n from ${table} where tenant_id = $1 and ${also}`,
    [customer.tenantId],
  );
  return rows[0]!.n;
}

/** Days after the end of what is over, when it is still kept and when it is not. */
async function expectForgotten(days: number, count: () => Promise<number>): Promise<void> {
  const before = await count();
  expect(before).toBeGreaterThan(0);
  await forgetAfter(days - 1);
  expect(await count()).toBe(before);
  await forgetAfter(days + 1);
  expect(await count()).toBe(0);
}

test('10.23 keys that were revoked or ran out are forgotten, those in use are not', async () => {
  const customer = await signUp(app);
  await customer.subscribe('team', 'month');
  const make = async (name: string, expiresAt?: string) =>
    (await customer.api.post<ApiKeyCreated>('/api/api-keys', { name, expiresAt })).body.id;
  const revoked = await make('revoked');
  await make('used');
  await make('runs out', later(1).now().toISOString());
  await customer.api.delete(`/api/api-keys/${revoked}`);
  await expectForgotten(KEPT_DAYS.apiKeys, () => countOf('api_keys', customer, `name = 'revoked'`));
  await forgetAfter(KEPT_DAYS.apiKeys + 2);
  expect(await countOf('api_keys', customer)).toBe(1);
});

test('10.23 a payment page that nobody paid on is forgotten, one that was paid on is not', async () => {
  const customer = await signUp(app);
  // The second page takes the place of the first.
  await customer.openCheckout('team', 'month');
  await customer.subscribe('pro', 'month');
  const of = (status: string) => () =>
    countOf('checkout_sessions', customer, `status = '${status}'`);
  // From when it would have run out: a day after it was opened.
  await expectForgotten(KEPT_DAYS.expiredCheckouts + 1, of('expired'));
  expect(await of('complete')()).toBe(1);
});

test('10.23 a pack that nobody paid is forgotten; what was paid, is open or waits is not', async () => {
  const customer = await signUp(app);
  const paid = await openPack(customer, 'small');
  await payPack(customer, paid);
  const states = async () => (await purchases(customer)).map(({ state }) => state).toSorted();
  await vi.waitFor(async () => expect(await states()).toEqual(['granted']), 60_000);
  const giveUp = async () => {
    await openPack(customer, 'medium');
    const open = (await purchases(customer)).find(({ state }) => state === 'open')!;
    expect((await customer.api.post(`/api/credits/purchases/${open.id}/cancel`)).status).toBe(200);
  };
  await giveUp();
  await giveUp();
  // One that an invoice at Stripe says it is of, as that of a top-up which was withdrawn, stays.
  await app.database.pool.query(
    `update credit_purchases set stripe_invoice_id = 'in_' || id
     where id = (select id from credit_purchases where tenant_id = $1 and state = 'expired' limit 1)`,
    [customer.tenantId],
  );
  expect((await buy(customer, 'large')).status).toBe(200);
  // Stripe tells of what was given up, too: until that is looked at it waits, and stays.
  await lookedAt(customer);
  const unpaid = () =>
    countOf('credit_purchases', customer, `state = 'expired' and stripe_invoice_id is null`);
  await expectForgotten(KEPT_DAYS.unpaidPurchases, unpaid);
  expect(await states()).toEqual(['expired', 'granted', 'open']);
});

test('10.23 mails with a link are forgotten with whom they were to, mails about money are not', async () => {
  const customer = await signUp(app);
  await customer.subscribe('team', 'month');
  await customer.api.post('/api/auth/password/forgot', { email: customer.session.user.email });
  await app.server.context.services.mails.sendDue();
  await customer.api.post('/api/invitations', { email: 'who@example.com', role: 'member' });
  await customer.api.post('/api/subscription/cancel', {});
  const links = () =>
    countOf('mail_outbox', customer, `kind in ('team_invitation', 'reset_password')`);
  expect(await links()).toBe(2);
  await expectForgotten(KEPT_DAYS.linkMails, links);
  expect(await countOf('mail_outbox', customer, `kind = 'cancellation'`)).toBe(1);
});

test('10.23 events that are handled are forgotten after a year, those that were given up are not', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const { pool } = app.database;
  const count = async (state: string) => {
    const { rows } = await pool.query<{ n: number }>(
      `select count(*)::int as n from stripe_events e join tenants t using (stripe_customer_id)
       where t.id = $1 and e.state = $2`,
      [customer.tenantId, state],
    );
    return rows[0]!.n;
  };
  await pool.query(
    `update stripe_events set state = 'dead', processed_at = null where id = (
       select e.id from stripe_events e join tenants t using (stripe_customer_id)
       where t.id = $1 order by e.id limit 1)`,
    [customer.tenantId],
  );
  await expectForgotten(KEPT_DAYS.events, () => count('processed'));
  expect(await count('dead')).toBe(1);
});

test('10.23 alerts that are closed are forgotten after a year, open ones are not', async () => {
  const customer = await signUp(app);
  const now = later(0).now();
  await app.database.pool.query(
    `insert into alerts (tenant_id, kind, subject_id, message, raised_at, last_raised_at, resolved_at)
     select $1::uuid, 'intent_stuck', $1::text || n, 'A change waits.', $2::timestamptz, $2, case n when 1 then $2::timestamptz end
     from generate_series(1, 2) as n`,
    [customer.tenantId, now],
  );
  await expectForgotten(KEPT_DAYS.alerts, () =>
    countOf('alerts', customer, 'resolved_at is not null'),
  );
  expect(await countOf('alerts', customer)).toBe(1);
});
