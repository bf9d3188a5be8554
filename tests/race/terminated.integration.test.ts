import { randomUUID } from 'node:crypto';
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import type { SessionView } from '../../src/domain/api.ts';
import { appProgram } from '../support/app-process.ts';
import { freePort } from '../../src/db/embedded/free-port.ts';
import { caller, type Caller } from '../support/http.ts';
import { imbalances } from '../support/metered-tenant.ts';
import type { TestApp } from '../support/app.ts';
import { makeBucketThere, startSecondServer, type SecondServer } from '../support/second-server.ts';
import { startSlowProxy, type SlowProxy } from '../support/slow-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { Shopper } from './shopper.ts';

/** How often every connection is ended at once; the long form is 200. */
const TERMINATIONS = Number(process.env.TERMINATION_RUNS ?? 6);
const PROCESSES = TERMINATIONS > 50 ? 2 : 1;
/** A bucket on a server of its own, whose connections end as all others do. */
const THERE = 40;
const INGEST_TOKEN = 'an ingest token of the tests, long enough';

vi.setConfig({ testTimeout: 240_000 + TERMINATIONS * 10_000 });

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-terminated-'));
let database: TestDatabase;
let second: SecondServer;
let stripe: LocalStripe;
let proxy: SlowProxy;
const apps: { child: ChildProcess; url: string; output: string[] }[] = [];

beforeAll(async () => {
  database = await createTestDatabase({ max: 2 });
  second = await startSecondServer(database.url);
  await makeBucketThere(database.url, THERE, second.node);
  stripe = await startLocalStripe({ port: 0 });
  // A sync holds its transaction while Stripe takes its time.
  proxy = await startSlowProxy(stripe.url, 150);
  for (let n = 0; n < PROCESSES; n += 1) apps.push(await startApp(n));
});
afterAll(async () => {
  for (const { child } of apps) child.kill('SIGKILL');
  await proxy?.close();
  await stripe?.close();
  await database?.drop();
  await second?.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function startApp(n: number) {
  const port = await freePort();
  const output: string[] = [];
  const child = fork(appProgram(), {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      PORT: String(port),
      DATA_DIR: path.join(folder, String(n)),
      DATABASE_URL: database.url,
      STRIPE_SECRET_KEY: 'sk_test_squaretable',
      STRIPE_API_BASE: proxy.url,
      USAGE_INGEST_TOKEN: INGEST_TOKEN,
      JWT_SECRET: 'a secret that both processes share, long enough',
      // What is refused for its number would not wait for Stripe.
      STRIPE_CALLS_PER_MINUTE: '100000',
      LOG_LEVEL: 'fatal',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.stderr!.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) =>
      reject(new Error(`The app ended with ${code}: ${output.join('')}`)),
    );
  });
  return { child, url: `http://127.0.0.1:${port}`, output };
}

const pause = (milliseconds: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

async function signUp(url: string, email: string): Promise<SessionView> {
  const answer = await caller(url).post<SessionView>('/api/auth/register', {
    email,
    password: 'correct horse',
  });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}

/** Two who are metered in the main database and one on the other server. */
async function signUpAll(): Promise<SessionView[]> {
  const main: SessionView[] = [];
  const there: SessionView[] = [];
  for (let n = 0; main.length < 2 || there.length < 1; n += 1) {
    const session = await signUp(apps[n % PROCESSES]!.url, `person${n}@example.com`);
    const { rows } = await database.pool.query<{ bucket: number }>(
      'select usage_bucket as bucket from tenants where id = $1',
      [session.tenant.id],
    );
    (rows[0]!.bucket === THERE ? there : main).push(session);
  }
  return [...main.slice(0, 2), there[0]!];
}

/** Keys of what was answered as recorded, by tenant. */
const acknowledged = new Map<string, string[]>();

async function record(url: string, tenantId: string, keys: string[]): Promise<number> {
  const { status } = await caller(url, INGEST_TOKEN).post('/api/usage/events', {
    events: keys.map((idempotencyKey) => ({
      ...{ tenantId, resourceType: 'images', amount: 1, enforce: false, idempotencyKey },
    })),
  });
  if (status === 200) {
    acknowledged.set(tenantId, [...(acknowledged.get(tenantId) ?? []), ...keys]);
  }
  return status;
}

/** What one person and one service do to one process; each call answers a status. */
function actsOf(url: string, session: SessionView): (() => Promise<number>)[] {
  const person = caller(url, session.accessToken);
  const service = caller(url, INGEST_TOKEN);
  const event = () => ({
    tenantId: session.tenant.id,
    resourceType: 'images',
    amount: 1,
    idempotencyKey: randomUUID(),
    enforce: false,
  });
  const of = (answer: ReturnType<Caller['get']>) => answer.then(({ status }) => status);
  return [
    () => of(person.post('/api/chat', { message: 'Hello' })),
    () => of(person.post('/api/subscription/sync')),
    () => of(person.post('/api/subscription/sync')),
    () => of(person.get('/api/subscription')),
    () => of(person.get('/api/subscription/usage')),
    () => of(person.get('/api/subscription/usage/export.csv')),
    () => record(url, session.tenant.id, [randomUUID(), randomUUID(), randomUUID()]),
    () =>
      of(
        service.post('/api/usage/reservations', { ...event(), enforce: undefined, ttlSeconds: 5 }),
      ),
    async () => {
      const signal = AbortSignal.timeout(400);
      const headers = { Authorization: `Bearer ${session.accessToken}` };
      const stream = await fetch(`${url}/api/subscription/usage/stream`, { headers, signal });
      await stream.text().catch(() => undefined);
      return stream.status;
    },
  ];
}

test(`10.18 every connection ended ${TERMINATIONS} times under mixed load ends no process`, async () => {
  const sessions = await signUpAll();
  await database.pool.query(`update tenants set plan = 'team', stripe_customer_id = null`);
  // A customer at Stripe gives the syncs something to ask while they hold their transaction.
  for (const { tenant } of sessions) {
    const customer = await fetch(`${stripe.url}/v1/customers`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk_test_squaretable' },
      body: new URLSearchParams({ name: tenant.name, 'metadata[tenantId]': tenant.id }),
    });
    const { id } = (await customer.json()) as { id: string };
    await database.pool.query('update tenants set stripe_customer_id = $2 where id = $1', [
      tenant.id,
      id,
    ]);
  }
  const product = (n: number) =>
    ({ url: apps[n % PROCESSES]!.url, stripeUrl: stripe.url, database }) as TestApp;
  const shoppers = await Promise.all([0, 1, 2].map((n) => Shopper.arrive(product(n))));
  const seen = new Map<number, number>();
  let loading = true;
  const repeat = async (acts: (() => Promise<number>)[]) => {
    for (let n = 0; loading; n += 1) {
      const status = await acts[n % acts.length]!().catch(() => 0);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      await pause(5);
    }
  };
  const loads = [
    ...apps.flatMap(({ url }) =>
      sessions.flatMap((session) => actsOf(url, session).map((act) => repeat([act]))),
    ),
    ...shoppers.map((one) => repeat(one.acts())),
  ];
  const answered = () => seen.get(200) ?? 0;
  const paid = () => shoppers.reduce((sum, one) => sum + one.paid, 0);
  const servers = [database.pool, database.buckets.pool(second.node)];
  let ended = 0;
  for (let n = 0; n < TERMINATIONS; n += 1) {
    // Under load, however slow the machine is: something was answered since the last time,
    // and now and then bought.
    const before = { answered: answered(), paid: paid() };
    while (answered() === before.answered) await pause(20);
    while (n % 10 === 4 && paid() === before.paid) await pause(20);
    await pause(50 + Math.random() * 600);
    for (const server of servers) ended += await endConnections(server);
  }
  loading = false;
  await Promise.all(loads);

  expect(
    apps.map(({ child, output }) => [child.exitCode, child.signalCode, output.join('')]),
  ).toEqual(apps.map(() => [null, null, '']));
  expect(ended).toBeGreaterThan(TERMINATIONS);
  expect(seen.get(500) ?? 0).toBe(0);
  expect(answered()).toBeGreaterThanOrEqual(TERMINATIONS);
  expect(paid()).toBeGreaterThanOrEqual(Math.floor((TERMINATIONS + 5) / 10));
  await assertServed(sessions);
  await deliverAll();
  for (const shopper of shoppers) await shopper.assertServed();
  await assertRecorded(sessions);
  expect(await imbalances(database.buckets)).toEqual([]);
});

async function endConnections(server: Pool): Promise<number> {
  const { rows } = await server.query<{ ended: number }>(
    `select count(pg_terminate_backend(pid))::int as ended
     from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );
  return rows[0]!.ended;
}

/** Stripe tries again what was not taken, an hour later at the latest; here at once. All of it is worked on. */
async function deliverAll(): Promise<void> {
  const deliveries = [...stripe.kernel.store.oldestFirst('_delivery')];
  const events = new Set(deliveries.map(({ event }) => event));
  const { rows } = await database.pool.query<{ id: string }>('select id from stripe_events');
  const taken = new Set(rows.map(({ id }) => id));
  for (const { id, event } of deliveries) {
    if (!taken.has(event)) stripe.dispatcher.resend(id);
  }
  const isAllDone = async () => {
    const open = await database.pool.query(
      `select id, type, state, attempts, last_error from stripe_events
       where id = any($1) and state in ('received', 'dead')`,
      [[...events]],
    );
    expect(open.rows).toEqual([]);
    const { rows: all } = await database.pool.query<{ id: string }>('select id from stripe_events');
    const known = new Set(all.map(({ id }) => id));
    expect([...events].filter((id) => !known.has(id))).toEqual([]);
  };
  await vi.waitFor(isAllDone, { timeout: 180_000, interval: 500 });
}

/** What was answered as recorded is: nothing of it counts when it is sent again. */
async function assertRecorded(sessions: SessionView[]): Promise<void> {
  const { url } = apps[0]!;
  for (const { tenant, accessToken } of sessions) {
    const used = async () => {
      const answer = await caller(url, accessToken).get<{
        resources: { resourceType: string; used: number }[];
      }>('/api/subscription/usage');
      return answer.body.resources.find((one) => one.resourceType === 'images')!.used;
    };
    const before = await used();
    const keys = acknowledged.get(tenant.id) ?? [];
    expect(keys.length).toBeGreaterThan(0);
    expect(before).toBeGreaterThanOrEqual(keys.length);
    for (let at = 0; at < keys.length; at += 100) {
      expect(await record(url, tenant.id, keys.slice(at, at + 100))).toBe(200);
    }
    expect(await used()).toBe(before);
  }
}

/** More calls at once than a pool has connections: one that was lost to it would show. */
async function assertServed(sessions: SessionView[]): Promise<void> {
  for (const { url } of apps) {
    const person = caller(url, sessions[0]!.accessToken);
    const servesAll = async () => {
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => person.get('/api/subscription/usage')),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect((await person.post('/api/subscription/sync')).status).toBe(200);
    };
    // The last end is noticed when the process comes to it; what is lost never comes back.
    await vi.waitFor(servesAll, { timeout: 30_000, interval: 250 });
  }
}
