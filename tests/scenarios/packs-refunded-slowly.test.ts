import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, signUp } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { alertsOf, outOfPocket } from '../support/money-back.ts';
import {
  balance,
  becomes,
  bought,
  chargeOf,
  credits,
  purchases,
  refundByStaff,
  useCredits,
} from '../support/packs.ts';

/** Stripe’s card whose refunds succeed, and fail afterwards. */
const REFUND_FAILS = '4000000000005126';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());
const control = (path: string, body: object) =>
  caller(app.stripeUrl).post(`/_control/${path}`, body);
afterEach(() => control('wallet_refunds', { seconds: null, outcome: 'succeeded' }));

const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 60_000, interval: 50 });

describe('12.38 a refund to a wallet takes its time', () => {
  const pending = async (outcome: 'succeeded' | 'failed', amount?: number) => {
    const customer = await signUp(app);
    const { expiresAt } = await bought(customer, 'small', { method: 'wechat_pay' });
    await control('wallet_refunds', { seconds: 7_200, outcome });
    await refundByStaff(customer, amount);
    await eventually(async () =>
      expect((await purchases(customer))[0]).toMatchObject({ refundPendingMinor: amount ?? 600 }),
    );
    // What is known of the refund is written before the credits follow: the clock waits for both.
    await eventually(async () => expect(await balance(customer)).toBe(60 - (amount ?? 600) / 10));
    return { customer, expiresAt: Date.parse(expiresAt!) };
  };

  test('meanwhile the credits are frozen, then taken', async () => {
    const { customer } = await pending('succeeded');
    expect((await credits(customer)).grants).toMatchObject([{ state: 'frozen' }]);
    await advanceDays(app, 0.1);
    await becomes(customer, 'refunded', 0);
  });

  test('failed: they are back, and end later by as long as it took', async () => {
    const { customer, expiresAt } = await pending('failed');
    await advanceDays(app, 0.1);
    await becomes(customer, 'granted', 60);
    const [grant] = (await credits(customer)).grants;
    expect(grant).toMatchObject({ state: 'active' });
    expect(Date.parse(grant!.expiresAt) - expiresAt).toBeGreaterThan(7_100_000);
    expect(await alertsOf(customer)).toEqual(['refund.failed']);
  });

  test.each(['succeeded', 'failed'] as const)(
    'meanwhile what was used is not given back, however often it is asked for: %s',
    async (outcome) => {
      const customer = await signUp(app);
      const { id } = await bought(customer, 'small', { method: 'wechat_pay' });
      await useCredits(customer, 20);
      await control('wallet_refunds', { seconds: 7_200, outcome });
      const ask = () =>
        customer.api.post<{ refundMinor?: number }>(`/api/credits/purchases/${id}/refund`);
      const first = await Promise.all([ask(), ask()]);
      expect(first.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(await ask()).toMatchObject({ status: 409, body: { code: 'nothing_to_refund' } });
      expect((await purchases(customer))[0]).toMatchObject({ refundPendingMinor: 400 });
      await advanceDays(app, 0.1);
      if (outcome === 'succeeded') return becomes(customer, 'partly_refunded', 0);
      // And it can be asked for anew.
      await becomes(customer, 'granted', 40);
      expect(await ask()).toMatchObject({ status: 200, body: { refundMinor: 400 } });
    },
  );

  test('of a part: its share is gone at once, the rest can be used, and a failure brings it back', async () => {
    const { customer } = await pending('failed', 200);
    await useCredits(customer, 10);
    await advanceDays(app, 0.1);
    await becomes(customer, 'granted', 50);
    await customer.sync();
    expect(await balance(customer)).toBe(50);
  });
});

describe('12.36 12.38 credits that came back with a failed refund are the purchase’s', () => {
  /** Of sixty credits twenty are in a grant of their own: a refund of a third failed. */
  const halfReturned = async (by: Parameters<typeof bought>[2] = { method: 'wechat_pay' }) => {
    const customer = await signUp(app);
    const { id } = await bought(customer, 'small', by);
    await control('wallet_refunds', { seconds: 7_200, outcome: 'failed' });
    await refundByStaff(customer, 200);
    await eventually(async () => expect(await balance(customer)).toBe(40));
    await advanceDays(app, 0.1);
    await becomes(customer, 'granted', 60);
    expect((await purchases(customer))[0]).toMatchObject({ returnableMinor: 600 });
    return { customer, id };
  };

  test('and go with all of it when it is refunded: nothing is kept for nothing', async () => {
    const { customer } = await halfReturned();
    await useCredits(customer, 10);
    await control('wallet_refunds', { seconds: 7_200, outcome: 'succeeded' });
    await refundByStaff(customer);
    // Meanwhile none of them can be used.
    await eventually(async () => expect(await balance(customer)).toBe(0));
    await advanceDays(app, 0.1);
    await becomes(customer, 'refunded', 0);
    // Ten were used, and no more than those are missing.
    expect(await alertsOf(customer)).toEqual(['credits_shortfall', 'refund.failed']);
    const { rows } = await app.database.pool.query<{ credits: number }>(
      `select shortfall_micro::int / 1000000 as credits from credit_purchases where tenant_id = $1`,
      [customer.tenantId],
    );
    expect(rows).toEqual([{ credits: 10 }]);
  });

  test.each(['won', 'lost'])('and are frozen with the rest by a dispute: %s', async (end) => {
    // Wallets know no disputes.
    const { customer, id } = await halfReturned({ card: REFUND_FAILS });
    await useCredits(customer, 10);
    const before = (await credits(customer)).grants.map(({ expiresAt }) => Date.parse(expiresAt));
    const charge = await chargeOf(customer);
    await control('disputes', { charge });
    await becomes(customer, 'disputed', 0);
    expect((await credits(customer)).grants).toMatchObject([
      { state: 'frozen' },
      { state: 'frozen' },
    ]);
    await advanceDays(app, 3);
    const { data } = await customer.atStripe<{ data: { id: string }[] }>(
      `disputes?charge=${charge}`,
    );
    await customer.atStripe(`disputes/${data[0]!.id}`, {
      'evidence[uncategorized_text]': `${end === 'won' ? 'winning' : 'losing'}_evidence`,
      submit: 'true',
    });
    await becomes(customer, end === 'won' ? 'granted' : 'disputed', end === 'won' ? 50 : 0);
    await customer.api.post(`/api/credits/purchases/${id}/sync`);
    expect(await balance(customer)).toBe(end === 'won' ? 50 : 0);
    const { grants } = await credits(customer);
    if (end === 'won') {
      // Each ends later by as long as it was frozen.
      const moved = grants.map(({ expiresAt }, n) => Date.parse(expiresAt) - before[n]!);
      expect(Math.min(...moved)).toBeGreaterThan(3 * 86_400_000 - 60_000);
      expect(Math.max(...moved)).toBeLessThan(4 * 86_400_000);
    } else expect(grants.map(({ left }) => left)).toEqual([0, 0]);
  });

  test.each(['succeeded', 'failed'])(
    'and are frozen and given back with the rest by who asks for it: %s',
    async (outcome) => {
      const { customer, id } = await halfReturned();
      await control('wallet_refunds', { seconds: 7_200, outcome });
      const asked = await customer.api.post(`/api/credits/purchases/${id}/refund`);
      expect(asked).toMatchObject({ status: 200, body: { refundMinor: 600, revokedCredits: 60 } });
      await eventually(async () => expect(await balance(customer)).toBe(0));
      await advanceDays(app, 0.1);
      if (outcome === 'failed') await becomes(customer, 'granted', 60);
      else await becomes(customer, 'refunded', 0);
    },
  );
});

test.each(['before', 'after'])(
  '12.38 a part whose refund failed is back whole, where a hold had some of it and ended %s',
  async (end) => {
    const customer = await signUp(app);
    await bought(customer, 'small', { method: 'wechat_pay' });
    const { usage } = app.server.context.services;
    const { tenantId } = customer;
    // Ten pictures of the plan and ten of the credits.
    const { reservationId } = await usage.reserve({
      ...{ tenantId, resourceType: 'images', amount: 20, ttlSeconds: 86_000 },
    });
    await control('wallet_refunds', { seconds: 7_200, outcome: 'failed' });
    // Fifty of the sixty: forty that are left, and ten of the twenty that are held.
    await refundByStaff(customer, 500);
    await eventually(async () => expect(await balance(customer)).toBe(0));
    if (end === 'before') {
      await usage.release({ reservationId });
      expect(await balance(customer)).toBe(10);
    }
    await advanceDays(app, 0.1);
    await becomes(customer, 'granted', end === 'before' ? 60 : 40);
    if (end === 'after') await usage.release({ reservationId });
    expect(await balance(customer)).toBe(60);
    await customer.sync();
    expect(await balance(customer)).toBe(60);
  },
);

test.each([
  ['before it is made', 'frozen_at is null'],
  ['after it was made', 'revoked_at is null'],
])(
  '12.3 a refund whose credits cannot be changed %s goes on, and is said to',
  async (_when, held) => {
    const customer = await signUp(app);
    const { id } = await bought(customer, 'small');
    const { pool } = app.database;
    const { rows } = await pool.query<{ bucket: string }>(
      'select bucket_schema(usage_bucket) as bucket from tenants where id = $1',
      [customer.tenantId],
    );
    const { bucket } = rows[0]!;
    await pool.query(`alter table ${bucket}.credit_grants add constraint no_refund
    check (tenant_id <> '${customer.tenantId}' or ${held}) not valid`);
    const answer = await customer.api.post(`/api/credits/purchases/${id}/refund`);
    await pool.query(`alter table ${bucket}.credit_grants drop constraint no_refund`);
    expect(answer, JSON.stringify(answer)).toMatchObject({
      ...{ status: 503, body: { code: 'outcome_unknown' } },
    });
    await advanceDays(app, 3 / 24 / 60);
    await app.server.context.services.purchases.sweep();
    await becomes(customer, 'refunded', 0);
    expect(await outOfPocket(customer)).toBe(0);
  },
);
