import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putOnPaidPlan } from '../../../../tests/support/metering.ts';
import { caller, type Answer } from '../../../../tests/support/http.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { teamsOf, type Person } from '../../../../tests/support/team.ts';
import type { CreditsView } from '../../../domain/billing/credits.ts';
import type { LimitsView } from '../../../domain/billing/spending/limits-view.ts';
import { NO_RULE } from '../../../domain/billing/spending/rules.ts';

let server: TestServer;
let people: ReturnType<typeof teamsOf>;
beforeAll(async () => {
  server = await startTestServer();
  people = teamsOf(server);
});
afterAll(() => server.stop());

const PATH = '/api/billing/limits';
const PRICE = { currency: 'cny', minorPerCredit: '11' };
const ON = { enabled: true, capMinor: 5_000, consent: PRICE };
type Refused = { code: string; details: Record<string, unknown> };

let payers = 0;

async function payer(): Promise<Person> {
  payers += 1;
  const owner = await people.owner(`payer${payers}`);
  await putOnPaidPlan(server.database, owner.session.tenant.id, 'team');
  return owner;
}

const put = ({ call }: Person, body: unknown): Promise<Answer<LimitsView & Refused>> =>
  call.put(PATH, body);

const NOTHING: LimitsView = {
  overage: {
    ...{ price: null, paused: null, enabled: false, capMinor: null, currency: null },
    ...{ lapsed: null, suspended: null, usedMinor: 0, unpaidMinor: 0, exposureMinor: null },
  },
  alerts: [50, 80, 100],
  autoTopUp: {
    ...{ enabled: false, agreed: null, spentMonthMinor: 0, monthEndsAt: null },
    ...{ paused: null, waits: null, open: null },
  },
  rules: {
    ...NO_RULE,
    ...{ spentDayMinor: 0, spentMonthMinor: 0, dayEndsAt: null, monthEndsAt: null },
    ...{ overageMonthMinor: 0, leftMonthMinor: null, capMaxMinor: null },
    ...{ timeZone: null, next: null },
  },
};

describe('12.4 limits over HTTP', () => {
  test('free sells none: nothing is offered, and nothing can be switched on', async () => {
    const { call } = await server.signUp();
    expect(await call.get(PATH)).toMatchObject({ status: 200, body: NOTHING });
    expect(await call.put(PATH, { overage: ON })).toMatchObject({
      ...{ status: 409, body: { code: 'overage_not_offered' } },
    });
    expect((await call.get(PATH)).body).toEqual(NOTHING);
    expect((await caller(server.url).get(PATH)).status).toBe(401);
  });

  const topUp = {
    ...{ enabled: true, packId: 'small', lowCredits: 10, monthMaxMinor: 3_000 },
    consent: { amountMinor: 600, currency: 'cny', credits: 60 },
  };

  test('10.10 who has not shown that the e-mail address is theirs agrees to no charge', async () => {
    // With an SMTP server addresses are to be shown; nothing listens there.
    const env = { SMTP_URL: 'smtp://127.0.0.1:1' };
    const mailed = await startTestServer({ env, databaseUrl: server.database.url });
    const { call, session } = await mailed.signUp('unproven');
    await putOnPaidPlan(server.database, session.tenant.id, 'team');
    for (const wish of [{ overage: ON }, { autoTopUp: topUp }]) {
      expect(await call.put(PATH, wish)).toMatchObject({
        ...{ status: 403, body: { code: 'email_unverified' } },
      });
    }
    // What charges nobody waits for nothing.
    for (const wish of [
      ...[{ overage: { enabled: false, capMinor: 100 } }, { autoTopUp: { enabled: false } }],
      { rules: { preset: 'minor_under_8' } },
    ]) {
      expect((await call.put(PATH, wish)).status, JSON.stringify(wish)).toBe(200);
    }
    await mailed.stop();
  });

  test('10.17 a top-up, whose price is Stripe’s, is asked for ten times a minute at most', async () => {
    const owner = await payer();
    const asked = [];
    for (let i = 0; i < 11; i += 1) {
      asked.push((await put(owner, { autoTopUp: topUp })).body.code);
    }
    expect(asked.slice(0, 10)).not.toContain('rate_limited');
    expect(asked.at(-1)).toBe('rate_limited');
    // Whoever wants to leave always can.
    expect((await put(owner, { autoTopUp: { enabled: false } })).status).toBe(200);
  });

  test('the owner agrees to the price that was shown, and everybody in the team sees it', async () => {
    const owner = await payer();
    const member = await people.join(owner, `member${payers}`);
    const shown = await owner.call.get<LimitsView>(PATH);
    expect(shown.body).toEqual({ ...NOTHING, overage: { ...NOTHING.overage, price: PRICE } });
    const agreed = await put(owner, { overage: ON, alerts: [80] });
    expect(agreed.status).toBe(200);
    expect(agreed.body).toEqual({
      overage: {
        ...shown.body.overage,
        ...{ enabled: true, capMinor: 5_000, currency: 'cny', exposureMinor: 5_000 },
      },
      alerts: [80],
      autoTopUp: NOTHING.autoTopUp,
      rules: NOTHING.rules,
    });
    expect((await member.call.get(PATH)).body).toEqual(agreed.body);
    const { body } = await owner.call.get<CreditsView>('/api/credits');
    expect(agreed.body.overage).toMatchObject(body.overage);
    expect(body.overage).toMatchObject({ enabled: true, capMinor: 5_000, usedMinor: 0 });
    // ¥50 are 454 credits, which are 227 pictures beside the 5,000 of the plan.
    expect(body.spendable.images).toBe(5_227);

    expect(await put(owner, { overage: { enabled: false } })).toMatchObject({
      body: { overage: { enabled: false, capMinor: 5_000, lapsed: null }, alerts: [80] },
    });
    const { rows } = await server.database.pool.query(
      `select action, actor_kind, after from audit_log
       where tenant_id = $1 and action like 'overage.%' order by created_at, id`,
      [owner.session.tenant.id],
    );
    expect(rows).toMatchObject([
      { action: 'overage.agreed', actor_kind: 'user', after: { capMinor: 5_000, ...PRICE } },
      { action: 'overage.ended', after: { enabled: false, currency: 'cny' } },
    ]);
    // Off stays off: what changes beside it is written down as that, and what does not is not.
    await put(owner, { overage: { enabled: false } });
    await put(owner, { overage: { enabled: false }, alerts: [50] });
    await put(owner, { overage: { enabled: false }, alerts: [50] });
    const { rows: later } = await server.database.pool.query(
      `select action, before, after from audit_log
       where tenant_id = $1 and action like 'overage.%' order by created_at, id offset 2`,
      [owner.session.tenant.id],
    );
    expect(later).toMatchObject([
      { action: 'overage.wishes_changed', before: { alerts: [80] }, after: { alerts: [50] } },
    ]);
  });

  test('a member and an API key change nothing', async () => {
    const owner = await payer();
    const member = await people.join(owner, `member${payers}`);
    expect(await put(member, { overage: ON })).toMatchObject({
      ...{ status: 403, body: { code: 'billing_role_required' } },
    });
    expect((await owner.call.get<LimitsView>(PATH)).body.overage.enabled).toBe(false);
  });

  test('another price than the present one is not agreed to; the answer has the present one', async () => {
    const owner = await payer();
    for (const consent of [
      { ...PRICE, minorPerCredit: '10' },
      { ...PRICE, minorPerCredit: '12' },
      { ...PRICE, currency: 'usd' },
    ]) {
      expect(await put(owner, { overage: { ...ON, consent } })).toMatchObject({
        status: 409,
        body: { code: 'consent_stale', details: { price: PRICE } },
      });
    }
    // The same number in other digits is the same price.
    const consent = { ...PRICE, minorPerCredit: '11.00' };
    expect(await put(owner, { overage: { ...ON, consent } })).toMatchObject({ status: 200 });
  });

  test.each([-1, 0.5, 10_000_001, 1e21, 12.000001])('a cap of %s is refused', async (capMinor) => {
    const owner = await payer();
    const answer = await put(owner, { overage: { ...ON, capMinor } });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_cap' } });
    expect(await put(owner, { overage: { enabled: false, capMinor } })).toMatchObject({
      status: 422,
    });
    expect((await owner.call.get<LimitsView>(PATH)).body.overage).toMatchObject({
      ...{ enabled: false, capMinor: null },
    });
  });

  test.each([
    ['no cap was ever told', { enabled: true, consent: PRICE }, 422],
    ['no price was shown', { enabled: true, capMinor: 5 }, 400],
    ['a cap of words', { ...ON, capMinor: '5' }, 400],
    ['no cap at all', { ...ON, capMinor: null }, 400],
    ['a price of words', { ...ON, consent: { currency: 'cny', minorPerCredit: 'x' } }, 400],
    ['a price without end', { ...ON, consent: { ...PRICE, minorPerCredit: '1'.repeat(99) } }, 400],
    ['a currency that is none', { ...ON, consent: { ...PRICE, currency: 'CNY' } }, 400],
    ['a field that nobody knows', { ...ON, price: 3 }, 400],
    ['no answer', {}, 400],
  ])('refused: %s', async (_what, overage, status) => {
    const owner = await payer();
    expect((await put(owner, { overage })).status).toBe(status);
    expect((await owner.call.get<LimitsView>(PATH)).body.overage.enabled).toBe(false);
  });

  test.each([[[81]], [['80']], [[50, 50, 80, 100]], ['80']])('alerts of %j', async (alerts) => {
    const owner = await payer();
    expect((await put(owner, { overage: ON, alerts })).status).toBe(400);
  });

  test('after a price that rose the refusal says that the agreement is over, and why', async () => {
    const owner = await payer();
    const { id } = owner.session.tenant;
    await put(owner, { overage: ON });
    // Pro costs more a credit than Team.
    await putOnPaidPlan(server.database, id, 'pro');
    const { usage } = server.context.services;
    const images = { tenantId: id, resourceType: 'images' as const };
    await usage.trackUsage({ ...images, amount: 500 });
    await expect(usage.trackUsage({ ...images, amount: 1 })).rejects.toMatchObject({
      data: { reason: 'cap', cap: { capMinor: 5_000, usedMinor: 0, lapsed: 'price' } },
    });
  });

  test('a cap of 0 is one: nothing is used, and the refusal says so', async () => {
    const owner = await payer();
    await put(owner, { overage: { ...ON, capMinor: 0 } });
    const { usage } = server.context.services;
    const images = { tenantId: owner.session.tenant.id, resourceType: 'images' as const };
    await usage.trackUsage({ ...images, amount: 5_000 });
    await expect(usage.trackUsage({ ...images, amount: 1 })).rejects.toMatchObject({
      data: { reason: 'cap', cap: { capMinor: 0, usedMinor: 0, currency: 'cny' } },
    });
  });
});
