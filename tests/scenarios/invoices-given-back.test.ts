import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ActResult } from '../../src/domain/accounts/operator-act.ts';
import type { BusinessScreen } from '../../src/domain/accounts/operator-business.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp, type Customer } from '../support/customer.ts';
import { mailsTo, outOfPocket } from '../support/money-back.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import { makeOperator, type SignedInOperator } from '../support/operator.ts';
import { buy, payPack, sessionOf } from '../support/packs.ts';
import { addFault } from '../support/stripe-chaos.ts';

vi.setConfig({ testTimeout: 240_000 });

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-refunds-'));
let app: TestApp;
let operator: SignedInOperator;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0', STRIPE_TIMEOUT_SECONDS: '2' });
  operator = await makeOperator(app, await signUp(app, 'Operators'));
});
afterAll(async () => {
  await app?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function payer(name?: string): Promise<{ customer: Customer; invoice: string }> {
  const customer = await signUp(app, name);
  await customer.subscribe('pro', 'month');
  const [payment] = await customer.payments();
  return { customer, invoice: payment!.number! };
}
const refund = ({ tenantId }: Customer, wish: object) =>
  operator.send<ActResult & { code?: string }>('POST', `/api/admin/tenants/${tenantId}/acts`, {
    ...{ act: 'refund_invoice', ref: 'T-1', reason: 'TICKET-1: an outage', ...wish },
  });
const factsOf = ({ body }: { body: ActResult }) =>
  Object.fromEntries(body.facts.map(({ name, value }) => [name, value]));
const refundsOf = async (customer: Customer) =>
  (
    await customer.atStripe<{ data: { amount: number }[] }>(
      `refunds?limit=100&charge=${await chargeOf(customer)}`,
    )
  ).data.map(({ amount }) => amount);
const chargeOf = async (customer: Customer) =>
  (
    await customer.atStripe<{ data: { id: string }[] }>(
      `charges?customer=${await customer.customerId()}`,
    )
  ).data[0]!.id;

describe('14 an operator gives an invoice back', () => {
  test('a sum, what is left, and never more; pages, mails and numbers follow', async () => {
    const { customer, invoice } = await payer('Given back');
    const before = await refundedOf();
    const preview = await refund(customer, { invoice, amountMinor: 1000, dryRun: true });
    expect(factsOf(preview)).toEqual({
      ...{ invoice, paid: 2900, refunded: 0, refundable: 2900, refund: 1000 },
      subscription: 'unchanged',
    });
    expect(await outOfPocket(customer)).toBe(2900);
    const done = await refund(customer, { invoice, amountMinor: 1000 });
    expect(factsOf(done)).toEqual({ refund: 1000, subscription: 'unchanged' });
    expect(await customer.payments()).toMatchObject([{ amountRefundedMinor: 1000 }]);
    expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });
    // The same ref again, whatever the sum: nothing goes back.
    const again = await refund(customer, { invoice, amountMinor: 700 });
    expect(factsOf(again)).toMatchObject({ refund: 1000, repeated: 'T-1' });
    expect(await refundsOf(customer)).toEqual([1000]);
    const more = await refund(customer, { invoice, amountMinor: 1901, ref: 'T-2' });
    expect(more.body).toMatchObject({ code: 'nothing_to_refund', details: { leftMinor: 1900 } });
    // By a command the rest, and the id at Stripe is as good as the number.
    const { data } = await customer.atStripe<{ data: { id: string }[] }>(
      `invoices?customer=${await customer.customerId()}`,
    );
    const words = ['--tenant', customer.tenantId, '--invoice', data[0]!.id, '--ref', 'T-3'];
    const env = {
      ...{ DATA_DIR: folder, DATABASE_URL: app.database.url },
      ...{ STRIPE_API_BASE: app.stripeUrl, STRIPE_SECRET_KEY: 'sk_test_squaretable' },
    };
    const all = await runOperatorCommand('invoice:refund', [...words, '--reason', 'all'], env);
    expect(all).toMatchObject({ code: 0, said: expect.stringContaining('refund: CN¥19') });
    await settled(app);
    expect(await outOfPocket(customer)).toBe(0);
    expect(await customer.payments()).toMatchObject([{ amountRefundedMinor: 2900 }]);
    expect((await mailsTo(customer)).filter((kind) => kind === 'payment_refunded')).toHaveLength(2);
    expect((await refundedOf()) - before).toBe(2900);
    const over = await refund(customer, { invoice, ref: 'T-4' });
    expect(over.body.code).toBe('nothing_to_refund');
    const log = JSON.stringify((await customer.api.get('/api/tenant/audit')).body);
    expect(log).toContain('subscription.refund_requested');
    expect(log).toContain('TICKET-1: an outage');
  });

  test('what is of another team, of a pack, or not paid, is refused', async () => {
    const { customer, invoice } = await payer();
    const other = await signUp(app);
    expect((await refund(other, { invoice })).body.code).toBe('not_found');
    expect((await refund(customer, { invoice: 'in_nobody' })).body.code).toBe('not_found');
    expect((await refund(customer, { invoice, amountMinor: 0 })).body.code).toBe('invalid_request');
    expect((await refund(customer, { invoice, ref: '' })).body.code).toBe('invalid_request');
    const session = sessionOf((await buy(customer, 'small')).body.checkoutUrl);
    await payPack(customer, session);
    await settled(app);
    const pack = await vi.waitFor(
      async () => {
        const found = (await customer.payments()).find(({ about }) => about === 'pack');
        expect(found).toBeDefined();
        return found!;
      },
      { timeout: 60_000 },
    );
    const answer = await refund(customer, { invoice: pack.number });
    expect(answer.body).toMatchObject({ code: 'refund_elsewhere', details: { about: 'pack' } });
    expect(await outOfPocket(customer)).toBe(2900 + 600);
  });
});

const FAULTS = [
  { name: 'fails before', status: 500, when: 'before' },
  { name: 'fails after it took effect', status: 500, when: 'after' },
  { name: 'hangs before', status: 'hang', when: 'before' },
  { name: 'hangs after it took effect', status: 'hang', when: 'after' },
  { name: 'is limited', status: 429, when: 'before' },
] as const;

describe('12.3 the call that gives back may fail as it likes: in the end it went back once', () => {
  test.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', async (_name, fault) => {
    const { customer, invoice } = await payer();
    aim(await customer.customerId(), fault, 1);
    const told = await refund(customer, { invoice, amountMinor: 1000 });
    expect([200, 503], JSON.stringify(told.body)).toContain(told.status);
    if (told.status === 503) expect(told.body.code).toBe('outcome_unknown');
    await vi.waitFor(
      async () => {
        const again = await refund(customer, { invoice, amountMinor: 1000 });
        expect([again.status, again.body.code]).toEqual([200, undefined]);
        expect(factsOf(again)).toMatchObject({ refund: 1000, repeated: 'T-1' });
      },
      { timeout: 60_000, interval: 300 },
    );
    expect(await refundsOf(customer)).toEqual([1000]);
    expect(await customer.payments()).toMatchObject([{ amountRefundedMinor: 1000 }]);
    expect((await mailsTo(customer)).filter((kind) => kind === 'payment_refunded')).toHaveLength(1);
  });

  test('nobody asks again: the worker brings it to its end', async () => {
    const { customer, invoice } = await payer();
    aim(await customer.customerId(), FAULTS[1], 2);
    const told = await refund(customer, { invoice });
    expect(told.body.code).toBe('outcome_unknown');
    await app.database.pool.query(
      `update remedies set next_attempt_at = now() - interval '1 hour' where tenant_id = $1`,
      [customer.tenantId],
    );
    await app.server.context.services.remedies.carryOutAll();
    expect(await refundsOf(customer)).toEqual([2900]);
    expect(await customer.payments()).toMatchObject([{ amountRefundedMinor: 2900 }]);
  });
});

/** Has refunds of this customer fail, so often in a row. */
function aim(customer: string, { status, when }: (typeof FAULTS)[number], repeats: number): void {
  const match = { customer, method: 'POST', path: '/v1/refunds' } as const;
  addFault(app.localStripe!, {
    ...{ nth: 1, status, when, repeats, match },
    ...(typeof status === 'number' ? { shouldRetry: false } : {}),
  });
}

async function refundedOf(): Promise<number> {
  const { body } = await operator.send<BusinessScreen>('GET', '/api/admin/business?months=1');
  const cny = body.currencies.find(({ currency }) => currency === 'cny');
  return cny?.months[0]?.refundedMinor ?? 0;
}
