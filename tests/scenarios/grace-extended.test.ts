import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ActRefusal, ActResult } from '../../src/domain/accounts/operator-act.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  advanceDays,
  advanceTo,
  FAILING_CARD,
  settled,
  signUp,
  type Customer,
} from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import { makeOperator, type SignedInOperator } from '../support/operator.ts';

vi.setConfig({ testTimeout: 240_000 });

const DAY_MS = 86_400_000;
const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-grace-'));
let app: TestApp;
let operator: SignedInOperator;
beforeAll(async () => {
  app = await startTestApp();
  operator = await makeOperator(app, await signUp(app, 'Operators'));
  // Stripe goes on trying, and leaves the subscription past due.
  await caller(app.stripeUrl).post('/_control/retry_settings', {
    ...{ attempts: 8, spacingSeconds: 3 * 24 * 3600, final: 'past_due' },
  });
});
afterAll(async () => {
  await app?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const extend = ({ tenantId }: Customer, until: string, dryRun = false) =>
  operator.send<ActResult & { code?: string }>('POST', `/api/admin/tenants/${tenantId}/acts`, {
    ...{ act: 'extend_grace', reason: 'TICKET-5: their bank is on strike', until, dryRun },
  });
const factsOf = ({ body }: { body: ActResult }) =>
  Object.fromEntries(body.facts.map(({ name, value }) => [name, value]));
const planInDatabase = async ({ tenantId }: Customer) =>
  (
    await app.database.pool.query<{ plan: string }>('select plan from tenants where id = $1', [
      tenantId,
    ])
  ).rows[0]!.plan;
const mailsOf = async ({ tenantId }: Customer, kind: string) =>
  (
    await app.database.pool.query<{ data: { graceEndsAt?: string; until?: string } }>(
      'select data from mail_outbox where tenant_id = $1 and kind = $2 order by created_at',
      [tenantId, kind],
    )
  ).rows.map(({ data }) => data);
const dayAfter = (at: string, days: number) =>
  new Date(Date.parse(at) + days * DAY_MS).toISOString();

async function fallBehind(): Promise<{ customer: Customer; since: string }> {
  const customer = await signUp(app);
  const { currentPeriodEnd } = await customer.subscribe('pro', 'month');
  await customer.useCard(FAILING_CARD);
  await advanceTo(app, currentPeriodEnd!);
  await advanceDays(app, 0.1);
  const { pastDue } = await customer.subscription();
  return { customer, since: pastDue!.since };
}

test('14 who is given longer keeps the plan until then, for this invoice, and no longer', async () => {
  const { customer, since } = await fallBehind();
  const until = dayAfter(since, 14);
  const [usual] = await mailsOf(customer, 'payment_failed');
  expect(usual!.graceEndsAt).toBe(dayAfter(since, 7));

  const preview = factsOf(await extend(customer, until, true));
  expect(preview).toMatchObject({ graceEnded: dayAfter(since, 7), graceEnds: until, plan: 'pro' });
  expect((await customer.subscription()).pastDue!.graceEndsAt).toBe(dayAfter(since, 7));
  expect(factsOf(await extend(customer, until))).toEqual(preview);
  expect((await customer.subscription()).pastDue!.graceEndsAt).toBe(until);
  expect(await mailsOf(customer, 'grace_extended')).toMatchObject([{ until }]);

  // Neither the minute's task, nor a sync, nor the reconciler takes it.
  await advanceTo(app, dayAfter(since, 8));
  const { subscriptions, reconcile } = app.server.context.services;
  await subscriptions.expireGrace();
  await customer.sync();
  await reconcile.sweep();
  expect(await planInDatabase(customer)).toBe('pro');
  expect((await customer.subscription()).pastDue!.graceEndsAt).toBe(until);
  expect((await mailsOf(customer, 'payment_failed')).at(-1)!.graceEndsAt).toBe(until);
  await advanceTo(app, until);
  await subscriptions.expireGrace();
  expect(await planInDatabase(customer)).toBe('free');

  // By a command once more: the plan comes back.
  const words = ['--tenant', customer.tenantId, '--until', dayAfter(since, 17).slice(0, 10)];
  const env = {
    ...{ DATA_DIR: folder, DATABASE_URL: app.database.url },
    ...{ STRIPE_API_BASE: app.stripeUrl, STRIPE_SECRET_KEY: 'sk_test_squaretable' },
  };
  const done = await runOperatorCommand('grace:extend', [...words, '--reason', 'still'], env);
  expect([done.code, done.complained]).toEqual([0, '']);
  expect(await planInDatabase(customer)).toBe('pro');

  // Paid: it is over. The next invoice that fails has the usual days.
  await customer.useCard('pm_card_visa');
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(
    `invoices?customer=${await customer.customerId()}&status=open`,
  );
  await customer.atStripe(`invoices/${data[0]!.id}/pay`, {});
  await settled(app);
  const paid = await customer.subscription();
  expect(paid).toMatchObject({ plan: 'pro', status: 'active', pastDue: null });
  expect((await extend(customer, dayAfter(since, 20))).body.code).toBe('state_changed');
  await customer.useCard(FAILING_CARD);
  await advanceTo(app, paid.currentPeriodEnd!);
  await advanceDays(app, 0.1);
  const again = (await customer.subscription()).pastDue!;
  expect(again.graceEndsAt).toBe(dayAfter(again.since, 7));
  const log = JSON.stringify((await customer.api.get('/api/tenant/audit')).body);
  expect(log).toContain('subscription.grace_extended');
  expect(log).toContain('TICKET-5: their bank is on strike');
});

test('14 nobody is given less, more than 30 days, or longer than Stripe keeps the subscription', async () => {
  const { customer, since } = await fallBehind();
  const refused = async (until: string) => (await extend(customer, until)).body;
  for (const until of [dayAfter(since, 7), dayAfter(since, -3), dayAfter(since, 32), 'soon']) {
    expect([until, (await refused(until)).code]).toEqual([until, 'invalid_request']);
  }
  const never = await signUp(app);
  expect((await extend(never, dayAfter(since, 14))).body.code).toBe('state_changed');
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(
    `subscriptions?customer=${await customer.customerId()}`,
  );
  const cancelAt = Math.floor(Date.parse(dayAfter(since, 10)) / 1000);
  await customer.atStripe(`subscriptions/${data[0]!.id}`, { cancel_at: String(cancelAt) });
  const behind = await refused(dayAfter(since, 11));
  expect([behind.code, JSON.stringify(behind)]).toEqual([
    ...['invalid_request', expect.stringContaining('at Stripe')],
  ]);
  expect(await mailsOf(customer, 'grace_extended')).toEqual([]);
  expect((await extend(customer, dayAfter(since, 9))).body.done).toBe(true);
});

test('14 an act that cannot be done says why, and so does the log', async () => {
  const customer = await signUp(app, 'Paid in time');
  const id = randomUUID();
  const rows: [wish: Record<string, unknown>, refusal: ActRefusal][] = [
    [{ act: 'trust_overage', exposureMinor: 500 }, 'overage_never_agreed'],
    [{ act: 'extend_grace', until: '2020-01-01' }, 'nothing_past_due'],
    [{ act: 'revoke_credits', grantId: id, ref: 'TICKET-6' }, 'no_such_grant'],
    [{ act: 'refund_purchase', purchaseId: id }, 'no_such_purchase'],
    [{ act: 'resend_mail', mailId: id }, 'no_such_mail'],
    [{ act: 'hide_character', characterId: id, verb: 'hide' }, 'no_such_character'],
  ];
  for (const [wish, refusal] of rows) {
    const answer = await operator.send<{ details: object }>(
      'POST',
      `/api/admin/tenants/${customer.tenantId}/acts`,
      { ...wish, reason: 'TICKET-6: tried out', dryRun: true },
    );
    expect([wish['act'], answer.body.details]).toEqual([wish['act'], { refusal }]);
  }
  const { rows: noted } = await app.database.pool.query<{ refusal: string }>(
    `select after ->> 'refusal' as refusal from audit_log
      where subject_id = $1 and cause like 'TICKET-6%' order by id`,
    [customer.tenantId],
  );
  expect(noted.map(({ refusal }) => refusal)).toEqual(rows.map(([, refusal]) => refusal));
});
