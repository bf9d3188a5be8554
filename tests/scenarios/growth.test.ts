import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SessionView } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { bought } from '../support/packs.ts';

/** How often everything is used in the quiet third; in the busy one ten times as often. */
const USES = Number(process.env.GROWTH_RUNS ?? 1);
const BUSY = 10;

vi.setConfig({ testTimeout: 120_000 + USES * 30_000 });

/** What grows with use, and what that is for. */
const MAY_GROW = [
  // Who did what, kept for as long as the documentation of retention says.
  'audit_log',
  // What is sold and drawn is kept as the invoices are.
  'credit_draws',
  'credit_grants',
  'credit_purchases',
  // Mails that tell of money.
  'mail_outbox',
  'payments',
  // For 400 days.
  'stripe_events',
  // The books, which are kept; old months are archived.
  'usage',
  // A key answers for ever.
  'usage_idempotency',
];

let app: TestApp;
let customer: Customer;
let apiKey: string;
beforeAll(async () => {
  app = await startTestApp();
  customer = await signUp(app);
  await customer.subscribe('team', 'month');
  const made = await customer.api.post<{ secret?: string; key?: string }>('/api/api-keys', {
    name: 'Soak',
  });
  expect(made.status, JSON.stringify(made.body)).toBeLessThan(300);
  apiKey = made.body.secret ?? made.body.key ?? '';
});
afterAll(() => app?.stop());

const credentials = () => ({
  email: customer.session.user.email,
  password: 'correct horse battery',
});

/** Everything that people and services do every day, once. */
async function useAll(): Promise<void> {
  // The hour of the limits, which go by the machine's clock, is over.
  await app.database.pool.query('delete from rate_limits');
  const login = await fetch(`${app.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(credentials()),
  });
  const session = (await login.json()) as SessionView;
  const cookie = login.headers.getSetCookie()[0]!.split(';')[0]!;
  await fetch(`${app.url}/api/auth/refresh`, { method: 'POST', headers: { cookie } });
  await caller(app.url).post('/api/auth/login', { ...credentials(), password: 'wrong' });
  const person = caller(app.url, session.accessToken);
  const service = caller(app.url, app.usageIngestToken);
  const unit = { tenantId: customer.tenantId, resourceType: 'images', amount: 1 };
  const hold = async () => {
    const request = { ...unit, ttlSeconds: 60, idempotencyKey: randomUUID() };
    const held = await service.post<{ reservationId: string }>('/api/usage/reservations', request);
    expect(held.status).toBe(201);
    return `/api/usage/reservations/${held.body.reservationId}`;
  };
  await makeAndTakeAway();
  await service.post(`${await hold()}/settle`, { amount: 1 });
  await service.delete(await hold());
  // Nobody comes to settle this one.
  await hold();
  const answers = await Promise.all([
    service.post('/api/usage/events', { events: [{ ...unit, idempotencyKey: randomUUID() }] }),
    person.post('/api/chat', { message: 'Hello' }),
    person.post('/api/images', { prompt: 'a tower' }),
    caller(app.url, apiKey).post('/api/images', { prompt: 'a tower' }),
    person.get('/api/subscription'),
    person.get('/api/subscription/usage/export.csv'),
    person.post('/api/subscription/sync'),
    person.post('/api/subscription/preview', {
      priceId: await customer.priceOf('pro', 'month'),
    }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
}

/** What somebody makes and takes away again, and a pack that is bought and used. */
async function makeAndTakeAway(): Promise<void> {
  const { api } = customer;
  const made = async (path: string, body: object) => {
    const answer = await api.post<{ id: string }>(path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body.id;
  };
  const conversationId = await made('/api/conversations', { title: 'A tower' });
  expect((await api.post('/api/chat', { message: 'Hello', conversationId })).status).toBe(200);
  const character = { name: 'Ada', description: 'd', greeting: 'g', shared: true };
  const characterId = await made('/api/characters', character);
  const email = `${randomUUID()}@example.com`;
  const invitationId = await made('/api/invitations', { email, role: 'member' });
  for (const path of [
    `/api/conversations/${conversationId}`,
    `/api/characters/${characterId}`,
    `/api/invitations/${invitationId}`,
  ]) {
    expect((await api.delete(path)).status, path).toBeLessThan(300);
  }
  await caller(app.url).post('/api/auth/password/forgot', { email: customer.session.user.email });
  await bought(customer, 'small');
}

/** Rows of every table; a partition counts with its table. */
async function rowsOfTables(): Promise<Map<string, number>> {
  const { pool } = app.database;
  const tables = await pool.query<{ name: string; table: string }>(
    `select relname as name, oid::regclass::text as table from pg_class
     where relnamespace in ('public'::regnamespace, 'u00'::regnamespace) and relkind in ('r', 'p')
       and not relispartition`,
  );
  const rows = new Map<string, number>();
  for (const { name, table } of tables.rows) {
    const found = await pool.query<{ n: number }>(`select count(*)::int as n from ${table}`);
    rows.set(name, found.rows[0]!.n);
  }
  return rows;
}

/** A month with use, and more than two of quiet in which what is forgotten is forgotten. */
async function threeMonths(uses: number): Promise<Map<string, number>> {
  const { context, catchUp } = app.server;
  const pass = async (days: number) => {
    await context.moveClock!(new Date(context.clock.now().getTime() + days * 86_400_000));
    await app.localStripe!.settled();
    await context.services.stripeEvents.drain();
    // Sessions and links in mails live by the machine's clock: for them the days pass so.
    for (const table of ['refresh_tokens', 'mailed_links']) {
      await app.database.pool.query(
        `update ${table} set expires_at = expires_at - make_interval(days => $1)`,
        [days],
      );
    }
    await catchUp();
  };
  for (let n = 0; n < uses; n += 1) await useAll();
  for (const days of [31, 30, 30, 10]) await pass(days);
  return rowsOfTables();
}

test('10.23 no table but the ledger and its keys grows with use', async () => {
  // What is made once is made before.
  const before = await threeMonths(1);
  const quiet = await threeMonths(USES);
  const busy = await threeMonths(USES * BUSY);
  const grown = (from: Map<string, number>, to: Map<string, number>) =>
    [...to].map(([name, rows]) => [name, rows - (from.get(name) ?? 0)] as const);
  const inQuiet = new Map(grown(before, quiet));
  // Time leaves its rows (a month, a day, an invoice), as many in each third.
  const more = grown(quiet, busy).filter(([name, rows]) => rows > inQuiet.get(name)! + 3);
  expect(more.map(([name]) => name).toSorted()).toEqual(MAY_GROW);
  expect(busy.get('usage_reservations')).toBe(0);
  expect(busy.get('refresh_tokens')).toBe(0);
  // Jobs go by the machine’s clock, a day after their end, and a week those of the queue itself.
  const { rows } = await app.database.pool.query(
    'select name, deletion_seconds as seconds from pgboss.queue where deletion_seconds > 7 * 86400',
  );
  expect(rows).toEqual([]);
});
