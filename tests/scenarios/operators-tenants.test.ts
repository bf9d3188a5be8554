import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActResult } from '../../src/domain/accounts/operator-act.ts';
import type {
  MailView,
  TenantScreen,
  TenantsPage,
  TimelineEntry,
  TimelinePage,
} from '../../src/domain/accounts/operator-tenant.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, FAILING_CARD, settled, signUp, type Customer } from '../support/customer.ts';
import { makeOperator, type SignedInOperator } from '../support/operator.ts';

let app: TestApp;
let operator: SignedInOperator;
let customer: Customer;
beforeAll(async () => {
  app = await startTestApp();
  operator = await makeOperator(app, await signUp(app, 'Operators'));
  customer = await signUp(app, 'Grüne Tafelrunde 7');
  await customer.subscribe('pro', 'month');
});
afterAll(() => app?.stop());

const get = async <T>(path: string) => {
  const answer = await operator.send<T>('GET', `/api/admin${path}`);
  expect([path, answer.status, answer.body]).toEqual([path, 200, answer.body]);
  return answer.body;
};
const found = async (q: string) =>
  (await get<TenantsPage>(`/tenants?q=${encodeURIComponent(q)}`)).tenants.map(({ id }) => id);
const screen = (id = customer.tenantId) => get<TenantScreen>(`/tenants/${id}`);
const act = (body: object, id = customer.tenantId) =>
  operator.send<ActResult & { code?: string }>('POST', `/api/admin/tenants/${id}/acts`, {
    ...{ reason: 'TICKET-3 asks for it', ...body },
  });
const factsOf = ({ body }: { body: ActResult }) =>
  Object.fromEntries(body.facts.map(({ name, value }) => [name, value]));

async function timeline(limit: number, id = customer.tenantId): Promise<TimelineEntry[]> {
  const entries: TimelineEntry[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: TimelinePage = await get(`/tenants/${id}/timeline?limit=${limit}${after}`);
    entries.push(...page.entries);
    cursor = page.nextCursor;
  }
  return entries;
}

describe('14 an operator finds a tenant by whatever the customer writes', () => {
  const subscription = async () => (await screen()).subscriptions[0]!.id;
  test.each<[string, () => string | Promise<string>]>([
    ['a word of its name', () => 'tafelrunde'],
    ['beginnings of words of it, in any order', () => '7 grü'],
    ['its owner’s e-mail address', () => customer.session.user.email.toUpperCase()],
    ['the beginning of that', () => customer.session.user.email.slice(0, 12)],
    ['its id', () => customer.tenantId],
    ['a person’s id', () => customer.session.user.id],
    ['its customer at Stripe', () => customer.customerId()],
    ['a subscription', subscription],
    ['an invoice number', async () => (await screen()).payments[0]!.number!],
    ['an event', async () => (await timeline(100)).find(({ kind }) => kind === 'event')!.id],
  ])('by %s', async (_what, query) => {
    expect(await found(await query())).toEqual([customer.tenantId]);
  });

  test.each([
    'nobody here',
    '%',
    '_',
    "'; drop table tenants --",
    'cus_nobody',
    '&|!()',
    randomUUID(),
  ])('and nothing by %s', async (query) => expect(await found(query)).toEqual([]));

  test('all of them, a page at a time, the newest first', async () => {
    const all = await get<TenantsPage>('/tenants?limit=100');
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: TenantsPage = await get(`/tenants?limit=1${after}`);
      paged.push(...page.tenants.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(all.tenants.map(({ id }) => id));
    expect(new Set(paged).size).toBe(paged.length);
  });
});

describe('14 one tenant is on one screen, and on one timeline', () => {
  test('plan, state, money, usage, people and credits', async () => {
    expect(await screen()).toMatchObject({
      tenant: { name: 'Grüne Tafelrunde 7', plan: 'pro', owner: customer.session.user.email },
      subscriptions: [
        { status: 'active', owed: [], nextInvoice: { amountMinor: 2900, currency: 'cny' } },
      ],
      usage: { resources: expect.arrayContaining([expect.objectContaining({ limit: 10_000 })]) },
      credits: { balance: 0 },
      people: [{ email: customer.session.user.email, role: 'owner' }],
      payments: [{ status: 'paid', amountPaidMinor: 2900 }],
    });
  });

  test('everything that happened, in pages of any size the same', async () => {
    const idempotencyKey = randomUUID();
    const event = { tenantId: customer.tenantId, resourceType: 'images', amount: 450 };
    const sent = await fetch(`${app.url}/api/usage/events`, {
      method: 'POST',
      headers: {
        ...{ 'Content-Type': 'application/json' },
        Authorization: `Bearer ${app.usageIngestToken}`,
      },
      body: JSON.stringify({ events: [{ ...event, idempotencyKey }] }),
    });
    expect(sent.status).toBe(200);
    await screen();
    await act({ act: 'sync' });
    await fetch(`${app.url}/__dev/mail`);
    const all = await timeline(100);
    const kinds = new Set(all.map(({ kind }) => kind));
    for (const kind of ['change', 'operator', 'payment', 'event', 'mail', 'crossing']) {
      expect(kinds).toContain(kind);
    }
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .sort()
        .reverse(),
    );
    const keys = (entries: TimelineEntry[]) =>
      entries.map(({ key }) => key).filter((key) => !key.startsWith('operator:'));
    expect(keys(await timeline(3))).toEqual(keys(all));
    expect(all.find(({ what }) => what === 'operator.sync')).toMatchObject({
      why: 'TICKET-3 asks for it',
    });
    expect(all.find(({ kind }) => kind === 'crossing')).toMatchObject({ what: 'images 80 %' });
  });

  test('a mail is read without what would let its reader’s account be taken', async () => {
    const { user } = customer.session;
    await customer.api.post('/api/auth/password/forgot', { email: user.email });
    await fetch(`${app.url}/__dev/mail`);
    const all = await timeline(100);
    const { id } = all.find(({ what }) => what === 'reset_password')!;
    const mail = await get<MailView>(`/tenants/${customer.tenantId}/mails/${id}`);
    expect(mail).toMatchObject({ recipient: user.email, state: 'sent' });
    expect(mail.text).toMatch(/token=…\s/);
    const other = await signUp(app);
    const path = `/api/admin/tenants/${other.tenantId}/mails/${id}`;
    expect((await operator.send('GET', path)).status).toBe(404);
  });

  test('what is kept of a person is given out, of nobody else', async () => {
    const { id, email } = customer.session.user;
    const path = (who: string) => `/tenants/${customer.tenantId}/people/${who}/export.json`;
    expect(await get(path(id))).toMatchObject({ person: { email } });
    const other = await signUp(app);
    const answer = await operator.send('GET', `/api/admin${path(other.session.user.id)}`);
    expect(answer.status).toBe(404);
  });
});

describe('14 an act says beforehand what it will do, and afterwards what it did', () => {
  const stateNow = async () => {
    const { tenant: _, ...rest } = await screen();
    return rest;
  };

  test('without a reason nothing is done', async () => {
    for (const reason of ['', '  ', 'x', undefined]) {
      expect((await act({ act: 'sync', reason })).body.code).toBe('invalid_request');
    }
    expect((await act({ act: 'paint' })).body.code).toBe('invalid_request');
    expect((await act({ act: 'sync' }, randomUUID())).body.code).toBe('tenant_not_found');
  });

  test('credits are granted once a ref, and revoked', async () => {
    const grant = { act: 'grant_credits', credits: 5.5, days: 30, ref: 'TICKET-3' };
    const before = await stateNow();
    const preview = await act({ ...grant, dryRun: true });
    expect(preview.body.done).toBe(false);
    expect(factsOf(preview)).toMatchObject({ balance: 0, credits: 5_500_000 });
    expect(await stateNow()).toEqual(before);
    expect(factsOf(await act(grant))).toMatchObject({ credits: 5_500_000, balance: 5_500_000 });
    expect(factsOf(await act(grant))).toMatchObject({ balance: 5_500_000, repeated: 'TICKET-3' });
    expect((await act({ ...grant, isPromotion: true })).body).toMatchObject({
      ...{ code: 'invalid_request', details: { refusal: 'ref_used' } },
    });
    const [given] = (await screen()).credits!.grants;
    const revoke = { act: 'revoke_credits', grantId: given!.id, credits: 2, ref: 'TICKET-4' };
    expect(factsOf(await act({ ...revoke, dryRun: true }))).toEqual({
      ...{ credits: 2_000_000, creditsLeft: 5_500_000 },
    });
    expect(factsOf(await act(revoke))).toMatchObject({ credits: 2_000_000, creditsShort: 0 });
    expect((await screen()).credits!.balance).toBe(3_500_000);
    const log = await customer.api.get('/api/tenant/audit');
    expect(JSON.stringify(log.body)).toContain('TICKET-3 asks for it');
  });

  test('usage is corrected, never below nothing', async () => {
    const correct = { act: 'correct_usage', resourceType: 'images', amount: -50 };
    expect(factsOf(await act({ ...correct, dryRun: true }))).toEqual({ used: 450, usedAfter: 400 });
    expect(factsOf(await act(correct))).toEqual({ used: 450, usedAfter: 400 });
    expect((await act({ ...correct, amount: -500 })).body.code).toBe('invalid_request');
    expect((await act({ ...correct, period: '2026-13' })).body.code).toBe('invalid_period');
    expect(factsOf(await act({ ...correct, amount: null }))).toEqual({ used: 400, usedAfter: 0 });
  });

  test('a row of usage that is not this team’s, or no row, is not taken back', async () => {
    const reverse = { act: 'reverse_usage', row: '4711471147114711', extendTo: '2999-01-01' };
    expect((await act({ ...reverse, dryRun: true })).body).toMatchObject({
      ...{ code: 'not_found', details: { refusal: 'no_such_row' } },
    });
    expect((await act({ ...reverse, row: '-1' })).body.code).toBe('invalid_request');
    expect((await act({ ...reverse, extendTo: '2020-01-01' })).body).toMatchObject({
      details: { refusal: 'extend_not_later' },
    });
  });

  test('a month’s quota is changed once a ref, and never of a month that is over', async () => {
    const add = {
      ...{ act: 'add_allowance', resourceType: 'images', units: 20, kind: 'goodwill', ref: 'Q-1' },
    };
    const facts = { units: 20, limit: 500, limitAfter: 520 };
    expect(factsOf(await act({ ...add, dryRun: true }))).toMatchObject(facts);
    expect(factsOf(await act(add))).toMatchObject(facts);
    expect(factsOf(await act(add))).toMatchObject({ limit: 520, limitAfter: 520, repeated: 'Q-1' });
    expect((await act({ ...add, ref: 'Q-2', period: '2020-01' })).body.code).toBe('invalid_period');
    expect((await act({ ...add, ref: 'Q-2', units: 0 })).body.code).toBe('invalid_request');
    expect((await act({ ...add, ref: 'Q-2', kind: 'rollover' })).body.code).toBe('invalid_request');
    expect(factsOf(await act({ ...add, ref: 'Q-2', units: -20 }))).toMatchObject({
      limitAfter: 500,
    });
  });

  test('a mail goes out once more', async () => {
    const { id } = (await timeline(100)).find(({ what }) => what === 'reset_password')!;
    const again = { act: 'resend_mail', mailId: id };
    expect((await act({ ...again, dryRun: true })).body.done).toBe(false);
    expect((await act(again)).body.done).toBe(true);
    expect((await act(again)).body.code).toBe('state_changed');
    await fetch(`${app.url}/__dev/mail`);
    const mail = (await timeline(100)).find((one) => one.id === id)!;
    expect(mail.facts).toMatchObject({ resends: 1, sentAt: expect.any(String) });
  });

  test('a subscription ends at the end of what is paid, or now', async () => {
    const leaver = await signUp(app, 'Leavers');
    const never = await act({ act: 'end_subscription', when: 'now' }, leaver.tenantId);
    expect(never.body.code).toBe('no_subscription');
    const { currentPeriodEnd } = await leaver.subscribe('pro', 'month');
    const end = (when: string, dryRun = false) =>
      act({ act: 'end_subscription', when, dryRun }, leaver.tenantId);
    expect(factsOf(await end('period_end', true))).toEqual({
      ...{ subscriptions: 1, endsAt: currentPeriodEnd },
    });
    expect(await leaver.subscription()).toMatchObject({ cancelAtPeriodEnd: false });
    expect(factsOf(await end('period_end'))).toMatchObject({ endsAt: currentPeriodEnd });
    expect(await leaver.subscription()).toMatchObject({ cancelAtPeriodEnd: true, plan: 'pro' });
    await end('now');
    await settled(app);
    expect(await leaver.subscription()).toMatchObject({ status: 'canceled', plan: 'free' });
    const entry = (await timeline(100, leaver.tenantId)).find(
      ({ what }) => what === 'subscription.cancel_requested',
    );
    expect(entry).toMatchObject({ facts: { actor: 'service' } });
  });

  test('a tenant that is behind is synced, and one is deleted by its exact name', async () => {
    const debtor = await signUp(app, 'Debtors');
    await debtor.subscribe('pro', 'month');
    await debtor.useCard(FAILING_CARD);
    await advanceDays(app, 32);
    const { pastDue } = await debtor.subscription();
    expect(pastDue).not.toBeNull();
    expect(await screen(debtor.tenantId)).toMatchObject({
      subscriptions: [
        {
          status: 'past_due',
          owed: [{ amountMinor: 2900, currency: 'cny' }],
          graceEndsAt: pastDue!.graceEndsAt,
        },
      ],
    });
    const erase = { act: 'delete_tenant', confirm: 'Debtors' };
    expect((await act({ ...erase, confirm: 'debtors' }, debtor.tenantId)).body.code).toBe(
      'invalid_request',
    );
    const preview = factsOf(await act({ ...erase, dryRun: true }, debtor.tenantId));
    expect(preview).toEqual({
      ...{ team: 'Debtors', people: 1, subscriptions: 1, voided: 2900, balance: 0 },
    });
    expect((await act(erase, debtor.tenantId)).body.done).toBe(true);
    await settled(app);
    expect(await screen(debtor.tenantId)).toMatchObject({
      ...{ tenant: { deletedAt: expect.any(String), owner: null }, usage: null, people: [] },
      subscriptions: [{ status: 'canceled', owed: [], graceEndsAt: null }],
    });
    expect((await act({ act: 'sync' }, debtor.tenantId)).body.code).toBe('tenant_not_found');
    expect(await found('debtors')).toEqual([debtor.tenantId]);
  });
});
