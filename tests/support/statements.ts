import { expect, vi } from 'vitest';
import type { StatementDetailView, StatementView } from '../../src/domain/billing/statement.ts';
import { nextPeriod, periodOf, periodStart } from '../../src/domain/period.ts';
import type { TestApp } from './app.ts';
import { advanceTo, GOOD_CARD, settled, signUp, type Customer } from './customer.ts';
import { caller } from './http.ts';
import { agreeToOverage } from './overage.ts';
import { setChaos } from './stripe-chaos.ts';

/** What closes statements, invoices them, and looks at Stripe. */
export const service = ({ app }: Pick<Customer, 'app'>) => app.server.context.services.statements;

/** On Pro, with all of the month's pictures used, and overage agreed to. */
export async function subscriber(
  app: TestApp,
  interval: 'month' | 'year' = 'month',
): Promise<Customer> {
  const customer = await signUp(app);
  await customer.subscribe('pro', interval);
  return overQuota(customer);
}

/** Uses all of the month's pictures, and agrees to overage: in a month that lasts for a day at least. */
export async function overQuota(customer: Customer, capMinor?: number): Promise<Customer> {
  const { app, tenantId } = customer;
  const now = app.server.context.clock.now();
  const end = periodStart(nextPeriod(periodOf(now)));
  if (end.getTime() - now.getTime() < 86_400_000) await advanceTo(app, end.toISOString());
  const at = app.server.context.clock.now();
  await agreeToOverage(app.database, tenantId, { at, ...(capMinor ? { capMinor } : {}) });
  await draw(customer, 500);
  return customer;
}

export const draw = ({ app, tenantId }: Customer, amount: number) =>
  app.server.context.services.usage.trackUsage({ tenantId, resourceType: 'images', amount });

/** Lets the month end, and the day after which it is closed and invoiced. */
export async function monthIsOver(customer: Customer): Promise<void> {
  const { app } = customer;
  const next = periodStart(nextPeriod(periodOf(app.server.context.clock.now())));
  await advanceTo(app, new Date(next.getTime() + 27 * 3_600_000).toISOString());
  await service(customer).closeDue();
  await service(customer).sweep();
}

/** Closes what was drawn now, and has it invoiced. */
export async function billed(customer: Customer): Promise<StatementDetailView> {
  const closed = await service(customer).close(customer.tenantId, {
    kind: 'threshold',
  });
  await service(customer).sweep();
  return statement(customer, closed!.id);
}

export async function list({ api }: Customer): Promise<StatementView[]> {
  const answer = await api.get<{ statements: StatementView[] }>('/api/subscription/statements');
  expect(answer.status).toBe(200);
  return answer.body.statements;
}

export async function statement({ api }: Customer, id: string): Promise<StatementDetailView> {
  const answer = await api.get<StatementDetailView>(`/api/subscription/statements/${id}`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
}

export interface StripeInvoice {
  id: string;
  status: string;
  total: number;
  footer: string;
  metadata: Record<string, string>;
  hosted_invoice_url: string;
}

/** The invoices of statements that the customer has. */
export async function invoicesOf(customer: Customer): Promise<StripeInvoice[]> {
  const { data } = await customer.atStripe<{ data: StripeInvoice[] }>(
    `invoices?customer=${await customer.customerId()}&limit=100`,
  );
  return data.filter(({ metadata }) => metadata['statementId'] !== undefined);
}

/** Lets events, and what they order, be worked on. */
export async function done({ app, tenantId }: Customer): Promise<void> {
  await settled(app);
  await vi.waitFor(
    async () => {
      const { rows } = await app.database.pool.query(
        `select id from statements where tenant_id = $1 and look_at <= $2`,
        [tenantId, app.server.context.clock.now()],
      );
      expect(rows).toEqual([]);
    },
    { timeout: 60_000, interval: 50 },
  );
}

export const mailsOf = async ({ app, tenantId }: Customer) =>
  (
    await app.database.pool.query<{ kind: string }>(
      `select kind from mail_outbox where tenant_id = $1 and kind like 'statement%' order by created_at, kind`,
      [tenantId],
    )
  ).rows.map(({ kind }) => kind);

export const alertsOf = async ({ app, tenantId }: Customer) =>
  (
    await app.database.pool.query<{ kind: string }>(
      `select kind from alerts where tenant_id = $1 and resolved_at is null order by kind`,
      [tenantId],
    )
  ).rows.map(({ kind }) => kind);

export async function failing(
  customer: Customer,
  method: string,
  path: string,
  when: 'before' | 'after',
  times = 1,
): Promise<void> {
  const match = { method, path, customer: await customer.customerId() };
  const rule = { status: 500, when, shouldRetry: false, match };
  setChaos(customer.app.localStripe!, { failNext: Array.from({ length: times }, () => rule) });
}

/** Nothing that Stripe is asked comes to anything, nor does it tell of anything. */
export async function stripeIsAway(app: TestApp, isAway: boolean): Promise<void> {
  const rules = Array.from({ length: isAway ? 500 : 0 }, () => ({
    status: 500,
    shouldRetry: false,
  }));
  const chaos = { drop: Number(isAway), failNext: rules };
  expect((await caller(app.stripeUrl).post('/_control/chaos', chaos)).status).toBe(200);
}

/** As when its time has come again. */
export async function lookAgain(customer: Customer, id: string): Promise<void> {
  const { pool } = customer.app.database;
  await pool.query(`update statements set look_at = closed_at where id = $1`, [id]);
  await service(customer).sweep();
  const { rows } = await pool.query<{ last_error: string | null }>(
    `select last_error from statements where id = $1`,
    [id],
  );
  expect(rows).toEqual([{ last_error: null }]);
}

export async function paymentOf(customer: Customer, invoiceId: string) {
  const { data } = await customer.atStripe<{ data: { payment: { payment_intent: string } }[] }>(
    `invoice_payments?invoice=${invoiceId}`,
  );
  return data[0]!.payment;
}

/** Pays on Stripe's hosted page with a card; where the bank asks, the payment is confirmed. */
export async function payHosted(
  { app }: Customer,
  payUrl: string,
  number = GOOD_CARD,
): Promise<void> {
  const post = (url: string | URL, form: Record<string, string>) =>
    fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
  const card = { number, expiry: '12/49', cvc: '123' };
  const answer = await post(payUrl, card);
  expect(answer.status).toBe(303);
  const next = new URL(answer.headers.get('location')!, payUrl);
  if (next.pathname.startsWith('/3ds/')) {
    expect((await post(next, { outcome: 'complete' })).status).toBe(303);
  }
  await settled(app);
}
