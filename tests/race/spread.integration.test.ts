import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as inTime } from 'node:timers/promises';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createLog } from '../../src/server/log.ts';
import { systemClock } from '../../src/server/clock.ts';
import { LedgerVerificationService } from '../../src/server/services/usage/ledger/ledger-verification.service.ts';
import type { TestApp } from '../support/app.ts';
import { AppProcess } from '../support/app-process.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { signUp } from '../support/customer.ts';
import { imbalances } from '../support/metered-tenant.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { Load } from '../upgrade/load.ts';

/** How often the spread is killed; the long form is 20. */
const KILLS = Number(process.env.SPREAD_RUNS ?? 1);
const BUCKETS = 4;
const TENANTS = 40 + KILLS * 60;
const INGEST_TOKEN = 'an ingest token of the tests, long enough';

vi.setConfig({ testTimeout: 180_000 + KILLS * 60_000 });

const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-spread-'));
let database: TestDatabase;
let stripe: LocalStripe;
const processes: AppProcess[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  stripe = await startLocalStripe({ port: 0 });
});
afterAll(async () => {
  for (const one of processes) await one.kill();
  await stripe?.close();
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<AppProcess> {
  const one = await AppProcess.start({
    DATA_DIR: path.join(dataDir, String(processes.length)),
    DATABASE_URL: database.url,
    STRIPE_SECRET_KEY: 'sk_test_squaretable',
    STRIPE_API_BASE: stripe.url,
    USAGE_INGEST_TOKEN: INGEST_TOKEN,
    JWT_SECRET: 'a secret that both processes share, long enough',
    LOG_LEVEL: 'fatal',
  });
  processes.push(one);
  return one;
}

/** `npm run usage:spread`; resolves with its exit code and output, `null` when it was killed. */
function spread() {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
  const child = spawn(process.execPath, ['scripts/usage-spread.ts', '--buckets', String(BUCKETS)], {
    env: { PATH, NODE_COMPILE_CACHE, DATABASE_URL: database.url, LOCAL_STRIPE_PORT: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('exit', (code) => resolve({ code, output }));
  });
  return { child, ended };
}

async function countMoved(): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(
    'select count(*)::int as n from tenants where usage_bucket <> 0',
  );
  return rows[0]!.n;
}

test('11.2 tenants are spread under load from two processes, killed in the middle: nothing is lost or refused', async () => {
  const apps = [await start(), await start()];
  const person = await signUp({ url: apps[0]!.url, stripeUrl: stripe.url, database } as TestApp);
  const { rows } = await database.pool.query<{ id: string }>(
    `insert into tenants (name, plan) select 'Spread ' || n, 'team' from generate_series(1, $1) n
     returning id`,
    [TENANTS],
  );
  const options = {
    ingestToken: INGEST_TOKEN,
    tenantIds: rows.map(({ id }) => id),
    session: person.session,
  };
  const loads = apps.map(({ url }) => new Load({ ...options, url }));
  await recordedMore(loads);

  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = await countMoved();
    const { child, ended } = spread();
    let over = false;
    void ended.then(() => (over = true));
    // In the middle of its work, at no instant that anybody chose.
    while (!over && (await countMoved()) < before + 5) await inTime(20);
    child.kill('SIGKILL');
    expect(await ended, 'it was over before it was killed').toMatchObject({ code: null });
  }
  const { code, output } = await spread().ended;
  expect(output).toContain('u03: ');
  expect(output).toMatch(/moved \d+ of \d+ tenants/);
  expect(code).toBe(0);
  await recordedMore(loads);
  await Promise.all(loads.map((load) => load.rest()));

  expect(loads.flatMap((load) => load.failures)).toEqual([]);
  await assertRecorded(new Map(loads.flatMap((load) => [...load.recorded])));
  await assertPlaced();
  expect(await imbalances(database.pool)).toEqual([]);
  const deps = { database, clock: systemClock, log: createLog('silent', false) };
  expect((await new LedgerVerificationService(deps).verify()).differences).toEqual([]);
});

async function recordedMore(loads: Load[]): Promise<void> {
  for (const load of loads) {
    const from = load.recorded.size;
    await vi.waitFor(() => expect(load.recorded.size).toBeGreaterThan(from + 40), {
      timeout: 60_000,
      interval: 50,
    });
  }
}

/** Every answered event is in the ledger of one bucket, once. */
async function assertRecorded(recorded: Load['recorded']): Promise<void> {
  const ledger = await inEveryBucket<{ key: string; amount: number }>(
    database.pool,
    'select idempotency_key as key, amount::int from u00.usage where idempotency_key is not null',
  );
  const amounts = new Map(ledger.map(({ key, amount }) => [key, amount]));
  expect(amounts.size).toBe(ledger.length);
  expect([...recorded].filter(([key, { amount }]) => amounts.get(key) !== amount)).toEqual([]);
}

/** Each tenant is in the bucket that its row says, and in no other; none of these has much more. */
async function assertPlaced(): Promise<void> {
  const copies = await inEveryBucket<{ id: string; bucket: number }>(
    database.pool,
    `select tenant_id as id, substr('u00.', 2, 2)::int as bucket from u00.usage_tenants`,
  );
  const { rows } = await database.pool.query<{ id: string; bucket: number }>(
    'select id, usage_bucket as bucket from tenants',
  );
  const sorted = (all: { id: string; bucket: number }[]) =>
    all.map(({ id, bucket }) => `${id} ${bucket}`).toSorted();
  expect(sorted(copies)).toEqual(sorted(rows));
  const counts = [0, 1, 2, 3].map((bucket) => rows.filter((row) => row.bucket === bucket).length);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(TENANTS / BUCKETS);
}
