import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ensureClientBuilt } from '../../scripts/start/client-build.ts';
import { DEMO_PASSWORD } from '../../scripts/start/seed.ts';
import type { PlansView, SessionView, SubscriptionOverview } from '../../src/domain/api.ts';
import { story, timed, type Timed } from '../race/hanging.ts';
import { caller, type Answer, type Caller } from '../support/http.ts';
import { startOnOwnDisk, type OnOwnDisk } from '../support/own-disk.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** In the second run, of the long form, the bundled PostgreSQL lies on the same disk, as after `npm start` alone. */
const RUNS = Number(process.env.FULL_DISK_RUNS ?? 1);
const FORMS = (['elsewhere', 'on the same disk'] as const).slice(0, RUNS);

const WITHIN_MS = 15_000;
const CARD = { card: '4242424242424242' };
const ADDRESS = { country: 'DE', line1: 'Weg 1', city: 'Ulm', postalCode: '89073' };

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

beforeAll(() => ensureClientBuilt(() => undefined));

describe.each(FORMS)('a full DATA_DIR, the database %s', (where) => {
  const isApart = where === 'elsewhere';
  let database: TestDatabase | undefined;
  let app: OnOwnDisk;
  const people = new Map<string, Caller>();
  let plans: PlansView;
  let tenantId: string;
  const acknowledged = new Set<string>();

  beforeAll(async () => {
    if (isApart) database = await createTestDatabase({ max: 2 });
    app = await startOnOwnDisk(isApart ? '4m' : '160m', {
      STRIPE_CALLS_PER_MINUTE: '100000',
      ...(database ? { DATABASE_URL: database.url } : {}),
    });
    for (const name of ['demo', 'pro', 'yearly', 'team', 'trial', 'canceling', 'downgrading']) {
      const { body } = await caller(app.url).post<SessionView>('/api/auth/login', {
        email: `${name}@example.com`,
        password: DEMO_PASSWORD,
      });
      people.set(name, caller(app.url, body.accessToken));
      if (name === 'yearly') tenantId = body.tenant.id;
    }
    ({ body: plans } = await caller(app.url).get<PlansView>('/api/plans'));
  });
  afterAll(async () => {
    await app?.remove();
    await database?.drop();
  });

  const as = (name: string) => people.get(name)!;
  const atStripe = () => caller(app.stripeUrl);
  const planOf = async (name: string) =>
    (await as(name).get<SubscriptionOverview>('/api/subscription')).body.subscription;
  const pay = (session: string) =>
    atStripe().post(`/_control/checkout_sessions/${session}/complete`, CARD);
  const opened = (answer: Answer) => {
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return new URL(String(answer.body['checkoutUrl'])).pathname.split('/').at(-1)!;
  };
  const priceOf = (plan: string) =>
    plans.plans.find((one) => one.plan === plan)!.prices.find((one) => one.interval === 'month')!
      .priceId;

  const makeCustomer = async (name: string) => {
    const answer = await fetch(`${app.stripeUrl}/v1/customers`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk_test_squaretable' },
      body: new URLSearchParams({ name }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, object> };
  };

  /** What people do that needs a write at Stripe, each by somebody else. */
  const wishes = (): [string, () => Promise<Answer>][] => [
    ['checkout', () => as('demo').post('/api/subscription/checkout', { priceId: priceOf('team') })],
    ['preview', () => as('pro').post('/api/subscription/preview', { priceId: priceOf('team') })],
    ['portal', () => as('pro').post('/api/subscription/portal')],
    ['pack', () => as('team').post('/api/credits/checkout', { packId: 'medium' })],
    ['upgrade', () => as('pro').post('/api/subscription/upgrade', { priceId: priceOf('team') })],
    ['cancel', () => as('yearly').post('/api/subscription/cancel')],
    ['resume', () => as('canceling').post('/api/subscription/resume')],
    ['resume the greater plan', () => as('downgrading').post('/api/subscription/resume')],
    ['end a trial', () => as('trial').post('/api/subscription/cancel', { immediately: true })],
    [
      'billing details',
      () => as('team').put('/api/billing/details', { name: 'A', address: ADDRESS, taxIds: [] }),
    ],
  ];
  const wishAll = () => Promise.all(wishes().map(([name, wish]) => timed(name, wish())));

  const record = async (keys: string[]) => {
    const answer = await caller(app.url, app.ingestToken).post('/api/usage/events', {
      events: keys.map((idempotencyKey) => ({
        ...{ tenantId, resourceType: 'images', amount: 1, enforce: false, idempotencyKey },
      })),
    });
    if (answer.status === 200) for (const key of keys) acknowledged.add(key);
    return answer;
  };
  const imagesUsed = async () => {
    const { body } = await as('yearly').get<{
      resources: { resourceType: string; used: number }[];
    }>('/api/subscription/usage');
    return body.resources.find((one) => one.resourceType === 'images')!.used;
  };

  /** What needs no Stripe: served as ever, unless its own database has no room either. */
  const everyday = () =>
    Promise.all([
      timed('chat', as('team').post('/api/chat', { message: 'Hello' })),
      timed('usage', record([crypto.randomUUID(), crypto.randomUUID()])),
      timed('me', as('team').get('/api/auth/me')),
      timed('counts', as('team').get('/api/subscription/usage')),
      timed('subscription', as('team').get('/api/subscription')),
      timed('payments', as('team').get('/api/subscription/payments')),
    ]);

  function assertTold(one: Timed, codes: string[]): void {
    expect(one.tookMs, story(one)).toBeLessThan(WITHIN_MS);
    if (one.answer.status < 500) return;
    expect(one.answer.status, story(one)).toBe(503);
    expect(codes, story(one)).toContain(one.answer.body['code']);
    expect(Number(one.answer.headers.get('retry-after')), story(one)).toBeGreaterThan(0);
  }

  /** The log of a bundled server has no room either: it ends, and cannot come up again. */
  async function fillItsLog(): Promise<void> {
    const cluster = (name: string) =>
      readFileSync(path.join(app.dataDir, 'postgres', name), 'utf8').trim();
    const port = cluster('cluster/postmaster.pid').split('\n')[3];
    const client = new pg.Client(
      `postgres://squaretable:${cluster('password')}@127.0.0.1:${port}/squaretable`,
    );
    client.on('error', () => undefined);
    await client.connect();
    const write = `select pg_logical_emit_message(true, 'x', repeat('y', 1000000))`;
    await expect(
      (async () => {
        for (;;) await client.query(write);
      })(),
    ).rejects.toThrow();
    await vi.waitFor(() => expect(app.output()).toContain('PostgreSQL ended by itself'), 60_000);
  }

  test('10.22 it stops the local Stripe’s writes with a clear answer, the product goes on, and nothing is lost', async () => {
    const before = { used: await imagesUsed(), made: [] as string[] };
    const plan = opened(
      await as('demo').post('/api/subscription/checkout', { priceId: priceOf('pro') }),
    );
    const pack = opened(await as('pro').post('/api/credits/checkout', { packId: 'small' }));
    // Paid while there is room; what tells of it is under way when there is none.
    const late = opened(await as('yearly').post('/api/credits/checkout', { packId: 'small' }));
    await atStripe().post('/_control/chaos', { delayMs: 500 });
    expect((await pay(late)).status).toBe(200);

    app.fill();
    let refusal = await makeCustomer('x'.repeat(200));
    for (; refusal.status === 200; refusal = await makeCustomer('x'.repeat(200))) {
      before.made.push(String(refusal.body['id']));
    }
    expect(refusal).toMatchObject({
      status: 503,
      body: {
        error: {
          code: 'state_not_written',
          message: expect.stringMatching(/cannot write its state to .* \(ENOSPC\): make room/),
        },
      },
    });
    for (const session of [plan, pack]) {
      expect(await pay(session)).toMatchObject({
        status: 503,
        body: { error: { code: 'state_not_written' } },
      });
      expect((await fetch(`${app.stripeUrl}/c/pay/${session}`)).status).toBe(200);
    }
    const atStripeOnly = ['stripe_unavailable', 'outcome_unknown'];
    const away = isApart ? atStripeOnly : [...atStripeOnly, 'database_unavailable'];
    for (let round = 0; round < 2; round += 1) {
      const told = await wishAll();
      for (const one of told) assertTold(one, away);
      const refused = told.filter(({ answer }) => answer.status === 503);
      expect(refused.length, told.map(story).join('\n')).toBeGreaterThan(3);
      for (const one of await everyday()) {
        if (isApart) expect(one.answer.status, story(one)).toBe(200);
        assertTold(one, ['database_unavailable']);
      }
    }
    const readiness = () => caller(app.url).get('/readyz');
    if (isApart) {
      expect(await readiness()).toMatchObject({ status: 200, body: { parts: { database: 'ok' } } });
    } else {
      await fillItsLog();
      expect(await readiness()).toMatchObject({
        status: 503,
        body: { details: { parts: { database: 'failing' } } },
      });
      for (const one of [...(await wishAll()), ...(await everyday())]) assertTold(one, away);
    }
    expect((await caller(app.url).get('/healthz')).status).toBe(200);

    app.makeRoom();
    await vi.waitFor(async () => expect((await readiness()).status).toBe(200), {
      timeout: 120_000,
      interval: 500,
    });
    await atStripe().post('/_control/chaos', { delayMs: 0 });
    expect(await pay(plan)).toMatchObject({ status: 200, body: { paymentStatus: 'paid' } });
    expect(await pay(pack)).toMatchObject({ status: 200, body: { paymentStatus: 'paid' } });
    const isCaughtUp = async () => {
      expect(await planOf('demo')).toMatchObject({ plan: 'pro', status: 'active' });
      for (const name of ['pro', 'yearly']) {
        const { body } = await as(name).get<{ purchases: object[] }>('/api/credits/purchases');
        expect(body.purchases[0], name).toMatchObject({ packId: 'small', state: 'granted' });
      }
    };
    // A bundled server is tried again by those who met it full, each in its own time.
    await vi.waitFor(isCaughtUp, { timeout: 120_000, interval: 250 });
    for (const id of before.made) {
      const kept = await fetch(`${app.stripeUrl}/v1/customers/${id}`, {
        headers: { Authorization: 'Bearer sk_test_squaretable' },
      });
      expect(kept.status).toBe(200);
    }
    for (const one of [...(await wishAll()), ...(await everyday())]) {
      expect(one.answer.status, story(one)).toBeLessThan(500);
    }
    expect(await planOf('pro')).toMatchObject({ plan: 'team', status: 'active' });
    expect(await planOf('canceling')).toMatchObject({ cancelAtPeriodEnd: false });
    expect(await planOf('yearly')).toMatchObject({ cancelAtPeriodEnd: true });
    const { size } = acknowledged;
    expect((await record([...acknowledged])).status).toBe(200);
    expect(await imagesUsed()).toBe(before.used + size);

    expect(await app.stop()).toBe(0);
    if (isApart) expect(app.output()).not.toMatch(/"level":[56]0/);
  });
});
