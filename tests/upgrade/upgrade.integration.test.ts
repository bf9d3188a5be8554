import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { systemClock } from '../../src/server/clock.ts';
import type { UsageStats } from '../../src/domain/api.ts';
import { createLog } from '../../src/server/log.ts';
import { LedgerVerificationService } from '../../src/server/services/usage/ledger/ledger-verification.service.ts';
import { FIRST_PLANS } from '../support/first-plans.ts';
import type { TestApp } from '../support/app.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { CITUS_URL, makeEarlierBuckets } from '../support/citus.ts';
import { AppProcess } from '../support/app-process.ts';
import { GOOD_CARD, signUp } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { imbalances } from '../support/metered-tenant.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { Load, signUpAt } from './load.ts';
import { layOutVersionBefore, type VersionBefore } from './version-before.ts';

/** Each stretch of the story waits for so many times 40 recorded events; the long form is 20. */
const RUNS = Number(process.env.UPGRADE_RUNS ?? 1);
/** A version that knows so many migrations may have had buckets on workers; before, all lay on the coordinator. */
const FIRST_ON_A_CLUSTER = 41;
const INGEST_TOKEN = 'an ingest token of the tests, long enough';

vi.setConfig({ testTimeout: 150_000 + RUNS * 30_000 });

const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-upgrade-'));
let before: VersionBefore;
let database: TestDatabase;
let stripe: LocalStripe;
const processes: AppProcess[] = [];
beforeAll(async () => {
  before = layOutVersionBefore();
  database = await createTestDatabase({ migrated: false });
  await migrateDatabase(database.url, { upTo: before.migrations });
  if (CITUS_URL !== undefined && before.migrations >= FIRST_ON_A_CLUSTER) {
    const count = Number(process.env.BUCKETS ?? 1);
    await makeEarlierBuckets(database.url, count, before.migrations);
  }
  stripe = await startLocalStripe({ port: 0 });
});
afterAll(async () => {
  for (const one of processes) await one.kill();
  await stripe?.close();
  await database?.drop();
  before?.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(main?: string): Promise<AppProcess> {
  const one = await AppProcess.start(
    {
      DATA_DIR: path.join(dataDir, String(processes.length)),
      DATABASE_URL: database.url,
      STRIPE_SECRET_KEY: 'sk_test_squaretable',
      STRIPE_API_BASE: stripe.url,
      USAGE_INGEST_TOKEN: INGEST_TOKEN,
      JWT_SECRET: 'a secret that both versions share, long enough',
      LOG_LEVEL: 'fatal',
    },
    main,
  );
  processes.push(one);
  return one;
}

/** `npm run db:migrate`, as an operator runs it beside processes that serve. */
function migrate(): Promise<void> {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
  const child = spawn(process.execPath, ['scripts/migrate.ts'], {
    env: { PATH, NODE_COMPILE_CACHE, DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(output))));
  });
}

/** Until this much more was recorded under the load. */
async function worksOn(load: Load): Promise<void> {
  const from = load.recorded.size;
  await vi.waitFor(() => expect(load.recorded.size).toBeGreaterThan(from + 40 * RUNS), {
    timeout: 90_000 + RUNS * 10_000,
    interval: 50,
  });
}

const putOnPlan = (tenantIds: string[], plan: string) =>
  database.pool.query('update tenants set plan = $2 where id = any($1)', [tenantIds, plan]);

const service = (one: AppProcess) => caller(one.url, INGEST_TOKEN);

async function crossLimit(one: AppProcess, tenantId: string): Promise<void> {
  const event = { tenantId, resourceType: 'images', amount: 8, idempotencyKey: `near ${tenantId}` };
  const { body } = await service(one).post('/api/usage/events', { events: [event] });
  expect(body).toMatchObject({ results: [{ status: 'recorded' }] });
}

/** What people have before: somebody who pays, somebody at the till, somebody with work under way. */
async function fill(old: AppProcess) {
  const app = { url: old.url, stripeUrl: stripe.url, database } as TestApp;
  const [paying, buying] = [await signUp(app), await signUp(app)];
  await paying.subscribe('pro', 'month');
  const checkout = await buying.checkout('team', 'month');
  const tenantIds = await Promise.all(Array.from({ length: 6 }, () => signUpAt(old.url)));
  await putOnPlan(tenantIds.slice(0, 4), 'team');
  const hold = {
    ...{ tenantId: paying.tenantId, resourceType: 'llm_tokens', amount: 500 },
    ...{ ttlSeconds: 3_600, idempotencyKey: 'held before' },
  };
  const held = await service(old).post<{ reservationId: string }>('/api/usage/reservations', hold);
  expect(held.status).toBe(201);
  return { paying, buying, checkout, tenantIds, hold, reservationId: held.body.reservationId };
}

test('11 a filled database is upgraded while the version before serves: nothing is lost or refused', async () => {
  const old = await start(before.main);
  const filled = await fill(old);
  const { paying, buying, tenantIds } = filled;
  const crossing = await Promise.all(Array.from({ length: 3 }, () => signUpAt(old.url)));
  await crossLimit(old, crossing[0]!);
  const options = { ingestToken: INGEST_TOKEN, tenantIds, session: paying.session };
  const load = new Load({ ...options, url: old.url });
  await worksOn(load);

  const [, change] = await Promise.all([migrate(), paying.change('team', 'month')]);
  expect(change.status).toBe(200);
  await worksOn(load);
  await crossLimit(old, crossing[1]!);

  const now = await start();
  const loadNow = new Load({ ...options, url: now.url });
  await Promise.all([worksOn(load), worksOn(loadNow)]);
  await Promise.all([load.rest(), loadNow.rest()]);
  await old.kill();
  await crossLimit(now, crossing[2]!);

  expect([...load.failures, ...loadNow.failures]).toEqual([]);
  await assertRecorded(new Map([...load.recorded, ...loadNow.recorded]));
  await assertVerified();
  await assertSameAnswers(now, filled, load);
  await assertMails(now, crossing);

  await buying.pay(filled.checkout, GOOD_CARD);
  const buyer = caller(now.url, buying.session.accessToken);
  expect((await buyer.post('/api/subscription/sync')).body).toMatchObject({
    subscription: { plan: 'team' },
  });
  // A bucket on a worker is told a moment after the change.
  await expect
    .poll(
      async () => {
        const { body } = await buyer.get<UsageStats>('/api/subscription/usage');
        return body.resources.find((one) => one.resourceType === 'messages')?.limit;
      },
      { timeout: 10_000 },
    )
    .toBe(FIRST_PLANS.team.limits.messages);
  await assertVerified();
});

/** Every answered event is in the ledger once, with its units. */
async function assertRecorded(recorded: Load['recorded']): Promise<void> {
  const rows = await inEveryBucket<{ key: string; amount: number; times: number }>(
    database.pool,
    `select idempotency_key as key, sum(amount)::int as amount, count(*)::int as times
     from u00.usage where idempotency_key is not null group by 1`,
  );
  const ledger = new Map(rows.map((row) => [row.key, row]));
  const wrong = [...recorded].filter(([key, { amount }]) => ledger.get(key)?.amount !== amount);
  expect(wrong).toEqual([]);
  expect(rows.filter(({ times }) => times !== 1)).toEqual([]);
  expect(recorded.size).toBeGreaterThan(160 * RUNS);
}

async function assertVerified(): Promise<void> {
  expect(await imbalances(database.pool)).toEqual([]);
  const log = createLog('silent', false);
  const verification = new LedgerVerificationService({ database, clock: systemClock, log });
  expect(await verification.verify({ report: false })).toMatchObject({
    ...{ differences: [], credits: [], rated: [], members: [], limits: [], copies: [], away: [] },
  });
}

/** What was asked before is answered by the new version as the first time; what was begun, ended. */
async function assertSameAnswers(
  now: AppProcess,
  { hold, reservationId }: Awaited<ReturnType<typeof fill>>,
  load: Load,
): Promise<void> {
  const again = await service(now).post('/api/usage/reservations', hold);
  expect(again.body).toMatchObject({ reservationId });
  const settle = (id: string, amount: number) =>
    service(now).post(`/api/usage/reservations/${id}/settle`, { amount });
  expect((await settle(reservationId, 123)).status).toBe(200);
  for (const [id, amount] of [...load.settled].slice(0, 20)) {
    expect((await settle(id, amount)).status).toBe(200);
  }
  expect((await settle([...load.settled.keys()][0]!, 2)).status).toBe(409);
  const before = [...load.recorded.values()].slice(0, 50);
  const statusesOf = async (events: object[]) => {
    const path = '/api/usage/events';
    const { body } = await service(now).post<{ results: { status: string }[] }>(path, { events });
    return new Set(body.results.map(({ status }) => status));
  };
  expect(await statusesOf(before)).toEqual(new Set(['duplicate']));
  const altered = before.map((event) => ({ ...event, amount: event.amount + 1 }));
  expect(await statusesOf(altered)).toEqual(new Set(['invalid']));
}

/** One mail a crossing, whichever version saw it. */
async function assertMails(now: AppProcess, crossing: string[]): Promise<void> {
  await now.runTasks();
  const { rows } = await database.pool.query<{ tenantId: string }>(
    `select tenant_id as "tenantId" from mail_outbox
     where kind = 'usage_threshold' and tenant_id = any($1)`,
    [crossing],
  );
  expect(rows.map(({ tenantId }) => tenantId).toSorted()).toEqual(crossing.toSorted());
}
