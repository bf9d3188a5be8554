import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { PurchaseRefunded } from '../../src/domain/api.ts';
import { mailEndings } from '../../src/server/services/mail/from-buckets/endings.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { advanceDays, settled, signUp, type Customer } from '../support/customer.ts';
import { caller, type Answer } from '../support/http.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import { alertsOf, mailsTo, outOfPocket, remedied } from '../support/money-back.ts';
import {
  balance,
  becomes,
  bought,
  chargeOf,
  credits,
  openPack,
  payPack,
  purchases,
  refundByStaff,
  useCredits,
} from '../support/packs.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());
const control = (path: string, body: object) =>
  caller(app.stripeUrl).post(`/_control/${path}`, body);
afterEach(async () => {
  await control('chaos', { drop: 0, failNext: [] });
});

const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 60_000, interval: 50 });
const giveBack = (
  customer: Customer,
  id: string,
): Promise<Answer<PurchaseRefunded & { code?: string }>> =>
  customer.api.post(`/api/credits/purchases/${id}/refund`);
describe('12.3 what is unused goes back within seven days', () => {
  test('nothing of what nobody has paid, open or given up', async () => {
    const customer = await signUp(app);
    await openPack(customer, 'small');
    const { id } = (await purchases(customer))[0]!;
    const refused = { status: 409, body: { code: 'nothing_charged' } };
    expect(await giveBack(customer, id)).toMatchObject(refused);
    await customer.api.post(`/api/credits/purchases/${id}/cancel`);
    expect(await giveBack(customer, id)).toMatchObject(refused);
  });

  test('all of it where nothing was used', async () => {
    const customer = await signUp(app);
    const { id, refundUntil, returnableMinor, paidAt } = await bought(customer, 'medium');
    expect(returnableMinor).toBe(3_000);
    expect(Date.parse(refundUntil!) - Date.parse(paidAt!)).toBe(7 * 86_400_000);
    expect(await giveBack(customer, id)).toMatchObject({
      status: 200,
      body: { refundMinor: 3_000, currency: 'cny', revokedCredits: 330 },
    });
    await becomes(customer, 'refunded', 0);
    expect(await outOfPocket(customer)).toBe(0);
    expect(await giveBack(customer, id)).toMatchObject({
      status: 409,
      body: { code: 'nothing_to_refund' },
    });
    await eventually(async () =>
      expect(await mailsTo(customer)).toEqual(['pack_bought', 'pack_refunded']),
    );
    expect(await alertsOf(customer)).toEqual([]);
  });

  test('and what a credit note gave back is gone with its share, and goes back once', async () => {
    const customer = await signUp(app);
    const { id } = await bought(customer, 'medium');
    const of = `invoices?customer=${await customer.customerId()}`;
    const { data } = await customer.atStripe<{ data: { id: string }[] }>(of);
    const ways = { credit_amount: '600', out_of_band_amount: '400' };
    await customer.atStripe('credit_notes', { invoice: data[0]!.id, amount: '1000', ...ways });
    await becomes(customer, 'partly_refunded', 220);
    expect(await giveBack(customer, id)).toMatchObject({ body: { refundMinor: 2_000 } });
    await becomes(customer, 'refunded', 0);
    expect(await outOfPocket(customer)).toBe(1_000);
  });

  test('the bonus counts as used last, and the sum is rounded down', async () => {
    const customer = await signUp(app);
    const { id } = await bought(customer, 'medium');
    await useCredits(customer, 130);
    expect(await balance(customer)).toBe(200);
    expect((await purchases(customer))[0]).toMatchObject({ returnableMinor: 1_700 });
    expect(await giveBack(customer, id)).toMatchObject({
      status: 200,
      body: { refundMinor: 1_700, revokedCredits: 200 },
    });
    await becomes(customer, 'partly_refunded', 0);
    // Within the window still, and nothing is left of it.
    expect((await purchases(customer))[0]).toMatchObject({ returnableMinor: 0 });
    expect(await outOfPocket(customer)).toBe(1_300);
    expect(await alertsOf(customer)).toEqual([]);
  });

  test('and what went with a refund of a part was not used', async () => {
    const customer = await signUp(app);
    const { id } = await bought(customer, 'medium');
    await refundByStaff(customer, 600);
    await refundByStaff(customer, 400);
    await becomes(customer, 'partly_refunded', 220);
    expect((await purchases(customer))[0]).toMatchObject({ returnableMinor: 2_000 });
    await useCredits(customer, 20);
    expect((await purchases(customer))[0]).toMatchObject({ returnableMinor: 1_800 });
    expect(await giveBack(customer, id)).toMatchObject({
      status: 200,
      body: { refundMinor: 1_800, revokedCredits: 200 },
    });
    await becomes(customer, 'partly_refunded', 0);
    expect(await outOfPocket(customer)).toBe(200);
    expect(await alertsOf(customer)).toEqual([]);
  });

  test('two clicks give it back once', async () => {
    const customer = await signUp(app);
    const { id } = await bought(customer, 'small');
    const answers = await Promise.all([giveBack(customer, id), giveBack(customer, id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await outOfPocket(customer)).toBe(0);
  });

  test('not after the window, not by a stranger or a member; an operator can', async () => {
    const customer = await signUp(app);
    const { id } = await bought(customer, 'small');
    const stranger = await signUp(app);
    expect(await giveBack(stranger, id)).toMatchObject({ status: 404 });
    expect(await giveBack(customer, 'nonsense')).toMatchObject({ status: 404 });
    await advanceDays(app, 7);
    const again = await giveBack(customer, id);
    expect(again).toMatchObject({ status: 409, body: { code: 'refund_window_over' } });
    expect((await purchases(customer))[0]).toMatchObject({
      ...{ refundUntil: null, returnableMinor: null },
    });
    expect(await balance(customer)).toBe(60);
    const { purchases: service } = app.server.context.services;
    const wish = { purchaseId: id, reason: 'Goodwill.', by: 'staff' };
    await expect(service.refundByOperator({ ...wish, amountMinor: 601 })).rejects.toMatchObject({
      code: 'nothing_to_refund',
    });
    expect(await service.refundByOperator({ ...wish, amountMinor: 200 })).toMatchObject({
      refundMinor: 200,
      revokedCredits: 20,
    });
    await becomes(customer, 'partly_refunded', 40);
    expect(await service.refundByOperator(wish)).toMatchObject({ refundMinor: 400 });
    await becomes(customer, 'refunded', 0);
  });
});

test('12.3 an operator gives a pack back by command, also after the window', async () => {
  const customer = await signUp(app);
  const { id } = await bought(customer, 'small');
  await useCredits(customer, 20);
  await advanceDays(app, 8);
  const refund = (...words: string[]) =>
    runOperatorCommand('credits:refund', ['--purchase', id, '--reason', 'Asked for.', ...words], {
      DATABASE_URL: app.database.url,
      STRIPE_API_BASE: app.stripeUrl,
      STRIPE_SECRET_KEY: 'sk_test_squaretable',
    });
  expect(await refund('--dry-run')).toMatchObject({
    code: 0,
    said: 'It would do this:\n  state: granted\n  paid: CN¥6\n  refunded: CN¥0\n  refund: unused\n',
  });
  expect(await outOfPocket(customer)).toBe(600);
  expect(await refund('--amount-minor', '100')).toMatchObject({
    code: 0,
    said: 'Done:\n  refund: CN¥1\n  credits: 10\n',
  });
  expect((await refund()).said).toBe('Done:\n  refund: CN¥3\n  credits: 30\n');
  await becomes(customer, 'partly_refunded', 0);
  expect(await outOfPocket(customer)).toBe(200);
});

describe('12.36 refunds in the dashboard', () => {
  test('of a half-used pack: what is left up to the share; the rest is an alert and no debt', async () => {
    const customer = await signUp(app);
    await bought(customer, 'small');
    await useCredits(customer, 40);
    await refundByStaff(customer, 300);
    await becomes(customer, 'partly_refunded', 0);
    await eventually(async () => expect(await alertsOf(customer)).toEqual(['credits_shortfall']));
    // Ten of the thirty were used. What is bought afterwards is nobody's debt.
    const { rows } = await app.database.pool.query(
      'select shortfall_micro::int from credit_purchases where tenant_id = $1',
      [customer.tenantId],
    );
    expect(rows).toEqual([{ shortfall_micro: 10_000_000 }]);
    await bought(customer, 'small');
    expect(await balance(customer)).toBe(60);
  });

  test('in parts they take their shares, found by the sweep too', async () => {
    const customer = await signUp(app);
    await bought(customer, 'small');
    await control('chaos', { drop: 1 });
    await refundByStaff(customer, 200);
    await refundByStaff(customer, 100);
    await app.server.context.services.reconcile.sweep();
    await becomes(customer, 'partly_refunded', 30);
    await refundByStaff(customer);
    await customer.sync();
    await becomes(customer, 'refunded', 0);
    expect(await outOfPocket(customer)).toBe(0);
  });
});

test('12.37 what a hold has stays with it, and is taken when it comes back', async () => {
  const customer = await signUp(app);
  await bought(customer, 'small');
  await useCredits(customer, 0);
  const service = caller(app.url, app.usageIngestToken);
  const held = await service.post<{ reservationId: string }>('/api/usage/reservations', {
    tenantId: customer.tenantId,
    resourceType: 'images',
    amount: 5,
    ttlSeconds: 600,
    idempotencyKey: crypto.randomUUID(),
  });
  expect(held.status, JSON.stringify(held.body)).toBe(201);
  expect(await balance(customer)).toBe(50);
  await refundByStaff(customer);
  await becomes(customer, 'refunded', 0);
  const path = `/api/usage/reservations/${held.body.reservationId}/settle`;
  expect((await service.post(path, { amount: 2 })).status).toBe(200);
  expect(await credits(customer)).toMatchObject({ balance: 0, held: 0 });
});

describe('12.39 a dispute', () => {
  const disputed = async () => {
    const customer = await signUp(app);
    const { expiresAt } = await bought(customer, 'small');
    const charge = await chargeOf(customer);
    await control('disputes', { charge, reason: 'fraudulent' });
    await becomes(customer, 'disputed', 0);
    const { data } = await customer.atStripe<{ data: { id: string }[] }>(
      `disputes?charge=${charge}`,
    );
    return { customer, dispute: data[0]!.id, expiresAt: Date.parse(expiresAt!) };
  };

  test('freezes the credits; won, they are back with the time added', async () => {
    const { customer, dispute, expiresAt } = await disputed();
    expect((await credits(customer)).grants).toMatchObject([{ state: 'frozen' }]);
    const { id } = (await purchases(customer))[0]!;
    expect(await giveBack(customer, id)).toMatchObject({ status: 409 });
    await advanceDays(app, 3);
    await customer.atStripe(`disputes/${dispute}`, {
      'evidence[uncategorized_text]': 'winning_evidence',
      submit: 'true',
    });
    await becomes(customer, 'granted', 60);
    const [grant] = (await credits(customer)).grants;
    expect(Date.parse(grant!.expiresAt) - expiresAt).toBeGreaterThan(3 * 86_400_000 - 60_000);
  });

  test('lost, they are taken', async () => {
    const { customer, dispute } = await disputed();
    await fetch(`${app.stripeUrl}/v1/disputes/${dispute}/close`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk_test_squaretable' },
    });
    await settled(app);
    await becomes(customer, 'disputed', 0);
    await eventually(async () =>
      expect((await credits(customer)).grants).toMatchObject([{ left: 0 }]),
    );
  });
});

test('12.3 money for a team that was deleted meanwhile goes back', async () => {
  const customer = await signUp(app);
  const session = await openPack(customer, 'small');
  await control('delayed_payments', { seconds: 3_600, outcome: 'succeeded' });
  await payPack(customer, session, { method: 'alipay' });
  await settled(app);
  const customerId = await customer.customerId();
  expect((await customer.api.delete('/api/tenant', { confirm: 'Round table' })).status).toBe(204);
  await advanceDays(app, 0.1);
  await app.server.context.services.purchases.sweep();
  await remedied(customer);
  const { data } = await customer.atStripe<{ data: { amount: number; amount_refunded: number }[] }>(
    `charges?customer=${customerId}`,
  );
  expect(data.map((one) => one.amount - one.amount_refunded)).toEqual([0]);
  expect(await alertsOf(customer)).toEqual(['late_payment']);
});

test('12.3 the credits of a team that is deleted are taken back', async () => {
  const customer = await signUp(app);
  await bought(customer, 'small');
  await useCredits(customer, 20);
  expect((await customer.api.delete('/api/tenant', { confirm: 'Round table' })).status).toBe(204);
  const rows = await inEveryBucket(
    app.database.pool,
    `select g.left_micro = 0 as empty, g.revoked_at is not null as revoked, d.micro > 0 as shown
     from u00.credit_grants g
     left join u00.credit_draws d on d.tenant_id = g.tenant_id and d.kind = 'revoked'
     where g.tenant_id = $1`,
    [customer.tenantId],
  );
  expect(rows).toEqual([{ empty: true, revoked: true, shown: true }]);
});

test('12.3 who has credits left a week before they end is written to, once', async () => {
  const customer = await signUp(app);
  await bought(customer, 'small');
  await advanceDays(app, 357);
  const { database, clock } = app.server.context;
  await mailEndings(database, clock);
  expect(await mailsTo(customer)).toEqual(['pack_bought']);
  await advanceDays(app, 2);
  await mailEndings(database, clock);
  await mailEndings(database, clock);
  expect(await mailsTo(customer)).toEqual(['pack_bought', 'credits_ending']);
  await advanceDays(app, 6.1);
  expect(await balance(customer)).toBe(0);
});
