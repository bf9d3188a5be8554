import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, FAILING_CARD, settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { alertsOf, mailsTo, outOfPocket } from '../support/money-back.ts';
import { balance, useCredits, useImages } from '../support/packs.ts';
import {
  agree,
  agreed,
  attempts,
  becomesOne,
  bySelf,
  putTopUp,
  saveCard,
  SMALL,
  toppedUp,
  topUpOf,
  want,
} from '../support/top-ups.ts';

const ASKING_CARD = 'pm_card_authenticationRequired';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());
const chaos = async (body: object) => {
  const { status } = await caller(app.stripeUrl).post('/_control/chaos', body);
  expect(status).toBe(200);
};
afterEach(() => chaos({ drop: 0, duplicate: 0, shuffle: 0, failNext: [] }));

const AWAY = { status: 500, when: 'before', shouldRetry: false };
const mailsOf = async (customer: Customer) =>
  (await mailsTo(customer)).filter((kind) => kind.startsWith('top_up_'));
/** What the pages of Stripe do when somebody confirms what the bank asks. */
async function confirm(url: string): Promise<void> {
  const page = await (await fetch(url)).text();
  const challenge = new URL(/href="(\/3ds\/\w+)"/.exec(page)![1]!, app.stripeUrl);
  await fetch(challenge, { method: 'POST', body: new URLSearchParams({ outcome: 'complete' }) });
}

describe('12.5 a pack is bought by itself', () => {
  test('below the low mark, up to the maximum of the month, and goes on in the next', async () => {
    const customer = await agreed(app, undefined, { monthMaxMinor: 1_300 });
    expect(await topUpOf(customer)).toMatchObject({
      ...{ enabled: true, spentMonthMinor: 0, paused: null, waits: null, open: null },
      agreed: { packId: 'small', lowCredits: 10, monthMaxMinor: 1_300, ...SMALL },
    });
    expect(await toppedUp(customer)).toMatchObject({ trigger: 'auto', amountMinor: 600 });
    expect(await balance(customer)).toBe(60);
    await want(app);
    expect(await bySelf(customer)).toHaveLength(1);
    await useCredits(customer, 50);
    await want(app);
    expect(await bySelf(customer)).toHaveLength(1);
    await useImages(customer, 1);
    await toppedUp(customer);
    await vi.waitFor(async () => expect(await balance(customer)).toBe(68), 60_000);
    await useImages(customer, 30);
    await want(app);
    expect(await bySelf(customer)).toHaveLength(2);
    const { waits, ...rest } = await topUpOf(customer);
    expect(rest).toMatchObject({ spentMonthMinor: 1_200, open: null });
    expect(waits).toMatchObject({ reason: 'month_max', until: rest.monthEndsAt });
    expect(await outOfPocket(customer)).toBe(1_200);
    expect(await mailsOf(customer)).toEqual(['top_up_bought', 'top_up_bought']);
    const invoices = (await customer.payments()).filter((one) => one.about === 'pack');
    expect(invoices.map((one) => [one.status, one.amountPaidMinor])).toEqual([
      ['paid', 600],
      ['paid', 600],
    ]);
    await advanceDays(app, 31);
    await toppedUp(customer);
    expect(await bySelf(customer)).toHaveLength(3);
    const { rows } = await app.database.pool.query<{ action: string }>(
      `select action from audit_log where tenant_id = $1 and action like 'top_up.%'
       order by created_at, id`,
      [customer.tenantId],
    );
    const actions = rows.map(({ action }) => action);
    expect(actions[0]).toBe('top_up.agreed');
    expect(actions.slice(1)).toEqual(Array.from({ length: 3 }, () => 'top_up.begun'));
  });

  test('17 with webhooks doubled and shuffled, or lost: once', async () => {
    await chaos({ duplicate: 1, shuffle: 1 });
    const doubled = await agreed(app);
    await toppedUp(doubled);
    await chaos({ drop: 1, duplicate: 0, shuffle: 0 });
    const lost = await agree(doubled);
    expect(lost.status).toBe(200);
    await useCredits(doubled, 56);
    await want(app);
    await vi.waitFor(async () => expect(await balance(doubled)).toBe(64), 60_000);
    expect(await outOfPocket(doubled)).toBe(1_200);
  });

  test('a rule of the team comes first, and the page says until when', async () => {
    const customer = await agreed(app);
    await customer.api.put('/api/billing/limits', { rules: { preset: 'own', dayMaxMinor: 599 } });
    await want(app);
    expect(await bySelf(customer)).toEqual([]);
    expect((await topUpOf(customer)).waits).toMatchObject({ reason: 'spending_rule' });
  });
});

describe('12.40 the bank wants the owner', () => {
  test('one mail and one page, nothing else is tried, and after a day it is withdrawn', async () => {
    const customer = await agreed(app, ASKING_CARD);
    await toppedUp(customer, 'needs_action');
    const { open } = await topUpOf(customer);
    expect(open).toMatchObject({ confirmUrl: expect.stringContaining('http') });
    for (const hours of [1, 22]) {
      await advanceDays(app, hours / 24);
      await want(app);
      await app.server.context.services.purchases.sweep();
    }
    expect(await attempts(customer)).toBe(1);
    expect(await mailsOf(customer)).toEqual(['top_up_confirm']);
    expect(await bySelf(customer)).toMatchObject([{ state: 'needs_action' }]);
    await advanceDays(app, 1.2 / 24);
    await app.server.context.services.purchases.sweep();
    await becomesOne(customer, 'expired');
    expect(await topUpOf(customer)).toMatchObject({ paused: 'unconfirmed', open: null });
    await advanceDays(app, 1);
    await want(app);
    expect(await bySelf(customer)).toHaveLength(1);
    expect(await attempts(customer)).toBe(1);
    expect(await mailsOf(customer)).toEqual(['top_up_confirm', 'top_up_paused']);
    expect(await outOfPocket(customer)).toBe(0);
    expect(await alertsOf(customer)).toEqual([]);
  });

  test.each([0, 1])('confirmed, with %i of the webhooks lost, it is bought', async (drop) => {
    const customer = await agreed(app, ASKING_CARD);
    await toppedUp(customer, 'needs_action');
    const { confirmUrl } = (await topUpOf(customer)).open!;
    await chaos({ drop });
    await confirm(confirmUrl!);
    if (drop) {
      await advanceDays(app, 15 / 24 / 60);
      await app.server.context.services.purchases.sweep();
    }
    await becomesOne(customer, 'granted');
    expect(await balance(customer)).toBe(60);
    expect(await mailsOf(customer)).toEqual(['top_up_confirm', 'top_up_bought']);
  });
});

test('12.41 declined: it is withdrawn and paused, nothing is tried until the card changes', async () => {
  const customer = await agreed(app, FAILING_CARD);
  await toppedUp(customer, 'failed');
  expect(await topUpOf(customer)).toMatchObject({ enabled: true, paused: 'declined', open: null });
  await advanceDays(app, 3);
  await customer.sync();
  await want(app);
  expect(await attempts(customer)).toBe(1);
  expect(await mailsOf(customer)).toEqual(['top_up_paused']);
  // Nothing is left that could be paid.
  const { data } = await customer.atStripe<{ data: object[] }>(
    `invoices?customer=${await customer.customerId()}&status=open`,
  );
  expect(data).toEqual([]);
  await saveCard(customer, 'pm_card_visa');
  await vi.waitFor(async () => expect((await topUpOf(customer)).paused).toBeNull(), 60_000);
  await toppedUp(customer);
  expect(await outOfPocket(customer)).toBe(600);
});

test('12.41 declined: who agrees anew has it tried again', async () => {
  const customer = await agreed(app, FAILING_CARD);
  await toppedUp(customer, 'failed');
  expect(await agree(customer)).toMatchObject({ body: { autoTopUp: { paused: null } } });
  await want(app);
  await vi.waitFor(async () => expect(await bySelf(customer)).toHaveLength(2), 60_000);
  await becomesOne(customer, 'failed');
  expect(await attempts(customer)).toBe(2);
});

describe('12.42 switched off', () => {
  test('between the trigger and the charge: nothing is charged', async () => {
    const customer = await agreed(app);
    const match = { customer: await customer.customerId() };
    await chaos({ failNext: Array.from({ length: 30 }, () => ({ ...AWAY, match })) });
    await want(app);
    await vi.waitFor(async () => {
      const { rows } = await app.database.pool.query(
        `select state from credit_purchases
         where tenant_id = $1 and trigger = 'auto' and look_attempts > 0`,
        [customer.tenantId],
      );
      expect(rows).toEqual([{ state: 'wanted' }]);
    }, 60_000);
    expect(await putTopUp(customer, { enabled: false })).toMatchObject({
      ...{ status: 200, body: { autoTopUp: { enabled: false } } },
    });
    await chaos({ failNext: [] });
    await advanceDays(app, 15 / 24 / 60);
    await app.server.context.services.purchases.sweep();
    await becomesOne(customer, 'expired');
    await want(app);
    expect(await bySelf(customer)).toHaveLength(1);
    expect(await attempts(customer)).toBe(0);
    expect(await outOfPocket(customer)).toBe(0);
  });

  test('at any moment: what is charged was charged before the answer', async () => {
    await Promise.all(
      [0, 20, 60].map(async (ms) => {
        const customer = await agreed(app);
        await want(app);
        await new Promise((resolve) => setTimeout(resolve, ms));
        const off = await putTopUp(customer, { enabled: false });
        expect(off.status).toBe(200);
        const charged = await outOfPocket(customer);
        await settled(app);
        await app.server.context.services.purchases.sweep();
        await want(app);
        expect(await outOfPocket(customer)).toBe(charged);
        expect((await bySelf(customer)).map(({ state }) => state)).toEqual([
          charged > 0 ? 'granted' : 'expired',
        ]);
      }),
    );
  });

  test('while the owner is to confirm: the page asks for nothing any more', async () => {
    const customer = await agreed(app, ASKING_CARD);
    await toppedUp(customer, 'needs_action');
    await putTopUp(customer, { enabled: false });
    expect((await bySelf(customer))[0]).toMatchObject({ state: 'expired' });
    const { data } = await customer.atStripe<{ data: object[] }>(
      `invoices?customer=${await customer.customerId()}&status=open`,
    );
    expect(data).toEqual([]);
    expect(await topUpOf(customer)).toMatchObject({ enabled: false, paused: null, open: null });
  });
});

test('12.44 the money is there and granting fails: it is granted later, and charged once', async () => {
  const customer = await agreed(app);
  const { pool } = app.database;
  const { rows } = await pool.query<{ bucket: string }>(
    'select bucket_schema(usage_bucket) as bucket from tenants where id = $1',
    [customer.tenantId],
  );
  const { bucket } = rows[0]!;
  await pool.query(`alter table ${bucket}.credit_grants add constraint no_top_up
    check (tenant_id <> '${customer.tenantId}') not valid`);
  await toppedUp(customer, 'paid');
  await want(app);
  expect(await bySelf(customer)).toMatchObject([{ state: 'paid' }]);
  await pool.query(`alter table ${bucket}.credit_grants drop constraint no_top_up`);
  const { id } = (await bySelf(customer))[0]!;
  await customer.api.post(`/api/credits/purchases/${id}/sync`);
  expect(await balance(customer)).toBe(60);
  await want(app);
  expect(await outOfPocket(customer)).toBe(600);
});

describe('12.5 what is agreed to', () => {
  test('is the pack as it is now, with a card, and can be nothing else', async () => {
    const stranger = await signUp(app);
    expect(await agree(stranger)).toMatchObject({ status: 409, body: { code: 'card_needed' } });
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const cases: [object, number, string][] = [
      [{ consent: { ...SMALL, amountMinor: 599 } }, 409, 'consent_stale'],
      [{ consent: { ...SMALL, credits: 61 } }, 409, 'consent_stale'],
      [{ consent: { ...SMALL, amountMinor: 99, currency: 'usd' } }, 409, 'currency_conflict'],
      [{ packId: 'huge' }, 400, 'unknown_pack'],
      [{ lowCredits: 0 }, 422, 'invalid_top_up'],
      [{ lowCredits: 61 }, 422, 'invalid_top_up'],
      [{ lowCredits: 1.5 }, 422, 'invalid_top_up'],
      [{ monthMaxMinor: 599 }, 422, 'invalid_top_up'],
      [{ monthMaxMinor: 1e9 }, 422, 'invalid_top_up'],
      [{ monthMaxMinor: '3000' }, 400, 'invalid_request'],
      [{ consent: undefined }, 400, 'invalid_request'],
      [{ price: 3 }, 400, 'invalid_request'],
    ];
    for (const [more, status, code] of cases) {
      const answer = await agree(customer, more);
      expect(answer, JSON.stringify(more)).toMatchObject({ status, body: { code } });
    }
    const stale = await agree(customer, { consent: { ...SMALL, amountMinor: 1 } });
    expect(stale.body.details).toMatchObject({ pack: SMALL });
    expect(await topUpOf(customer)).toMatchObject({ enabled: false, agreed: null });
  });

  test.each([
    ['costs more', 'amount_minor = 500'],
    ['holds less', 'credits = 61'],
    ['ends sooner', 'valid_days = 366'],
  ])('a pack that %s is not charged, and is told once', async (_case, better) => {
    const customer = await agreed(app);
    await app.database.pool.query(
      `update auto_top_ups set ${better}, low_credits = 5 where tenant_id = $1`,
      [customer.tenantId],
    );
    await want(app);
    await want(app);
    expect(await topUpOf(customer)).toMatchObject({ paused: 'price' });
    expect(await bySelf(customer)).toEqual([]);
    expect(await mailsOf(customer)).toEqual(['top_up_paused']);
    expect(await agree(customer)).toMatchObject({ body: { autoTopUp: { paused: null } } });
    await toppedUp(customer);
  });
});
