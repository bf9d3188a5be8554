import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { LimitsView } from '../../src/domain/billing/spending/limits-view.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { outOfPocket } from '../support/money-back.ts';
import {
  balance,
  bought,
  buy,
  lookedAt,
  openPack,
  payPack,
  purchases,
  sessionOf,
} from '../support/packs.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());
const chaos = async (body: object) => {
  const { status } = await caller(app.stripeUrl).post('/_control/chaos', body);
  expect(status).toBe(200);
};
afterEach(() => chaos({ drop: 0, failNext: [] }));

const PATH = '/api/billing/limits';
type Refused = { code: string; error: string; details: Record<string, unknown> };

const setRules = ({ api }: Customer, rules: object) =>
  api.put<LimitsView & Refused>(PATH, { rules });
const rulesOf = async ({ api }: Customer) => (await api.get<LimitsView>(PATH)).body.rules;
const own = (rule: object) => ({ preset: 'own', ...rule });
const sessionState = async (customer: Customer, id: string) =>
  (await customer.atStripe<{ status: string }>(`checkout/sessions/${id}`)).status;

describe('12.45 a rule is asked before Checkout', () => {
  test('for minors: what costs too much at once, and what is left of the month, with a sentence', async () => {
    const customer = await signUp(app);
    const set = await setRules(customer, { preset: 'minor_8_15' });
    expect(set).toMatchObject({
      status: 200,
      body: {
        rules: {
          preset: 'minor_8_15',
          currency: 'cny',
          singleMaxMinor: 5_000,
          monthMaxMinor: 20_000,
        },
      },
    });
    const large = await buy(customer, 'large');
    expect(large).toMatchObject({
      status: 403,
      body: {
        code: 'spending_rule',
        error: expect.stringContaining('CN¥50 a purchase'),
        details: { rule: 'single', maxMinor: 5_000, freeAt: null },
      },
    });
    await setRules(customer, own({ singleMaxMinor: 5_000, monthMaxMinor: 4_000 }));
    await bought(customer, 'medium', { method: 'alipay' });
    await bought(customer, 'small');
    const { monthEndsAt, ...rest } = await rulesOf(customer);
    expect(rest).toMatchObject({ spentMonthMinor: 3_600, spentDayMinor: 3_600 });
    const more = await buy(customer, 'small');
    expect(more).toMatchObject({
      status: 403,
      body: {
        code: 'spending_rule',
        error: expect.stringContaining('CN¥36 are spent'),
        details: { rule: 'month', maxMinor: 4_000, spentMinor: 3_600, freeAt: monthEndsAt },
      },
    });
    // Nothing was begun for it, here or at Stripe.
    expect(await purchases(customer)).toHaveLength(2);
    expect(await outOfPocket(customer)).toBe(3_600);
    const usd = await buy(customer, 'small', { currency: 'usd' });
    expect(usd).toMatchObject({ status: 403, body: { details: { rule: 'currency' } } });
  });

  test('the month over, it is free again at the instant that was told', async () => {
    const customer = await signUp(app);
    await setRules(customer, own({ monthMaxMinor: 600 }));
    await bought(customer, 'small');
    const refused = (await buy(customer, 'small')) as unknown as { body: Refused };
    const freeAt = Date.parse(String(refused.body.details.freeAt));
    const now = app.server.context.clock.now().getTime();
    await advanceDays(app, (freeAt - now) / 86_400_000 + 0.01);
    expect(await buy(customer, 'small')).toMatchObject({ status: 200 });
  });

  test.each([
    ['a preset that is none', { preset: 'minor' }, 400],
    ['no amount at all', own({}), 422],
    ['less than nothing', own({ dayMaxMinor: -1 }), 422],
    ['a part of a fen', own({ dayMaxMinor: 0.5 }), 422],
    ['too much', own({ monthMaxMinor: 10_000_001 }), 422],
    ['an amount in words', own({ monthMaxMinor: '5' }), 400],
    ['amounts for minors', { preset: 'minor_8_15', dayMaxMinor: 5 }, 422],
    ['amounts for no rule', { preset: 'none', monthMaxMinor: 5 }, 422],
    ['minors in a currency without figures', { preset: 'minor_8_15', currency: 'jpy' }, 422],
    ['a currency in which nothing is sold', own({ dayMaxMinor: 5, currency: 'xxx' }), 422],
    ['a field that nobody knows', own({ yearMaxMinor: 5 }), 400],
  ])('refused, and nothing changes: %s', async (_what, rules, status) => {
    const customer = await signUp(app);
    expect((await setRules(customer, rules)).status).toBe(status);
    expect(await rulesOf(customer)).toMatchObject({ preset: 'none', next: null });
    expect((await customer.api.put(PATH, { rules, overage: { enabled: false } })).status).toBe(400);
    expect((await customer.api.put(PATH, {})).status).toBe(400);
  });
});

test('12.46 what is open takes of the day, and what is not paid gives it back', async () => {
  const customer = await signUp(app);
  await setRules(customer, own({ dayMaxMinor: 3_000 }));
  await openPack(customer, 'small');
  expect(await rulesOf(customer)).toMatchObject({ spentDayMinor: 600 });
  const [open] = await purchases(customer);
  expect(await customer.api.post(`/api/credits/purchases/${open!.id}/cancel`)).toMatchObject({
    status: 200,
    body: { state: 'expired' },
  });
  expect(await rulesOf(customer)).toMatchObject({ spentDayMinor: 0 });
  await openPack(customer, 'medium');
  await advanceDays(app, 2 / 24);
  await lookedAt(customer);
  expect((await purchases(customer))[0]).toMatchObject({ state: 'expired' });
  expect(await rulesOf(customer)).toMatchObject({ spentDayMinor: 0 });
  expect(await buy(customer, 'medium')).toMatchObject({ status: 200 });
});

describe('12.47 another rule', () => {
  test('tighter: at once, and what is open above it can no longer be paid', async () => {
    const customer = await signUp(app);
    const session = await openPack(customer, 'large');
    await setRules(customer, own({ singleMaxMinor: 5_000 }));
    expect(await sessionState(customer, session)).toBe('expired');
    expect((await purchases(customer))[0]).toMatchObject({ state: 'expired' });
    // What fits stays open.
    const fits = await openPack(customer, 'small');
    await setRules(customer, own({ singleMaxMinor: 600 }));
    expect(await sessionState(customer, fits)).toBe('open');
    await payPack(customer, fits);
    await settled(app);
    await vi.waitFor(async () => expect(await balance(customer)).toBe(60), 60_000);
  });

  test('tighter while Stripe is away: it holds at once, and the next look ends what is open', async () => {
    const customer = await signUp(app);
    const session = await openPack(customer, 'large');
    await lookedAt(customer);
    const match = { customer: await customer.customerId() };
    const away = { status: 500, when: 'before', shouldRetry: false, match };
    await chaos({ failNext: Array.from({ length: 30 }, () => away) });
    const set = await setRules(customer, own({ singleMaxMinor: 5_000 }));
    expect(set, JSON.stringify(set.body)).toMatchObject({
      ...{ status: 200, body: { rules: { singleMaxMinor: 5_000 } } },
    });
    await chaos({ failNext: [] });
    expect(await sessionState(customer, session)).toBe('open');
    await advanceDays(app, 10 / 24 / 60);
    await app.server.context.services.purchases.sweep();
    expect(await sessionState(customer, session)).toBe('expired');
    expect(await outOfPocket(customer)).toBe(0);
  });

  test('tighter while a purchase cannot be brought up to date: it holds, and is answered so', async () => {
    const customer = await signUp(app);
    const { pool } = app.database;
    const { rows } = await pool.query<{ bucket: string }>(
      'select bucket_schema(usage_bucket) as bucket from tenants where id = $1',
      [customer.tenantId],
    );
    const { bucket } = rows[0]!;
    await pool.query(`alter table ${bucket}.credit_grants add constraint no_rule_grants
      check (tenant_id <> '${customer.tenantId}') not valid`);
    await payPack(customer, await openPack(customer, 'small'));
    await settled(app);
    expect((await purchases(customer))[0]).toMatchObject({ state: 'paid' });
    const set = await setRules(customer, own({ singleMaxMinor: 5_000 }));
    expect(set, JSON.stringify(set.body)).toMatchObject({
      ...{ status: 200, body: { rules: { singleMaxMinor: 5_000 } } },
    });
    // Nor does it keep anybody from looking at the rest.
    await customer.sync();
    await pool.query(`alter table ${bucket}.credit_grants drop constraint no_rule_grants`);
    await lookedAt(customer);
    await app.server.context.services.purchases.sweep();
    await customer.sync();
    expect(await balance(customer)).toBe(60);
  });

  test('looser: after 24 hours, which asking again does not lengthen', async () => {
    const customer = await signUp(app);
    await setRules(customer, own({ singleMaxMinor: 600 }));
    const { body } = await setRules(customer, { preset: 'none' });
    expect(body.rules).toMatchObject({ singleMaxMinor: 600, next: { preset: 'none' } });
    await advanceDays(app, 0.5);
    expect((await setRules(customer, { preset: 'none' })).body.rules.next).toEqual(body.rules.next);
    expect(await buy(customer, 'medium')).toMatchObject({ status: 403 });
    await advanceDays(app, 0.51);
    expect(await rulesOf(customer)).toMatchObject({ preset: 'none', next: null });
    expect(sessionOf((await buy(customer, 'medium')).body.checkoutUrl)).toBeTruthy();
    const { rows } = await app.database.pool.query(
      `select action, actor_kind, after from audit_log
       where tenant_id = $1 and action = 'spending_rule.set' order by created_at, id`,
      [customer.tenantId],
    );
    expect(rows).toMatchObject([
      { actor_kind: 'user', after: { preset: 'own', singleMaxMinor: 600, next: null } },
      { after: { singleMaxMinor: 600, next: { preset: 'none' } } },
      { after: { singleMaxMinor: 600, next: { preset: 'none' } } },
    ]);
  });
});

describe('12.45 12.47 a rule binds overage too', () => {
  const onPro = async () => {
    const customer = await signUp(app);
    await customer.subscribe('pro', 'month');
    const { body } = await customer.api.get<LimitsView>(PATH);
    const agree = (capMinor: number) =>
      customer.api.put<LimitsView & Refused>(PATH, {
        overage: { enabled: true, capMinor, consent: body.overage.price },
      });
    return { customer, agree };
  };

  test('what the month leaves can be agreed to; what was agreed to cannot be spent on packs', async () => {
    const { customer, agree } = await onPro();
    await setRules(customer, { preset: 'minor_8_15' });
    await bought(customer, 'medium', { method: 'alipay' });
    const refused = await agree(17_001);
    const { monthEndsAt } = await rulesOf(customer);
    expect(refused).toMatchObject({
      status: 403,
      body: {
        code: 'spending_rule',
        error: expect.stringContaining('its whole cap, which can be CN¥170 at most'),
        details: {
          ...{ by: 'cap', rule: 'month', maxMinor: 20_000, spentMinor: 3_000, leftMinor: 17_000 },
          freeAt: monthEndsAt,
        },
      },
    });
    expect(await rulesOf(customer)).toMatchObject({
      ...{ overageMonthMinor: 0, leftMonthMinor: 17_000, capMaxMinor: 17_000 },
    });
    expect(await agree(16_900)).toMatchObject({ status: 200 });
    expect(await rulesOf(customer)).toMatchObject({
      ...{ overageMonthMinor: 16_900, leftMonthMinor: 100, capMaxMinor: 17_000 },
    });
    expect(await buy(customer, 'small')).toMatchObject({
      status: 403,
      body: {
        error: expect.stringContaining('CN¥169 are kept for overage'),
        details: { by: 'purchase', rule: 'month', overageMinor: 16_900, leftMinor: 100 },
      },
    });
    expect(await agree(16_000)).toMatchObject({ status: 200 });
    expect(await buy(customer, 'small')).toMatchObject({ status: 200 });
  });

  test('tighter: the cap is lowered at once, a rule that allows nothing switches it off, and the owner is told', async () => {
    const { customer, agree } = await onPro();
    expect(await agree(50_000)).toMatchObject({ status: 200 });
    const lowered = await setRules(customer, { preset: 'minor_16_17' });
    expect(lowered.body).toMatchObject({
      overage: { enabled: true, capMinor: 40_000 },
      rules: { overageMonthMinor: 40_000, leftMonthMinor: 0 },
    });
    const none = await setRules(customer, { preset: 'minor_under_8' });
    expect(none.body.overage).toMatchObject({ enabled: false, lapsed: 'spending_rule' });
    expect(await agree(1)).toMatchObject({ status: 403, body: { details: { leftMinor: 0 } } });
    await app.server.context.services.mails.sendDue();
    const { rows: told } = await app.database.pool.query(
      `select data from mail_outbox where tenant_id = $1 and kind = 'overage_lapsed'
       order by data -> 'capMinor' desc`,
      [customer.tenantId],
    );
    expect(told.map(({ data }) => data)).toMatchObject(
      [40_000, 0].map((capMinor) => ({ reason: 'spending_rule', capMinor, currency: 'cny' })),
    );
    const { rows } = await app.database.pool.query(
      `select actor_kind, before, after from audit_log
       where tenant_id = $1 and action = 'overage.bound' order by created_at, id`,
      [customer.tenantId],
    );
    expect(rows).toMatchObject([
      { actor_kind: 'user', before: { capMinor: 50_000 }, after: { capMinor: 40_000 } },
      { before: { capMinor: 40_000 }, after: { enabled: false, capMinor: 0 } },
    ]);
    // Looser a day later; overage comes back by a new consent alone.
    await setRules(customer, { preset: 'none' });
    await advanceDays(app, 1.01);
    expect((await customer.api.get<LimitsView>(PATH)).body.overage).toMatchObject({
      ...{ enabled: false, capMinor: 40_000 },
    });
    expect(await agree(50_000)).toMatchObject({ status: 200 });
  });
});
