import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { SessionView, SubscriptionOverview } from '../../src/domain/api.ts';
import type { LimitsView } from '../../src/domain/billing/spending/limits-view.ts';
import type { MonthCostView } from '../../src/domain/billing/payment-view.ts';
import type { StatementDetailView } from '../../src/domain/billing/statement.ts';
import { verifyProof } from '../../src/server/services/billing/statements/verify-proof.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, FAILING_CARD, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { outOfPocket } from '../support/money-back.ts';
import { bought } from '../support/packs.ts';
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
  paymentOf,
  service,
  statement,
  subscriber,
} from '../support/statements.ts';
import { setChaos } from '../support/stripe-chaos.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
});
afterAll(async () => app?.stop());
beforeEach(() => {
  setChaos(app.localStripe!, { drop: 0, failNext: [] });
});

/** What stands above every page. */
const unpaid = async (api: ReturnType<typeof caller>) =>
  (await api.get<SubscriptionOverview>('/api/subscription')).body.unpaidStatement;

async function memberOf({ tenantId }: Customer) {
  const { session, api } = await signUp(app);
  await app.database.pool.query(
    `insert into memberships (tenant_id, user_id, role, joined_at) values ($1, $2, 'member', now())`,
    [tenantId, session.user.id],
  );
  const { body } = await api.post<SessionView>('/api/auth/switch', { tenantId });
  return caller(app.url, body.accessToken);
}

const hour = () => advanceDays(app, 1 / 24);

test('12.14 12.15 a statement is one invoice, for what it bills, and is paid; the account hears of it', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const paid = await outOfPocket(customer);
  await bought(customer, 'small');
  const { body: month } = await customer.api.get<MonthCostView>('/api/subscription/month');
  const packsMinor = (await outOfPocket(customer)) - paid;
  expect(month.costs).toEqual([
    {
      ...{ currency: 'cny', planMinor: paid, overageMinor: 720, packsMinor },
      totalMinor: paid + 720 + packsMinor,
    },
  ]);
  const open = await billed(customer);
  expect(open).toMatchObject({ state: 'open', totalMinor: 720, currency: 'cny' });
  expect(open.lines).toMatchObject([{ micro: 60_000_000, amountMinor: 720, minorPerCredit: '12' }]);
  const [invoice, ...more] = await invoicesOf(customer);
  expect(more).toEqual([]);
  expect(invoice).toMatchObject({ total: 720, footer: `sha256 ${open.sha256}` });
  await service({ app }).sweep();
  await hour();
  await done(customer);
  expect(await list(customer)).toMatchObject([{ id: open.id, state: 'paid', payUrl: null }]);
  expect((await outOfPocket(customer)) - paid - packsMinor).toBe(720);
  expect(await mailsOf(customer)).toEqual(['statement_paid']);
  const account = await overageOf(app.database.pool, customer.tenantId);
  expect(account).toMatchObject({ unpaid: 0, suspended: null });
  expect(account.bills.get(open.id)).toEqual([60_000_000, 'paid']);
  const proof = await fetch(`${app.url}/api/subscription/statements/${open.id}/proof.csv`, {
    headers: { Authorization: `Bearer ${customer.session.accessToken}` },
  });
  const file = await proof.text();
  expect(proof.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(verifyProof(file)).toMatchObject({ findings: [], head: { amountMinor: '720' } });
  expect(verifyProof(file.replace('60000000', '60000001')).findings).toHaveLength(1);
  expect(await service({ app }).verify()).toEqual([]);
  const payments = await customer.payments();
  expect(payments.map(({ about }) => about)).toEqual(['statement', 'pack', 'subscription']);
});

test('12.22 12.23 a payment that fails suspends overage alone; paid on the hosted page it is lifted, without the webhook too', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  await customer.useCard(FAILING_CARD);
  const { id } = await billed(customer);
  await hour();
  await done(customer);
  const failed = await statement(customer, id);
  expect(failed).toMatchObject({ state: 'failed', payUrl: expect.stringContaining('http') });
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({
    suspended: 'unpaid',
  });
  expect((await customer.subscription()).status).toBe('active');
  await expect(draw(customer, 1)).rejects.toMatchObject({ code: 'quota_exceeded' });
  await app.server.context.services.usage.trackUsage({
    ...{ tenantId: customer.tenantId, resourceType: 'messages' as const, amount: 5 },
  });
  expect(await mailsOf(customer)).toEqual(['statement_failed']);
  const due = { id, dueMinor: 720, currency: 'cny', payUrl: failed.payUrl };
  expect(await unpaid(customer.api)).toMatchObject(due);
  expect(await unpaid(await memberOf(customer))).toMatchObject({ ...due, payUrl: null });
  setChaos(app.localStripe!, { drop: 1 });
  const [invoice] = await invoicesOf(customer);
  await customer.atStripe(`invoices/${invoice!.id}/pay`, { payment_method: 'pm_card_visa' });
  const synced = await customer.api.post<StatementDetailView>(
    `/api/subscription/statements/${id}/sync`,
  );
  expect(synced.body).toMatchObject({ state: 'paid' });
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({ suspended: null });
  await draw(customer, 1);
  expect(await unpaid(customer.api)).toBeNull();
  expect(await mailsOf(customer)).toEqual(['statement_failed', 'statement_paid']);
});

test('12.24 what cannot be collected ends the consent, and a later payment lifts nothing by itself', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  await customer.useCard(FAILING_CARD);
  const { id } = await billed(customer);
  await hour();
  await done(customer);
  const [invoice] = await invoicesOf(customer);
  await customer.atStripe(`invoices/${invoice!.id}/mark_uncollectible`, {});
  await done(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'uncollectible' });
  expect(await alertsOf(customer)).toEqual(['statement_uncollectible']);
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({
    ...{ isOn: false, lapsed: 'uncollectible', suspended: 'unpaid' },
  });
  expect((await customer.subscription()).status).toBe('active');
  await customer.atStripe(`invoices/${invoice!.id}/pay`, { payment_method: 'pm_card_visa' });
  await done(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'paid' });
  expect(await alertsOf(customer)).toEqual([]);
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({
    ...{ isOn: false, suspended: null, unpaid: 0 },
  });
});

test('12.25 an invoice that staff voids is never billed again', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const { id } = await billed(customer);
  const [invoice] = await invoicesOf(customer);
  await customer.atStripe(`invoices/${invoice!.id}/void`, {});
  await done(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'void' });
  expect(await alertsOf(customer)).toEqual(['statement_void']);
  await draw(customer, 40);
  expect(await billed(customer)).toMatchObject({ totalMinor: 960 });
  expect(await invoicesOf(customer)).toHaveLength(2);
});

test('12.21 an invoice that somebody added to is not made final, and goes on when that is taken off', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  // The draft is there, and its lines are not.
  await failing(customer, 'POST', '/v1/invoiceitems', 'before');
  const { id } = await billed(customer);
  const [draft] = await invoicesOf(customer);
  const { id: item } = await customer.atStripe<{ id: string }>('invoiceitems', {
    ...{
      customer: await customer.customerId(),
      invoice: draft!.id,
      amount: '100',
      currency: 'cny',
    },
  });
  await lookAgain(customer, id);
  expect(await statement(customer, id)).toMatchObject({ state: 'invoicing' });
  expect(await alertsOf(customer)).toEqual(['statement_mismatch']);
  await lookAgain(customer, id);
  expect((await invoicesOf(customer))[0]).toMatchObject({ status: 'draft', total: 820 });
  await fetch(`${app.stripeUrl}/v1/invoiceitems/${item}`, {
    ...{ method: 'DELETE', headers: { Authorization: 'Bearer sk_test_squaretable' } },
  });
  const released = await service({ app }).operate({
    ...{ statementId: id, act: 'release', reason: 'taken off', by: 'test' },
  });
  expect(released.state).toBe('open');
  expect(await alertsOf(customer)).toEqual([]);
  expect(await invoicesOf(customer)).toMatchObject([{ status: 'open', total: 720 }]);
});

test('12.17 staff holds a statement, lets it be, and writes it off', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const closed = await service({ app }).close(customer.tenantId, { kind: 'threshold' });
  const wish = { statementId: closed!.id, reason: 'asked to', by: 'test' };
  await expect(service({ app }).operate({ ...wish, act: 'release' })).rejects.toMatchObject({
    code: 'state_changed',
  });
  expect(await service({ app }).operate({ ...wish, act: 'hold' })).toMatchObject({
    state: 'closed',
  });
  await service({ app }).sweep();
  expect(await invoicesOf(customer)).toEqual([]);
  expect(await service({ app }).operate({ ...wish, act: 'release' })).toMatchObject({
    state: 'open',
  });
  const off = await service({ app }).operate({ ...wish, act: 'write-off' });
  expect(off).toMatchObject({ state: 'written_off' });
  expect(await invoicesOf(customer)).toMatchObject([{ status: 'void' }]);
  await done(customer);
  expect(await overageOf(app.database.pool, customer.tenantId)).toMatchObject({ unpaid: 0 });
  await expect(service({ app }).operate({ ...wish, act: 'write-off' })).rejects.toMatchObject({
    code: 'state_changed',
  });
  expect(await statement(customer, closed!.id)).toMatchObject({ state: 'written_off' });
  expect(await alertsOf(customer)).toEqual([]);
});

/** What of the cap is used. */
const usedMinor = async ({ api }: Customer) =>
  (await api.get<LimitsView>('/api/billing/limits')).body.overage.usedMinor;

test('12.26 what is refunded of a statement stays billed, by a credit note too, and gives no cap back', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  expect(await usedMinor(customer)).toBe(720);
  const { id } = await billed(customer);
  await hour();
  await done(customer);
  const [invoice] = await invoicesOf(customer);
  const { payment_intent: intent } = await paymentOf(customer, invoice!.id);
  await customer.atStripe('refunds', { payment_intent: intent, amount: '200' });
  await done(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'paid', refundedMinor: 200 });
  const note = { invoice: invoice!.id, amount: '100', refund_amount: '100' };
  await customer.atStripe('credit_notes', note);
  await done(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'paid', refundedMinor: 300 });
  expect(await usedMinor(customer)).toBe(720);
  await draw(customer, 25);
  expect(await usedMinor(customer)).toBe(1_320);
  expect(await billed(customer)).toMatchObject({ totalMinor: 600 });
});

test('12.31 an upgrade beside an open draft costs what its preview says', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  // Whoever looks, the minute's task too, leaves the draft as it is.
  await failing(customer, 'POST', '/v1/invoiceitems', 'after', 50);
  const { id } = await billed(customer);
  expect(await invoicesOf(customer)).toMatchObject([{ status: 'draft' }]);
  const priceId = await customer.priceOf('team', 'month');
  const preview = await customer.api.post<{ amountDueNowMinor: number; prorationDate: number }>(
    '/api/subscription/preview',
    { priceId },
  );
  const before = await outOfPocket(customer);
  await customer.change('team', 'month', { prorationDate: preview.body.prorationDate });
  expect((await outOfPocket(customer)) - before).toBe(preview.body.amountDueNowMinor);
  setChaos(app.localStripe!, { failNext: [] });
  await lookAgain(customer, id);
  expect(await statement(customer, id)).toMatchObject({ state: 'open', totalMinor: 720 });
  expect(await invoicesOf(customer)).toHaveLength(1);
});

test('12.30 who pays yearly has statements monthly, and the renewal holds none of them', async () => {
  const customer = await subscriber(app, 'year');
  const paid = await outOfPocket(customer);
  await draw(customer, 30);
  await advanceDays(app, 33);
  await service({ app }).closeDue();
  await service({ app }).sweep();
  expect(await list(customer)).toMatchObject([{ kind: 'month', totalMinor: 720 }]);
  await hour();
  await done(customer);
  expect((await outOfPocket(customer)) - paid).toBe(720);
  await advanceDays(app, 340);
  expect((await outOfPocket(customer)) - paid).toBe(720 + paid);
});

test('12.5 others see no statement, members and strangers neither; what is no id is not found', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const { id } = await billed(customer);
  const stranger = await signUp(app);
  for (const path of ['', '/proof.csv']) {
    const answer = await stranger.api.get(`/api/subscription/statements/${id}${path}`);
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const none = await customer.api.get(`/api/subscription/statements/nonsense${path}`);
    expect(none).toMatchObject({ status: 404, body: { code: 'not_found' } });
  }
  expect((await caller(app.url).get('/api/subscription/statements')).status).toBe(401);
  expect(await list(stranger)).toEqual([]);
  const head = await fetch(`${app.url}/api/subscription/statements/${id}/proof.csv`, {
    ...{ method: 'HEAD', headers: { Authorization: `Bearer ${customer.session.accessToken}` } },
  });
  expect([head.status, await head.text()]).toEqual([200, '']);
});
